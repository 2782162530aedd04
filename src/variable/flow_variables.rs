//! One row per predefined flow variable that has a single name; the parts of the four
//! messages (`request.header.NAME` and the like) follow a grammar in `name.rs`.
//!
//! Source: Apigee docs, "Flow variables reference". `loadbalancing.*` and what of
//! `client.*` speaks of its certificate have their rows here and no value yet.

/// What a variable's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    String,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    Boolean,
    Array,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    ReadOnly,
    ReadWrite,
}

/// From where on the variable has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    ProxyRequest,
    TargetRequest,
    TargetResponse,
    Error,
    PostClient,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowVariable {
    pub id: VarId,
    pub name: &'static str,
    pub value_type: Type,
    pub access: Access,
    pub scope: Scope,
    /// For `docs/variables.md`: one line of Markdown.
    pub meaning: &'static str,
}

macro_rules! flow_variables {
    ($($id:ident: $name:literal, $type:ident, $access:ident, $scope:ident, $meaning:literal;)*) => {
        /// A predefined variable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum VarId {
            $($id,)*
        }

        /// All rows, ordered by name.
        pub static FLOW_VARIABLES: &[FlowVariable] = &[
            $(FlowVariable {
                id: VarId::$id,
                name: $name,
                value_type: Type::$type,
                access: Access::$access,
                scope: Scope::$scope,
                meaning: $meaning,
            },)*
        ];

        impl VarId {
            pub fn row(self) -> &'static FlowVariable {
                match self {
                    $(VarId::$id => {
                        static ROW: FlowVariable = FlowVariable {
                            id: VarId::$id,
                            name: $name,
                            value_type: Type::$type,
                            access: Access::$access,
                            scope: Scope::$scope,
                            meaning: $meaning,
                        };
                        &ROW
                    })*
                }
            }
        }
    };
}

