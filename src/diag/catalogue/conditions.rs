//! The codes of "Conditions and message templates".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Conditions and message templates",
    codes: &[
        Code {
            code: "CC001",
            severities: &[Severity::Warning],
            what: "a literal that is a term of its own",
            remedy: "compare it with a variable, or delete it",
            example: "apiproxy/proxies/default.xml:4:43: warning[CC001]: the literal `true` is \
                a term of its own",
        },
        Code {
            code: "CC003",
            severities: &[Severity::Warning],
            what: "a condition of more than 256 characters",
            remedy: "split it",
            example: "apiproxy/proxies/default.xml:8:18: warning[CC003]: the condition has 294 \
                characters, more than 256",
        },
        Code {
            code: "CC004",
            severities: &[Severity::Warning],
            what: "a condition of more than 12 terms; `lint.condition_terms_max` sets another \
                number",
            remedy: "split it",
            example: "apiproxy/proxies/default.xml:7:18: warning[CC004]: the condition has 6 \
                terms, more than 5",
        },
        Code {
            code: "CC005",
            severities: &[Severity::Error],
            what: "a string without its closing `\"`",
            remedy: "close it",
            example: "apiproxy/proxies/default.xml:6:35: error[CC005]: the string that starts \
                here has no closing `\"`",
        },
        Code {
            code: "CC006",
            severities: &[Severity::Warning],
            what: "a condition that holds for every request, or for none, by the comparisons that it \
                joins",
            remedy: "mend it: most often `or` stands for `and`, or `!=` for `=`",
            example: "apiproxy/proxies/default.xml:4:18: warning[CC006]: the condition always holds, \
                whatever the request",
        },
        Code {
            code: "CC007",
            severities: &[Severity::Error, Severity::Warning],
            what: "a text that is no condition (error); one that Apigee takes and that \
                hardly means what it says",
            remedy: "see the finding",
            example: "apiproxy/proxies/default.xml:10:20: error[CC007]: `<>` is no operator",
        },
        Code {
            code: "CC008",
            severities: &[Severity::Warning],
            what: "two Flows, FaultRules or RouteRules of one endpoint with conditions that say the same, so that \
                one of them never runs, or with one name",
            remedy: "change or delete one",
            example: "apiproxy/proxies/default.xml:11:5: warning[CC008]: Flow `again` has the \
                same Condition as `read`",
        },
        Code {
            code: "GW121",
            severities: &[Severity::Warning],
            what: "a call of something that is no function, or with a number of arguments that it does not take; it stays text",
            remedy: "correct the call",
            example: "apiproxy/policies/AM-Id.xml:3:20: warning[GW121]: `createUid` is no \
                message template function; the call stays text",
        },
        Code {
            code: "GW122",
            severities: &[Severity::Warning],
            what: "a path pattern without a leading slash, which never matches",
            remedy: "start it with `/`",
            example: "apiproxy/proxies/default.xml:14:47: warning[GW122]: the pattern has no \
                leading slash and never matches `proxy.pathsuffix`",
        },
        Code {
            code: "GW123",
            severities: &[Severity::Warning],
            what: "a path pattern with `?`; a path never holds the query",
            remedy: "compare `request.queryparam.NAME`",
            example: "apiproxy/proxies/default.xml:17:47: warning[GW123]: the pattern has a \
                `?`, which `proxy.pathsuffix` never holds",
        },
        Code {
            code: "GW124",
            severities: &[Severity::Warning],
            what: "an argument of a function that is not as documented, and is read as it is meant; or a text \
                that the function cannot use, and the call is empty",
            remedy: "see the finding and [functions](functions.md)",
            example: "AM-Id.xml:4:15: warning[GW124]: `x` in `substring` is no whole number",
        },
    ],
};
