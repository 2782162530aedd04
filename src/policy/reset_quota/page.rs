//! What the documentation says of ResetQuota.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Takes messages off the counter of a Quota of the same proxy, so that a client may send \
        that many more.",
    elements: &[
        ElementRow {
            path: "Quota@name, Quota@ref",
            default: "required",
            meaning: "the Quota policy; the variable goes before the name",
        },
        ElementRow {
            path: "Quota/Identifier@name, Quota/Identifier@ref",
            default: "`_default`",
            meaning: "whose counter; the variable goes before the name",
        },
        ElementRow {
            path: "Quota/Identifier/Allow, Quota/Identifier/Allow@ref",
            default: "required",
            meaning: "how many messages; the variable goes before the number",
        },
        ElementRow {
            path: "Quota/Identifier/Class@name, Quota/Identifier/Class@ref",
            default: "",
            meaning: "the counter of that class instead",
        },
        ElementRow {
            path: "Quota/Identifier/Class/Allow, Quota/Identifier/Class/Allow@ref",
            default: "required in a `Class`",
            meaning: "how many messages, in the place of the `Allow` outside",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "policies.resetquota.InvalidRLPolicy",
            status: 500,
            faultstring: "Invalid rate limit policy {name}",
            when: "the proxy has no Quota of that name",
        },
        FaultRow {
            code: "policies.resetquota.FailedToResolveRLPolicy",
            status: 500,
            faultstring: "Failed to resolve rate limit policy",
            when: "neither the variable nor a name says which Quota",
        },
        FaultRow {
            code: "policies.resetquota.FailedToResolveAllowCountRef",
            status: 500,
            faultstring: "Failed to resolve allow count reference {name} for identifier {identifier} in \
                ResetQuotaStepDefinition:{policy};API \
                Proxy:{proxy};Revision:{revision};Environment:{environment};Organization:{organization}",
            when: "`Allow` has no value that is a whole number",
        },
    ],
    notes: "A counter that has not begun stays as it is.",
};
