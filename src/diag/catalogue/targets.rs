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
            code: "GW400",
            severities: &[Severity::Warning],
            what: "a LoadBalancer that names a target server which the environment does not have",
            remedy: "define it as `[[target_server]]`",
            example: "apiproxy/targets/backend.xml:5:21: warning[GW400]: the environment has no \
                target server `one`",
        },
        Code {
            code: "GW401",
            severities: &[Severity::Warning],
            what: "SSLInfo that names a keystore, truststore or alias which the environment does \
                not have, or which cannot be used",
            remedy: "define it as `[[keystore]]` or `[[reference]]`",
            example: "apiproxy/targets/backend.xml:7:19: warning[GW401]: the environment has no \
                keystore `authorities`",
        },
        Code {
            code: "GW403",
            severities: &[Severity::Warning],
            what: "a protocol or cipher of SSLInfo that is not spoken here, beside one that is",
            remedy: "delete it",
            example: "apiproxy/targets/backend.xml:9:19: warning[GW403]: protocol `TLSv1` is not \
                spoken here",
        },
        Code {
            code: "GW405",
            severities: &[Severity::Warning],
            what: "a text of a LoadBalancer or HealthMonitor that is not what it takes",
            remedy: "write what the finding says",
            example: "apiproxy/targets/backend.xml:6:17: warning[GW405]: `much` is no whole \
                number; 1 is taken",
        },
        Code {
            code: "GW406",
            severities: &[Severity::Warning],
            what: "an Authentication without a scope or an audience, with which no Google token \
                can be asked for, or with a text that is not what it takes; one of an \
                AssignMessage under profile `edge`",
            remedy: "write what the finding says",
            example: "apiproxy/targets/access.xml:5:7: warning[GW406]: `GoogleAccessToken` has \
                no `Scope`",
        },
        Code {
            code: "GW407",
            severities: &[Severity::Warning],
            what: "a LocalTargetConnection with a `Path` beside an `APIProxy`, or with one of \
                `APIProxy` and `ProxyEndpoint` alone",
            remedy: "name the proxy and its endpoint, or a path",
            example: "apiproxy/targets/half.xml:3:15: warning[GW407]: `APIProxy` has no \
                `ProxyEndpoint`",
        },
        Code {
            code: "GW408",
            severities: &[Severity::Warning],
            what: "an Authentication whose Google token would go to another machine over `http`",
            remedy: "write `https://`, or give the target server TLS",
            example: "apiproxy/targets/url.xml:10:10: warning[GW408]: a Google token would go \
                to `service.example` in the clear",
        },
        Code {
            code: "TD001",
            severities: &[Severity::Warning],
            what: "a target that is the management API of Apigee",
            remedy: "let a program of yours call it",
            example: "apiproxy/targets/backend.xml:3:10: warning[TD001]: the target is the \
                management API by its `enterprise.apigee.com`",
        },
        Code {
            code: "TD002",
            severities: &[Severity::Warning],
            what: "a target by its address, where a target server could stand",
            remedy: "write a `LoadBalancer` with a target server",
            example: "apiproxy/targets/backend.xml:3:6: warning[TD002]: TargetEndpoint `backend` has \
                the address in the bundle",
        },
        Code {
            code: "TD004",
            severities: &[Severity::Warning],
            what: "SSLInfo of an https target without `Enabled`; without `Enforce` under profile `x`, or with it under `edge`",
            remedy: "write what the finding says",
            example: "apiproxy/targets/backend.xml:2:4: warning[TD004]: `SSLInfo` does not set `Enabled`",
        },
        Code {
            code: "TD005",
            severities: &[Severity::Warning],
            what: "a KeyStore or TrustStore that is named itself and not through a reference, or is named twice",
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
            what: "a second fallback server in a LoadBalancer, or nothing else",
            remedy: "keep one",
            example: "apiproxy/targets/backend.xml:3:6: warning[TD008]: a `LoadBalancer` has one \
                fallback server at most",
        },
        Code {
            code: "TD009",
            severities: &[Severity::Warning],
            what: "a second LoadBalancer",
            remedy: "keep one",
            example: "apiproxy/targets/backend.xml:6:5: warning[TD009]: a second `LoadBalancer` is never read",
        },
        Code {
            code: "TD010",
            severities: &[Severity::Warning],
            what: "a LoadBalancer that names a server twice, one without a name, or none",
            remedy: "keep one, with a `Weight`",
            example: "apiproxy/targets/backend.xml:6:21: warning[TD010]: target server `east` is \
                named twice",
        },
        Code {
            code: "TD011",
            severities: &[Severity::Warning],
            what: "TLS to a target that takes any certificate",
            remedy: "name a `TrustStore` instead",
            example: "apiproxy/targets/backend.xml:2:4: warning[TD011]: target `backend` may \
                show any certificate",
        },
        Code {
            code: "TD012",
            severities: &[Severity::Warning],
            what: "an https target without SSLInfo, an http target with it, or a second SSLInfo",
            remedy: "write one `SSLInfo` for https, none for http",
            example: "apiproxy/targets/backend.xml:2:4: warning[TD012]: target `backend` is reached by \
                https and has no `SSLInfo`",
        },
        Code {
            code: "TD013",
            severities: &[Severity::Warning],
            what: "a client certificate that is asked for and not named, or named and not used",
            remedy: "write `ClientAuthEnabled`, `KeyStore` and `KeyAlias`, or none of them",
            example: "apiproxy/targets/backend.xml:2:4: warning[TD013]: `ClientAuthEnabled` is \
                set and there is no `KeyAlias`",
        },
        Code {
            code: "TD014",
            severities: &[Severity::Error, Severity::Warning],
            what: "no address; a `URL` beside a `LoadBalancer`, or a second one, is a warning",
            remedy: "keep exactly one",
            example: "apiproxy/targets/other.xml:2:4: error[TD014]: TargetEndpoint `other` has no \
                address",
        },
        Code {
            code: "TD015",
            severities: &[Severity::Warning],
            what: "a LoadBalancer that never takes a failing server out, or takes the only one out",
            remedy: "write `MaxFailures` of 1 or more; none for one server",
            example: "apiproxy/targets/backend.xml:3:6: warning[TD015]: a server that fails is \
                never taken out",
        },
        Code {
            code: "TD016",
            severities: &[Severity::Warning],
            what: "a HealthMonitor without a LoadBalancer; a LoadBalancer that takes servers out and has no HealthMonitor",
            remedy: "delete the one; write the other",
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
