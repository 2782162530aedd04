//! The codes of "Names".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Names",
    codes: &[
        Code {
            code: "GW135",
            severities: &[Severity::Error, Severity::Warning],
            what: "a name with characters that Apigee does not take, or of more than 255 \
                characters; `$` and `%` in the name of a policy are a warning, as are \
                `.`, `$`, `%` and the space in that of a bundle",
            remedy: "rename",
            example: "apiproxy/policies/Cost-in-$.xml:1:22: warning[GW135]: the name of policy \
                `Cost-in-$` is not portable",
        },
        Code {
            code: "GW136",
            severities: &[Severity::Error],
            what: "two policies, or two endpoints of one kind, with one name",
            remedy: "rename one",
            example: "apiproxy/policies/PC-Token.xml:1:22: error[GW136]: a second policy \
                `PC-Token`",
        },
        Code {
            code: "PD004",
            severities: &[Severity::Warning],
            what: "a ProxyEndpoint whose name is not its file's",
            remedy: "give both one name",
            example: "apiproxy/proxies/default.xml:1:22: warning[PD004]: ProxyEndpoint \
                `weather` stands in file `default.xml`",
        },
        Code {
            code: "PO006",
            severities: &[Severity::Warning],
            what: "a policy whose name is not its file's; a Step calls it by its name",
            remedy: "give both one name",
            example: "apiproxy/policies/Populate.xml:1:22: warning[PO006]: policy `PC-Token` \
                stands in file `Populate.xml`",
        },
        Code {
            code: "PO007",
            severities: &[Severity::Warning],
            what: "a policy whose name does not start with a word for its type, such as `AM-`",
            remedy: "rename",
            example: "apiproxy/policies/Greet.xml:1:22: warning[PO007]: the name `Greet` does not tell the policy's type, AssignMessage",
        },
        Code {
            code: "PO008",
            severities: &[Severity::Warning],
            what: "a policy whose DisplayName is empty or not its file's name",
            remedy: "give both one name",
            example: "apiproxy/policies/AM-Other.xml:2:16: warning[PO008]: the policy in `AM-Other.xml` is shown as `Another`",
        },
        Code {
            code: "TD003",
            severities: &[Severity::Warning],
            what: "a TargetEndpoint whose name is not its file's",
            remedy: "give both one name",
            example: "apiproxy/targets/default.xml:1:23: warning[TD003]: TargetEndpoint \
                `backend` stands in file `default.xml`",
        },
    ],
};