flow_variables! {
    ApiproxyBasepath: "apiproxy.basepath", String, ReadOnly, ProxyRequest,
        "the base path that the deployment adds; `/`";
    ApiproxyName: "apiproxy.name", String, ReadOnly, ProxyRequest, "the proxy";
    ApiproxyRevision: "apiproxy.revision", String, ReadOnly, ProxyRequest, "its revision";
    ClientCn: "client.cn", String, ReadOnly, ProxyRequest, "no value yet";
    ClientCountry: "client.country", String, ReadOnly, ProxyRequest, "no value yet";
    ClientEmailAddress: "client.email.address", String, ReadOnly, ProxyRequest, "no value yet";
    ClientHost: "client.host", String, ReadOnly, ProxyRequest, "as `client.ip`";
    ClientIp: "client.ip", String, ReadOnly, ProxyRequest, "the address of the connection";
    ClientLocality: "client.locality", String, ReadOnly, ProxyRequest, "no value yet";
    ClientOrganization: "client.organization", String, ReadOnly, ProxyRequest, "no value yet";
    ClientOrganizationUnit: "client.organization.unit", String, ReadOnly, ProxyRequest,
        "no value yet";
    ClientPort: "client.port", Integer, ReadOnly, ProxyRequest, "the port of the connection";
    ClientReceivedEndTime: "client.received.end.time", String, ReadOnly, ProxyRequest,
        "when its body was there, once somebody read it";
    ClientReceivedEndTimestamp: "client.received.end.timestamp", Long, ReadOnly, ProxyRequest,
        "the same in milliseconds";
    ClientReceivedStartTime: "client.received.start.time", String, ReadOnly, ProxyRequest,
        "when the request's head was there";
    ClientReceivedStartTimestamp: "client.received.start.timestamp", Long, ReadOnly, ProxyRequest,
        "the same in milliseconds";
    ClientResolvedIp: "client.resolved.ip", String, ReadOnly, ProxyRequest,
        "the last address in `X-Forwarded-For` that is not a private one, else `client.ip`";
    ClientScheme: "client.scheme", String, ReadOnly, ProxyRequest, "`http`";
    ClientSentEndTime: "client.sent.end.time", String, ReadOnly, PostClient,
        "when it was out; before that empty";
    ClientSentEndTimestamp: "client.sent.end.timestamp", Long, ReadOnly, PostClient,
        "the same in milliseconds; before that -1";
    ClientSentStartTime: "client.sent.start.time", String, ReadOnly, PostClient,
        "when the answer was begun; before that empty";
    ClientSentStartTimestamp: "client.sent.start.timestamp", Long, ReadOnly, PostClient,
        "the same in milliseconds; before that -1";
    ClientSslEnabled: "client.ssl.enabled", String, ReadOnly, ProxyRequest, "`false`";
    ClientState: "client.state", String, ReadOnly, ProxyRequest, "no value yet";
    CurrentFlowDescription: "current.flow.description", String, ReadOnly, ProxyRequest,
        "of the Flow that runs";
    CurrentFlowName: "current.flow.name", String, ReadOnly, ProxyRequest,
        "`PreFlow`, `PostFlow`, `PostClientFlow` or the name of the Flow or FaultRule that runs";
    EnvironmentName: "environment.name", String, ReadOnly, ProxyRequest, "the environment";
    FaultCategory: "fault.category", String, ReadOnly, Error,
        "`Step`, `Messaging`, `Transport` or `System`";
    FaultName: "fault.name", String, ReadOnly, Error, "the last part of the errorcode";
    FaultReason: "fault.reason", String, ReadOnly, Error, "the faultstring";
    FaultSubcategory: "fault.subcategory", String, ReadOnly, Error, "such as `Connectivity`";
    FaultType: "fault.type", String, ReadOnly, Error, "as `fault.category`";
    IsError: "is.error", Boolean, ReadOnly, ProxyRequest, "whether the error flow runs";
    LoadbalancingFailedservers: "loadbalancing.failedservers", Array, ReadOnly, TargetResponse,
        "no value yet";
    LoadbalancingIsfallback: "loadbalancing.isfallback", Boolean, ReadOnly, TargetResponse,
        "no value yet";
    LoadbalancingTargetserver: "loadbalancing.targetserver", String, ReadOnly, TargetResponse,
        "no value yet";
    MessageId: "messageid", String, ReadOnly, ProxyRequest, "an id of the request";
    OrganizationName: "organization.name", String, ReadOnly, ProxyRequest, "the organization";
    ProxyBasepath: "proxy.basepath", String, ReadOnly, ProxyRequest,
        "of the ProxyEndpoint, as written: a wildcard stays";
    ProxyClientIp: "proxy.client.ip", String, ReadOnly, ProxyRequest, "as `client.resolved.ip`";
    ProxyFlowDescription: "proxy.flow.description", String, ReadOnly, ProxyRequest,
        "of the Flow that ran last in the ProxyEndpoint";
    ProxyFlowName: "proxy.flow.name", String, ReadOnly, ProxyRequest,
        "the Flow that ran last in the ProxyEndpoint";
    ProxyName: "proxy.name", String, ReadOnly, ProxyRequest, "the ProxyEndpoint";
    ProxyPathsuffix: "proxy.pathsuffix", String, ReadOnly, ProxyRequest,
        "the path behind the base path, empty or with its slash";
    ProxyUrl: "proxy.url", String, ReadOnly, ProxyRequest,
        "the address that was asked, with path and query";
    RequestGrpcRpcName: "request.grpc.rpc.name", String, ReadOnly, ProxyRequest, "no value yet";
    RequestGrpcServiceName: "request.grpc.service.name", String, ReadOnly, ProxyRequest,
        "no value yet";
    RouteName: "route.name", String, ReadOnly, TargetRequest, "the RouteRule";
    RouteTarget: "route.target", String, ReadOnly, TargetRequest,
        "its TargetEndpoint; null for a null route and a URL";
    SystemPodName: "system.pod.name", String, ReadOnly, ProxyRequest, "no value yet";
    SystemRegionName: "system.region.name", String, ReadOnly, ProxyRequest, "no value yet";
    SystemTime: "system.time", String, ReadOnly, ProxyRequest,
        "now, such as `Wed, 21 Aug 2013 19:16:47 UTC`";
    SystemTimeDay: "system.time.day", Integer, ReadOnly, ProxyRequest, "of now";
    SystemTimeDayofweek: "system.time.dayofweek", Integer, ReadOnly, ProxyRequest, "Sunday is 1";
    SystemTimeHour: "system.time.hour", Integer, ReadOnly, ProxyRequest, "of now";
    SystemTimeMillisecond: "system.time.millisecond", Integer, ReadOnly, ProxyRequest, "of now";
    SystemTimeMinute: "system.time.minute", Integer, ReadOnly, ProxyRequest, "of now";
    SystemTimeMonth: "system.time.month", Integer, ReadOnly, ProxyRequest, "of now";
    SystemTimeSecond: "system.time.second", Integer, ReadOnly, ProxyRequest, "of now";
    SystemTimeYear: "system.time.year", Integer, ReadOnly, ProxyRequest, "of now";
    SystemTimeZone: "system.time.zone", String, ReadOnly, ProxyRequest, "`UTC`";
    SystemTimestamp: "system.timestamp", Long, ReadOnly, ProxyRequest, "now, in milliseconds";
    SystemUuid: "system.uuid", String, ReadOnly, ProxyRequest, "a new UUID each time";
    TargetBasepath: "target.basepath", String, ReadOnly, TargetRequest,
        "the path of the configured URL; null where it has none or is a template";
    TargetCn: "target.cn", String, ReadOnly, TargetResponse, "of the target\'s certificate";
    TargetCopyPathsuffix: "target.copy.pathsuffix", Boolean, ReadWrite, TargetRequest,
        "whether the path behind the base path is appended; `true`";
    TargetCopyQueryparams: "target.copy.queryparams", Boolean, ReadWrite, TargetRequest,
        "whether the query is appended; `true`";
    TargetCountry: "target.country", String, ReadOnly, TargetResponse, "of the target\'s certificate";
    TargetEmailAddress: "target.email.address", String, ReadOnly, TargetResponse, "of the target\'s certificate";
    TargetEvaluatedUrl: "target.evaluated.url", String, ReadWrite, TargetRequest,
        "as `target.url`, which goes before it";
    TargetExpectedcn: "target.expectedcn", String, ReadWrite, TargetRequest,
        "the name that the target's certificate must have; null: the host of the URL";
    TargetFlowDescription: "target.flow.description", String, ReadOnly, TargetRequest,
        "of the Flow that ran last in the TargetEndpoint";
    TargetFlowName: "target.flow.name", String, ReadOnly, TargetRequest,
        "the Flow that ran last in the TargetEndpoint";
    TargetHeaderHost: "target.header.host", String, ReadWrite, TargetRequest,
        "what `Host` says to the target; null: the host of the URL";
    TargetHost: "target.host", String, ReadOnly, TargetResponse, "the host that was called";
    TargetIp: "target.ip", String, ReadOnly, TargetResponse, "its address";
    TargetLocality: "target.locality", String, ReadOnly, TargetResponse, "of the target\'s certificate";
    TargetName: "target.name", String, ReadOnly, TargetRequest, "the TargetEndpoint";
    TargetOrganization: "target.organization", String, ReadOnly, TargetResponse, "of the target\'s certificate";
    TargetOrganizationUnit: "target.organization.unit", String, ReadOnly, TargetResponse,
        "of the target\'s certificate";
    TargetPort: "target.port", Integer, ReadOnly, TargetResponse, "its port";
    TargetReceivedEndTime: "target.received.end.time", String, ReadOnly, TargetResponse,
        "when its body was there, once somebody read it";
    TargetReceivedEndTimestamp: "target.received.end.timestamp", Long, ReadOnly, TargetResponse,
        "the same in milliseconds";
    TargetReceivedStartTime: "target.received.start.time", String, ReadOnly, TargetResponse,
        "when the head of the answer was there";
    TargetReceivedStartTimestamp: "target.received.start.timestamp", Long, ReadOnly, TargetResponse,
        "the same in milliseconds";
    TargetScheme: "target.scheme", String, ReadOnly, TargetRequest, "`http` or `https`";
    TargetSentEndTime: "target.sent.end.time", String, ReadOnly, TargetRequest, "when it was out";
    TargetSentEndTimestamp: "target.sent.end.timestamp", Long, ReadOnly, TargetRequest,
        "the same in milliseconds";
    TargetSentStartTime: "target.sent.start.time", String, ReadOnly, TargetRequest,
        "when the request to the target was begun";
    TargetSentStartTimestamp: "target.sent.start.timestamp", Long, ReadOnly, TargetRequest,
        "the same in milliseconds";
    TargetSslEnabled: "target.ssl.enabled", Boolean, ReadOnly, ProxyRequest,
        "whether the target is reached by TLS";
    TargetState: "target.state", String, ReadOnly, TargetResponse, "of the target\'s certificate";
    TargetUrl: "target.url", String, ReadWrite, TargetRequest,
        "the URL to call in place of the configured one; null until a step sets it";
    TollgateDemoBackend: "tollgate.demo.backend", String, ReadOnly, ProxyRequest,
        "host and port of the samples' backend, where it runs; Tollgate's own";
    VirtualhostAliases: "virtualhost.aliases", Array, ReadOnly, ProxyRequest,
        "the `Host` of the request";
    VirtualhostName: "virtualhost.name", String, ReadOnly, ProxyRequest, "`default`";
    VirtualhostSslEnabled: "virtualhost.ssl.enabled", Boolean, ReadOnly, ProxyRequest, "`false`";
}

/// The row of that name.
pub(super) fn find(name: &str) -> Option<VarId> {
    let at = FLOW_VARIABLES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    FLOW_VARIABLES.get(at).map(|row| row.id)
}
