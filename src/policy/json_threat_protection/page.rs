//! What the documentation says of JSONThreatProtection.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Refuses JSON that is deeper, longer or larger than it may be, before anything parses \
        it. It looks at messages whose `Content-Type` is JSON and that are not empty.",
    elements: &[
        ElementRow {
            path: "Source",
            default: "`request`",
            meaning: "the message: `request`, `response`, `message` or one of your own",
        },
        ElementRow {
            path: "ArrayElementCount",
            default: "no limit",
            meaning: "elements of one array",
        },
        ElementRow {
            path: "ContainerDepth",
            default: "no limit",
            meaning: "arrays and objects inside each other; 10,000 are the limit in any case",
        },
        ElementRow {
            path: "ObjectEntryCount",
            default: "no limit",
            meaning: "entries of one object",
        },
        ElementRow {
            path: "ObjectEntryNameLength",
            default: "no limit",
            meaning: "length of a name",
        },
        ElementRow {
            path: "StringValueLength",
            default: "no limit",
            meaning: "length of a string that is a value",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.jsonthreatprotection.ExecutionFailed",
            status: 500,
            faultstring: "JSONThreatProtection[{policy}]: Execution failed. reason: {reason} at line {n}",
            when: "a limit is exceeded, or the text is no JSON",
        },
        FaultRow {
            code: "steps.jsonthreatprotection.SourceUnavailable",
            status: 500,
            faultstring: "JSONThreatProtection[{policy}]:: Source {name} is not available",
            when: "the message is not there",
        },
        FaultRow {
            code: "steps.jsonthreatprotection.NonMessageVariable",
            status: 500,
            faultstring: "JSONThreatProtection[{policy}]: Variable {name} does not resolve to a Message",
            when: "`Source` holds something else",
        },
    ],
    notes: "A number below 0 is no limit. Lengths are in UTF-16 units. The body is read once and \
        nothing is built from it.",
};
