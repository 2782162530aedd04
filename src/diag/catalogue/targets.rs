//! The codes of "Targets".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Targets",
    codes: &[
        Code {
            code: "GW134",
            severities: &[Severity::Warning],
            what: "the connection in the spelling `HttpTargetConnection`",
            remedy: "write `HTTPTargetConnection`",
            example: "apiproxy/targets/backend.xml:2:4: warning[GW134]: `HttpTargetConnection` \
                is read as `HTTPTargetConnection`",
        },
        Code {
            code: "GW139",
            severities: &[Severity::Warning],
            what: "a property whose text is not what it takes",
            remedy: "write what the finding says",
            example: "apiproxy/proxies/default.xml:5:36: warning[GW139]: property \
                `api.timeout` is `5s`",
        },
        Code {
            code: "GW140",
            severities: &[Severity::Warning],
            what: "a property that Apigee does not have",
            remedy: "correct the name, or delete it",
            example: "apiproxy/targets/backend.xml:4:23: warning[GW140]: property \
                `io.timeout.milis` is unknown in `HTTPTargetConnection` and has no effect",
        },
        Code {
            code: "TD014",
            severities: &[Severity::Error, Severity::Warning],
            what: "no connection or address, or two connections; a `URL` beside a \
                `LoadBalancer` is a warning",
            remedy: "keep exactly one",
            example: "apiproxy/targets/backend.xml:1:23: error[TD014]: TargetEndpoint \
                `backend` has no connection",
        },
        Code {
            code: "TD016",
            severities: &[Severity::Warning],
            what: "a HealthMonitor without a LoadBalancer; it has no effect",
            remedy: "delete it",
            example: "apiproxy/targets/backend.xml:4:6: warning[TD016]: `HealthMonitor` has no \
                effect without a `LoadBalancer`",
        },
        Code {
            code: "TD017",
            severities: &[Severity::Error],
            what: "an empty URL",
            remedy: "write the address",
            example: "apiproxy/targets/backend.xml:3:5: error[TD017]: the `URL` of \
                TargetEndpoint `backend` is empty",
        },
    ],
};
