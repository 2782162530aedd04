//! The codes of "Endpoints, flows and steps".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Endpoints, flows and steps",
    codes: &[
        Code {
            code: "BN010",
            severities: &[Severity::Error],
            what: "a Step names a policy that neither the bundle nor the environment has",
            remedy: "correct the name, or add the policy",
            example: "apiproxy/proxies/default.xml:5:15: error[BN010]: Step names policy \
                `LC-Tokne`, which does not exist",
        },
        Code {
            code: "BN012",
            severities: &[Severity::Warning],
            what: "a TargetEndpoint that no RouteRule names",
            remedy: "add a RouteRule, or delete it",
            example: "apiproxy/targets/backend.xml:1:23: warning[BN012]: no RouteRule leads to \
                TargetEndpoint `backend`",
        },
        Code {
            code: "EP001",
            severities: &[Severity::Warning],
            what: "a CORS policy elsewhere than in the request of a ProxyEndpoint's PreFlow, or one without \
                a Condition beside another",
            remedy: "keep one, in the `Request` of the PreFlow",
            example: "apiproxy/proxies/default.xml:4:7: warning[EP001]: CORS policy `CORS-A` always \
                runs, and ProxyEndpoint `default` has another",
        },
        Code {
            code: "EP002",
            severities: &[Severity::Error, Severity::Warning],
            what: "an element that does not belong where it stands in an endpoint, or stands there twice; a RouteRule \
                with two destinations; a TargetEndpoint without a connection, or with two (error)",
            remedy: "move it, correct its name, or delete it",
            example: "apiproxy/proxies/default.xml:7:10: warning[EP002]: RouteRule `backend` \
                has a second destination",
        },
        Code {
            code: "FL001",
            severities: &[Severity::Warning],
            what: "a Flow without a Condition that stands before others; they never run",
            remedy: "move it to the end",
            example: "apiproxy/proxies/default.xml:3:5: warning[FL001]: Flow `all` has no \
                Condition and hides those behind it",
        },
        Code {
            code: "FR001",
            severities: &[Severity::Warning],
            what: "a FaultRule without a Condition that is tried before others; they never run. \
                A ProxyEndpoint tries from the last to the first, a TargetEndpoint from \
                the first to the last",
            remedy: "move it to where it is tried last",
            example: "apiproxy/proxies/default.xml:15:5: warning[FR001]: FaultRule `rest` \
                has no Condition and hides those that are tried after it",
        },
        Code {
            code: "FR002",
            severities: &[Severity::Warning],
            what: "an element that has no effect in a DefaultFaultRule, or stands there twice",
            remedy: "delete it",
            example: "apiproxy/proxies/default.xml:3:6: warning[FR002]: `Request` is unknown \
                in `DefaultFaultRule` and has no effect",
        },
        Code {
            code: "FR003",
            severities: &[Severity::Warning],
            what: "a single FaultRule without a Condition",
            remedy: "write it as `DefaultFaultRule`",
            example: "apiproxy/proxies/default.xml:3:5: warning[FR003]: FaultRule `rest` \
                stands alone and has no Condition",
        },
        Code {
            code: "GW137",
            severities: &[Severity::Error, Severity::Warning],
            what: "a BasePath that starts with `*` or holds `**`; one without a leading \
                slash is a warning",
            remedy: "start with an element that does not vary",
            example: "apiproxy/proxies/all.xml:3:15: error[GW137]: BasePath `/*/weather` \
                starts with `*`",
        },
        Code {
            code: "GW138",
            severities: &[Severity::Error],
            what: "a BasePath that another ProxyEndpoint has, in the bundle or deployed; \
                Apigee Edge's words",
            remedy: "change it, or undeploy the other proxy",
            example: "apiproxy/proxies/orders.xml:3:15: error[GW138]: Path /orders/ conflicts \
                with existing deployment path for revision 7 of the APIProxy orders in \
                organization acme",
        },
        Code {
            code: "PD001",
            severities: &[Severity::Error],
            what: "a RouteRule names a TargetEndpoint that the bundle does not have",
            remedy: "correct the name, or add the target",
            example: "apiproxy/proxies/default.xml:6:21: error[PD001]: RouteRule `backend` \
                names TargetEndpoint `backed`, which does not exist",
        },
        Code {
            code: "PD002",
            severities: &[Severity::Warning],
            what: "no RouteRule, or none without a Condition, so that a request can be left without a route; a \
                second one without a Condition",
            remedy: "keep one, at the end",
            example: "apiproxy/proxies/default.xml:1:22: warning[PD002]: ProxyEndpoint \
                `default` has no RouteRule without a Condition",
        },
        Code {
            code: "PD003",
            severities: &[Severity::Warning],
            what: "a RouteRule without a Condition that stands before others; they are never taken",
            remedy: "move it to the end",
            example: "apiproxy/proxies/default.xml:5:3: warning[PD003]: RouteRule `all` has no \
                Condition and hides those behind it",
        },
        Code {
            code: "PD005",
            severities: &[Severity::Warning],
            what: "no HTTPProxyConnection, or a second one; a VirtualHost under profile `x`",
            remedy: "write one; delete the VirtualHost",
            example: "apiproxy/proxies/default.xml:4:18: warning[PD005]: VirtualHost `secure` \
                has no effect under profile `x`",
        },
        Code {
            code: "PD006",
            severities: &[Severity::Error, Severity::Warning],
            what: "two base paths (error); none, which takes `/`; a Request in a PostClientFlow, which never runs",
            remedy: "keep one BasePath; move the steps to `Response`",
            example: "apiproxy/proxies/default.xml:2:3: warning[PD006]: ProxyEndpoint \
                `default` has no BasePath",
        },
        Code {
            code: "ST001",
            severities: &[Severity::Error],
            what: "a Step without a Name",
            remedy: "name the policy",
            example: "apiproxy/proxies/default.xml:4:7: error[ST001]: `Step` has no `Name`",
        },
        Code {
            code: "ST002",
            severities: &[Severity::Warning],
            what: "a Step with a second Name or Condition, with another element, with white space around the \
                Name, or with an empty Condition",
            remedy: "delete it",
            example: "apiproxy/proxies/default.xml:6:9: warning[ST002]: a second `Name` in a \
                `Step` is never read",
        },
        Code {
            code: "ST003",
            severities: &[Severity::Warning],
            what: "a Step that extracts from a JSON body without a Condition that there is one",
            remedy: "write `message.content != null`",
            example: "apiproxy/proxies/default.xml:10:7: warning[ST003]: Step `EV-Any` reads a JSON body whether there is one or not",
        },
        Code {
            code: "ST004",
            severities: &[Severity::Warning],
            what: "a Step that extracts from an XML body without a Condition that there is one",
            remedy: "write `message.content != null`",
            example: "apiproxy/proxies/default.xml:4:7: warning[ST004]: Step `EV-Any` reads an XML body whether there is one or not",
        },
        Code {
            code: "ST005",
            severities: &[Severity::Warning],
            what: "a Step that extracts form parameters without a Condition that there are some",
            remedy: "write `request.formstring != null`",
            example: "apiproxy/proxies/default.xml:9:7: warning[ST005]: Step `EV-Form` reads a form whether there is one or not",
        },
        Code {
            code: "ST006",
            severities: &[Severity::Warning],
            what: "a Step of a JSONThreatProtection without a Condition that there is a body",
            remedy: "write `request.content != null`",
            example: "apiproxy/proxies/default.xml:9:7: warning[ST006]: Step `JTP-Any` reads a JSON body whether there is one or not",
        },
        Code {
            code: "ST007",
            severities: &[Severity::Warning],
            what: "a Step of an XMLThreatProtection without a Condition that there is a body",
            remedy: "write `request.content != null`",
            example: "apiproxy/proxies/default.xml:9:7: warning[ST007]: Step `XTP-Answer` reads an XML body whether there is one or not",
        },
        Code {
            code: "ST008",
            severities: &[Severity::Warning],
            what: "a Step behind a RaiseFault that always runs",
            remedy: "delete it, or give the RaiseFault's Step a Condition",
            example: "apiproxy/proxies/default.xml:7:7: warning[ST008]: Step `Env-Policy` \
                never runs",
        },
    ],
};
