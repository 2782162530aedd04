//! What the documentation says of AccessControl.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Lets a request through, or answers 403, by the addresses that it came from.",
    elements: &[
        ElementRow {
            path: "IPRules@noRuleMatchAction",
            default: "`ALLOW`",
            meaning: "what becomes of an address that no rule matches",
        },
        ElementRow {
            path: "IPRules/MatchRule@action",
            default: "`ALLOW`",
            meaning: "`ALLOW` or `DENY`; the first rule that matches decides",
        },
        ElementRow {
            path: "IPRules/MatchRule/SourceAddress",
            default: "required",
            meaning: "an address of IPv4 or IPv6, or a message template; one that a variable spoils \
                matches nothing",
        },
        ElementRow {
            path: "IPRules/MatchRule/SourceAddress@mask",
            default: "the address alone",
            meaning: "how many leading bits count: up to 32, of IPv6 up to 128; may be a template",
        },
        ElementRow {
            path: "ValidateBasedOn",
            default: "`X_FORWARDED_FOR_ALL_IP`",
            meaning: "which addresses must be allowed: those of X-Forwarded-For and then the \
                connection's own; `X_FORWARDED_FOR_FIRST_IP`: the first of them; \
                `X_FORWARDED_FOR_LAST_IP`: the connection's",
        },
        ElementRow {
            path: "IgnoreTrueClientIPHeader",
            default: "`false`",
            meaning: "`false`: a True-Client-IP header is the only address looked at; clients can \
                forge it",
        },
        ElementRow {
            path: "ClientIPVariable",
            default: "",
            meaning: "a variable that holds the address, in place of all these",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "accesscontrol.IPDeniedAccess",
            status: 403,
            faultstring: "Access Denied for client ip : {address}",
            when: "an address is denied",
        },
        FaultRow {
            code: "accesscontrol.InvalidIPAddressInVariable",
            status: 500,
            faultstring: "Invalid IP address in variable {name} : {value}",
            when: "`ClientIPVariable` holds no address",
        },
    ],
    notes: "Text in a header that is no address matches no rule, so that `noRuleMatchAction` \
        decides.",
};
