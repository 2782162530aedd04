//! What the documentation says of JSONToXML.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Makes XML of JSON. A message becomes XML in its place, with the Content-Type \
        `application/xml`; a text becomes a text in another variable. A message whose \
        Content-Type is not JSON is left alone. An object with one member has that member as \
        its root element, another has the root of `ObjectRootElementName`. What is made is \
        well-formed whatever names the JSON has.",
    elements: &[
        ElementRow {
            path: "Source",
            default: "`message`",
            meaning: "what to convert: a message, or a variable that holds text",
        },
        ElementRow {
            path: "OutputVariable",
            default: "the source, if it is a message",
            meaning: "where the XML goes: a message for a message, a text for a text; required \
                where the source is a text. A message that is not there is made",
        },
        ElementRow {
            path: "Options/NullValue",
            default: "`NULL`",
            meaning: "a text that becomes an empty element, as null does",
        },
        ElementRow {
            path: "Options/NamespaceBlockName",
            default: "`#namespaces`",
            meaning: "the member whose members are declarations: prefix to namespace",
        },
        ElementRow {
            path: "Options/DefaultNamespaceNodeName",
            default: "`$default`",
            meaning: "what the default namespace is called in that block",
        },
        ElementRow {
            path: "Options/NamespaceSeparator",
            default: "`:`",
            meaning: "stands between a declared prefix and a local name",
        },
        ElementRow {
            path: "Options/TextNodeName",
            default: "`#text`",
            meaning: "the member that becomes text of its element",
        },
        ElementRow {
            path: "Options/AttributeBlockName",
            default: "`#attrs`",
            meaning: "the member whose members become attributes",
        },
        ElementRow {
            path: "Options/AttributePrefix",
            default: "`@`",
            meaning: "a member whose name begins so becomes an attribute; `@xmlns` declares",
        },
        ElementRow {
            path: "Options/ObjectRootElementName",
            default: "`Root`",
            meaning: "the root of an object that has not one member alone",
        },
        ElementRow {
            path: "Options/ArrayRootElementName",
            default: "`Array`",
            meaning: "the root of an array",
        },
        ElementRow {
            path: "Options/ArrayItemElementName",
            default: "`Item`",
            meaning: "an item of an array that no member's name stands for",
        },
        ElementRow {
            path: "Options/InvalidCharsReplacement",
            default: "`_`",
            meaning: "stands for characters that a name or a text of XML cannot have",
        },
        ElementRow {
            path: "Options/OmitXmlDeclaration",
            default: "`false`",
            meaning: "leaves out `<?xml …?>`",
        },
        ElementRow {
            path: "Options/Indent",
            default: "`false`",
            meaning: "one line for each element",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.json2xml.SourceUnavailable",
            status: 500,
            faultstring: "JSONToXML[{policy}]: Source {variable} is not available",
            when: "the source has no value",
        },
        FaultRow {
            code: "steps.json2xml.ExecutionFailed",
            status: 500,
            faultstring: "JSONToXML[{policy}]: Execution failed due to reason: {reason}",
            when: "the source is empty, is no object and no array, or keeps no limit",
        },
        FaultRow {
            code: "steps.json2xml.OutputVariableIsNotAvailable",
            status: 500,
            faultstring: "JSONToXML[{policy}]: Output variable is not available.",
            when: "the source is a text and `OutputVariable` is missing or read-only",
        },
        FaultRow {
            code: "steps.json2xml.InCompatibleTypes",
            status: 500,
            faultstring: "JSONToXML[{policy}]: String can not be assigned to message type.",
            when: "one of source and output is a message and the other is not",
        },
        FaultRow {
            code: "steps.json2xml.InvalidSourceType",
            status: 500,
            faultstring: "JSONToXML[class {class}]: Invalid source type class {class}. Valid source types are [message, string].",
            when: "the source is a number, a boolean or a list",
        },
    ],
    notes: "Inside an object an array becomes one element for each item, and an empty one none. \
        Numbers stand as they are written. JSON may have 10 MiB, 1 000 000 values and 100 \
        levels; the XML may have 32 MiB and 100 namespaces in one place.",
};
