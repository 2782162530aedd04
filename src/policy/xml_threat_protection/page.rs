//! What the documentation says of XMLThreatProtection.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Refuses XML that is deeper, longer or larger than it may be, before anything parses \
        it. It looks at messages whose `Content-Type` is XML and that are not empty.",
    elements: &[
        ElementRow {
            path: "Source",
            default: "`request`",
            meaning: "the message: `request`, `response`, `message` or one of your own",
        },
        ElementRow {
            path: "NameLimits/Element, NameLimits/Attribute, NameLimits/NamespacePrefix, \
                NameLimits/ProcessingInstructionTarget",
            default: "no limit",
            meaning: "lengths of names; a prefix counts by itself",
        },
        ElementRow {
            path: "StructureLimits/NodeDepth",
            default: "no limit",
            meaning: "elements inside each other; 10,000 are the limit in any case",
        },
        ElementRow {
            path: "StructureLimits/AttributeCountPerElement",
            default: "no limit",
            meaning: "attributes of one element, without declarations of namespaces",
        },
        ElementRow {
            path: "StructureLimits/NamespaceCountPerElement",
            default: "no limit",
            meaning: "declarations of namespaces of one element",
        },
        ElementRow {
            path: "StructureLimits/ChildCount",
            default: "no limit",
            meaning: "children of one element",
        },
        ElementRow {
            path: "StructureLimits/ChildCount@includeComment, \
                StructureLimits/ChildCount@includeElement, \
                StructureLimits/ChildCount@includeProcessingInstruction, \
                StructureLimits/ChildCount@includeText",
            default: "`true`",
            meaning: "what counts as a child; white space between elements never does",
        },
        ElementRow {
            path: "ValueLimits/Text, ValueLimits/Attribute, ValueLimits/NamespaceURI, \
                ValueLimits/Comment, ValueLimits/ProcessingInstructionData",
            default: "no limit",
            meaning: "lengths of values",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.xmlthreatprotection.ExecutionFailed",
            status: 500,
            faultstring: "XMLThreatProtection stepDefinition {policy}: Execution failed. reason: \
                {reason}",
            when: "a limit is exceeded, or the text is no XML",
        },
        FaultRow {
            code: "steps.xmlthreatprotection.SourceUnavailable",
            status: 500,
            faultstring: "XMLThreatProtection stepDefinition {policy}: Source {name} is not available",
            when: "the message is not there",
        },
        FaultRow {
            code: "steps.xmlthreatprotection.NonMessageVariable",
            status: 500,
            faultstring: "Variable {name} does not resolve to a Message",
            when: "`Source` holds something else",
        },
    ],
    notes: "A number below 0 is no limit. Lengths are in characters; a reference is one. The body \
        is read once and nothing is built from it. A document type declaration with an \
        internal subset is refused, and so is an entity that is not one of XML's five.",
};
