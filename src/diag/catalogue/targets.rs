//! The codes of "Targets".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Targets",
    codes: &[
        Code {
            code: "FE001",
            severities: &[Severity::Warning],
            what: "an Authentication, the Google token of a call, under profile `edge`; one that names no token, or two",
            remedy: "keep one token",
            example: "apiproxy/targets/backend.xml:3:5: warning[FE001]: Apigee Edge has no `Authentication`",
        },
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
            code: "TD001",
            severities: &[Severity::Warning],
            what: "a target that is the management API of Apigee",
            remedy: "let a program of yours call it",
            example: "apiproxy/targets/backend.xml:3:10: warning[TD001]: the target is the \
                management API, `api.enterprise.apigee.com`",
        },
        Code {
            code: "TD005",
            severities: &[Severity::Warning],
            what: "a KeyStore or TrustStore that is named itself and not through a reference",
            remedy: "make a reference and write `ref://NAME`",
            example: "apiproxy/targets/backend.xml:7:17: warning[TD005]: `KeyStore` names a store \
                itself, and no reference",
        },
        Code {
            code: "TD006",
            severities: &[Severity::Warning],
            what: "SSLInfo beside a LoadBalancer",
            remedy: "move it to the target servers",
            example: "apiproxy/targets/backend.xml:8:6: warning[TD006]: `SSLInfo` stands beside a \
                `LoadBalancer`",
        },
        Code {
            code: "TD007",
            severities: &[Severity::Warning],
            what: "TLS to a target without a TrustStore, so that any public authority vouches for \
                it",
            remedy: "name a `TrustStore`",
            example: "apiproxy/targets/backend.xml:4:6: warning[TD007]: `SSLInfo` of target \
                `backend` has no `TrustStore`",
        },
        Code {
            code: "TD008",
            severities: &[Severity::Warning],
            what: "a second fallback server in a LoadBalancer",
            remedy: "keep one",
            example: "apiproxy/targets/backend.xml:5:7: warning[TD008]: a second fallback server",
        },
        Code {
            code: "TD010",
            severities: &[Severity::Warning],
            what: "a server that a LoadBalancer names twice",
            remedy: "keep one, with a `Weight`",
            example: "apiproxy/targets/backend.xml:6:21: warning[TD010]: target server `east` is \
                named twice",
        },
        Code {
            code: "TD011",
            severities: &[Severity::Warning],
            what: "TLS to a target that takes any certificate",
            remedy: "name a `TrustStore` instead",
            example: "apiproxy/targets/backend.xml:6:31: warning[TD011]: target `backend` may \
                show any certificate",
        },
        Code {
            code: "TD013",
            severities: &[Severity::Warning],
            what: "a client certificate that is asked for and not named, or named and not used",
            remedy: "write `ClientAuthEnabled`, `KeyStore` and `KeyAlias`, or none of them",
            example: "apiproxy/targets/backend.xml:4:6: warning[TD013]: `ClientAuthEnabled` is \
                set and there is no `KeyAlias`",
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
            code: "TD015",
            severities: &[Severity::Warning],
            what: "a LoadBalancer that never takes a failing server out",
            remedy: "write `MaxFailures` of 1 or more",
            example: "apiproxy/targets/backend.xml:3:6: warning[TD015]: a server that fails is \
                never taken out",
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
