//! One row per predefined flow variable that has a single name; the parts of the four
//! messages (`request.header.NAME` and the like) follow a grammar in `name.rs`.
//!
//! Source: Apigee docs, "Flow variables reference". `loadbalancing.*`, `*.ssl.*` and the
//! certificate's fields have their rows here and no value before targets speak TLS.

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
}

macro_rules! flow_variables {
    ($($id:ident: $name:literal, $type:ident, $access:ident, $scope:ident;)*) => {
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
                        };
                        &ROW
                    })*
                }
            }
        }
    };
}

flow_variables! {
    ApiproxyBasepath: "apiproxy.basepath", String, ReadOnly, ProxyRequest;
    ApiproxyName: "apiproxy.name", String, ReadOnly, ProxyRequest;
    ApiproxyRevision: "apiproxy.revision", String, ReadOnly, ProxyRequest;
    ClientCn: "client.cn", String, ReadOnly, ProxyRequest;
    ClientCountry: "client.country", String, ReadOnly, ProxyRequest;
    ClientEmailAddress: "client.email.address", String, ReadOnly, ProxyRequest;
    ClientHost: "client.host", String, ReadOnly, ProxyRequest;
    ClientIp: "client.ip", String, ReadOnly, ProxyRequest;
    ClientLocality: "client.locality", String, ReadOnly, ProxyRequest;
    ClientOrganization: "client.organization", String, ReadOnly, ProxyRequest;
    ClientOrganizationUnit: "client.organization.unit", String, ReadOnly, ProxyRequest;
    ClientPort: "client.port", Integer, ReadOnly, ProxyRequest;
    ClientReceivedEndTime: "client.received.end.time", String, ReadOnly, ProxyRequest;
    ClientReceivedEndTimestamp: "client.received.end.timestamp", Long, ReadOnly, ProxyRequest;
    ClientReceivedStartTime: "client.received.start.time", String, ReadOnly, ProxyRequest;
    ClientReceivedStartTimestamp: "client.received.start.timestamp", Long, ReadOnly, ProxyRequest;
    ClientResolvedIp: "client.resolved.ip", String, ReadOnly, ProxyRequest;
    ClientScheme: "client.scheme", String, ReadOnly, ProxyRequest;
    ClientSentEndTime: "client.sent.end.time", String, ReadOnly, PostClient;
    ClientSentEndTimestamp: "client.sent.end.timestamp", Long, ReadOnly, PostClient;
    ClientSentStartTime: "client.sent.start.time", String, ReadOnly, PostClient;
    ClientSentStartTimestamp: "client.sent.start.timestamp", Long, ReadOnly, PostClient;
    ClientSslEnabled: "client.ssl.enabled", String, ReadOnly, ProxyRequest;
    ClientState: "client.state", String, ReadOnly, ProxyRequest;
    CurrentFlowDescription: "current.flow.description", String, ReadOnly, ProxyRequest;
    CurrentFlowName: "current.flow.name", String, ReadOnly, ProxyRequest;
    EnvironmentName: "environment.name", String, ReadOnly, ProxyRequest;
    FaultCategory: "fault.category", String, ReadOnly, Error;
    FaultName: "fault.name", String, ReadOnly, Error;
    FaultReason: "fault.reason", String, ReadOnly, Error;
    FaultSubcategory: "fault.subcategory", String, ReadOnly, Error;
    FaultType: "fault.type", String, ReadOnly, Error;
    IsError: "is.error", Boolean, ReadOnly, ProxyRequest;
    LoadbalancingFailedservers: "loadbalancing.failedservers", Array, ReadOnly, TargetResponse;
    LoadbalancingIsfallback: "loadbalancing.isfallback", Boolean, ReadOnly, TargetResponse;
    LoadbalancingTargetserver: "loadbalancing.targetserver", String, ReadOnly, TargetResponse;
    MessageId: "messageid", String, ReadOnly, ProxyRequest;
    OrganizationName: "organization.name", String, ReadOnly, ProxyRequest;
    ProxyBasepath: "proxy.basepath", String, ReadOnly, ProxyRequest;
    ProxyClientIp: "proxy.client.ip", String, ReadOnly, ProxyRequest;
    ProxyFlowDescription: "proxy.flow.description", String, ReadOnly, ProxyRequest;
    ProxyFlowName: "proxy.flow.name", String, ReadOnly, ProxyRequest;
    ProxyName: "proxy.name", String, ReadOnly, ProxyRequest;
    ProxyPathsuffix: "proxy.pathsuffix", String, ReadOnly, ProxyRequest;
    ProxyUrl: "proxy.url", String, ReadOnly, ProxyRequest;
    RequestGrpcRpcName: "request.grpc.rpc.name", String, ReadOnly, ProxyRequest;
    RequestGrpcServiceName: "request.grpc.service.name", String, ReadOnly, ProxyRequest;
    RouteName: "route.name", String, ReadOnly, TargetRequest;
    RouteTarget: "route.target", String, ReadOnly, TargetRequest;
    SystemPodName: "system.pod.name", String, ReadOnly, ProxyRequest;
    SystemRegionName: "system.region.name", String, ReadOnly, ProxyRequest;
    SystemTime: "system.time", String, ReadOnly, ProxyRequest;
    SystemTimeDay: "system.time.day", Integer, ReadOnly, ProxyRequest;
    SystemTimeDayofweek: "system.time.dayofweek", Integer, ReadOnly, ProxyRequest;
    SystemTimeHour: "system.time.hour", Integer, ReadOnly, ProxyRequest;
    SystemTimeMillisecond: "system.time.millisecond", Integer, ReadOnly, ProxyRequest;
    SystemTimeMinute: "system.time.minute", Integer, ReadOnly, ProxyRequest;
    SystemTimeMonth: "system.time.month", Integer, ReadOnly, ProxyRequest;
    SystemTimeSecond: "system.time.second", Integer, ReadOnly, ProxyRequest;
    SystemTimeYear: "system.time.year", Integer, ReadOnly, ProxyRequest;
    SystemTimeZone: "system.time.zone", String, ReadOnly, ProxyRequest;
    SystemTimestamp: "system.timestamp", Long, ReadOnly, ProxyRequest;
    SystemUuid: "system.uuid", String, ReadOnly, ProxyRequest;
    TargetBasepath: "target.basepath", String, ReadOnly, TargetRequest;
    TargetCn: "target.cn", String, ReadOnly, TargetResponse;
    TargetCopyPathsuffix: "target.copy.pathsuffix", Boolean, ReadWrite, TargetRequest;
    TargetCopyQueryparams: "target.copy.queryparams", Boolean, ReadWrite, TargetRequest;
    TargetCountry: "target.country", String, ReadOnly, TargetResponse;
    TargetEmailAddress: "target.email.address", String, ReadOnly, TargetResponse;
    TargetEvaluatedUrl: "target.evaluated.url", String, ReadWrite, TargetRequest;
    TargetExpectedcn: "target.expectedcn", String, ReadWrite, TargetRequest;
    TargetFlowDescription: "target.flow.description", String, ReadOnly, TargetRequest;
    TargetFlowName: "target.flow.name", String, ReadOnly, TargetRequest;
    TargetHeaderHost: "target.header.host", String, ReadWrite, TargetRequest;
    TargetHost: "target.host", String, ReadOnly, TargetResponse;
    TargetIp: "target.ip", String, ReadOnly, TargetResponse;
    TargetLocality: "target.locality", String, ReadOnly, TargetResponse;
    TargetName: "target.name", String, ReadOnly, TargetRequest;
    TargetOrganization: "target.organization", String, ReadOnly, TargetResponse;
    TargetOrganizationUnit: "target.organization.unit", String, ReadOnly, TargetResponse;
    TargetPort: "target.port", Integer, ReadOnly, TargetResponse;
    TargetReceivedEndTime: "target.received.end.time", String, ReadOnly, TargetResponse;
    TargetReceivedEndTimestamp: "target.received.end.timestamp", Long, ReadOnly, TargetResponse;
    TargetReceivedStartTime: "target.received.start.time", String, ReadOnly, TargetResponse;
    TargetReceivedStartTimestamp: "target.received.start.timestamp", Long, ReadOnly, TargetResponse;
    TargetScheme: "target.scheme", String, ReadOnly, TargetRequest;
    TargetSentEndTime: "target.sent.end.time", String, ReadOnly, TargetRequest;
    TargetSentEndTimestamp: "target.sent.end.timestamp", Long, ReadOnly, TargetRequest;
    TargetSentStartTime: "target.sent.start.time", String, ReadOnly, TargetRequest;
    TargetSentStartTimestamp: "target.sent.start.timestamp", Long, ReadOnly, TargetRequest;
    TargetSslEnabled: "target.ssl.enabled", Boolean, ReadOnly, ProxyRequest;
    TargetState: "target.state", String, ReadOnly, TargetResponse;
    TargetUrl: "target.url", String, ReadWrite, TargetRequest;
    TollgateDemoBackend: "tollgate.demo.backend", String, ReadOnly, ProxyRequest;
    VirtualhostAliases: "virtualhost.aliases", Array, ReadOnly, ProxyRequest;
    VirtualhostName: "virtualhost.name", String, ReadOnly, ProxyRequest;
    VirtualhostSslEnabled: "virtualhost.ssl.enabled", Boolean, ReadOnly, ProxyRequest;
}

/// The row of that name.
pub(super) fn find(name: &str) -> Option<VarId> {
    let at = FLOW_VARIABLES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    FLOW_VARIABLES.get(at).map(|row| row.id)
}
