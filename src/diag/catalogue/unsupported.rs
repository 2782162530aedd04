//! The codes of "Not supported yet".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Not supported yet",
    codes: &[
        Code {
            code: "GW133",
            severities: &[Severity::Warning],
            what: "something that Apigee knows and that has no effect here yet: EventFlow, \
                integration endpoints",
            remedy: "do without it",
            example: "apiproxy/integration-endpoints/orders.xml:1:2: warning[GW133]: \
                integration endpoints are not supported yet",
        },
        Code {
            code: "GW200",
            severities: &[Severity::Error, Severity::Warning],
            what: "a policy of a type that is not supported yet",
            remedy: "do without it, or deploy with `unsupported = \"fault\"`",
            example: "apiproxy/policies/Find-User.xml:1:2: error[GW200]: policy type `Ldap` is \
                not supported yet",
        },
        Code {
            code: "GW201",
            severities: &[Severity::Error, Severity::Warning],
            what: "a connection that is not supported yet, such as a LocalTargetConnection",
            remedy: "write an `HTTPTargetConnection`",
            example: "apiproxy/targets/backend.xml:2:4: error[GW201]: `LocalTargetConnection` \
                is not supported yet",
        },
        Code {
            code: "GW202",
            severities: &[Severity::Error, Severity::Warning],
            what: "a RouteRule to an integration endpoint",
            remedy: "route to a TargetEndpoint",
            example: "apiproxy/proxies/default.xml:6:26: error[GW202]: `IntegrationEndpoint` \
                is not supported yet",
        },
        Code {
            code: "GW204",
            severities: &[Severity::Warning],
            what: "a connection property that the gateway knows and does not act on yet",
            remedy: "do not rely on it",
            example: "apiproxy/targets/backend.xml:4:33: warning[GW204]: property `use.proxy` has \
                no effect in this gateway yet",
        },
        Code {
            code: "GW205",
            severities: &[Severity::Warning],
            what: "a target URL without references that is no absolute http or https URL",
            remedy: "write `http://`, the host, and a path",
            example: "apiproxy/targets/backend.xml:3:10: warning[GW205]: `backend.example.com/x` is no absolute URL",
        },
        Code {
            code: "GW206",
            severities: &[Severity::Warning],
            what: "a FlowCallout of a shared flow that is not deployed",
            remedy: "deploy it, or mend the name",
            example: "apiproxy/policies/FC-Audit.xml:5:21: warning[GW206]: shared flow `audit` is not deployed",
        },
        Code {
            code: "GW375",
            severities: &[Severity::Error, Severity::Warning],
            what: "a Syslog of a MessageLogging that asks for TLS, to which nothing is sent",
            remedy: "log to a server on the same machine without it, and let that one pass it on",
            example: "apiproxy/policies/ML-Syslog.xml:8:16: warning[GW375]: syslog over TLS is not \
                supported yet",
        },
        Code {
            code: "GW402",
            severities: &[Severity::Error, Severity::Warning],
            what: "SSLInfo that allows no version of TLS, or no cipher, that is spoken here",
            remedy: "allow `TLSv1.2` or `TLSv1.3`",
            example: "apiproxy/targets/backend.xml:9:19: error[GW402]: none of the protocols \
                TLSv1, TLSv1.1 is spoken here, which are TLSv1.2 and TLSv1.3",
        },
    ],
};
