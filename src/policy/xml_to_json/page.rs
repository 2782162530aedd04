//! What the documentation says of XMLToJSON.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Makes JSON of XML. A message becomes JSON in its place, with the Content-Type \
        `application/json`; a text becomes a text in another variable. A message whose \
        Content-Type is not XML is left alone. Elements of one name inside one parent become an \
        array. Either a `Format` or `Options` must be there.",
    elements: &[
        ElementRow {
            path: "Source",
            default: "`message`",
            meaning: "what to convert: a message, or a variable that holds text",
        },
        ElementRow {
            path: "OutputVariable",
            default: "the source, if it is a message",
            meaning: "where the JSON goes: a message for a message, a text for a text; required \
                where the source is a text. A message that is not there is made",
        },
        ElementRow {
            path: "Format",
            default: "",
            meaning: "`xml.com`, `yahoo`, `google` or `badgerFish`: a set of options, see below",
        },
        ElementRow {
            path: "Options/RecognizeNumber",
            default: "`false`",
            meaning: "what reads as a number of JSON becomes one, digit for digit; `007` stays a \
                text",
        },
        ElementRow {
            path: "Options/RecognizeBoolean",
            default: "`false`",
            meaning: "`true` and `false` become booleans",
        },
        ElementRow {
            path: "Options/RecognizeNull",
            default: "`false`",
            meaning: "an element with nothing inside becomes null instead of `{}`",
        },
        ElementRow {
            path: "Options/NullValue",
            default: "`null`",
            meaning: "a text that stands where null is recognized; `NULL` in any case is JSON's null",
        },
        ElementRow {
            path: "Options/NamespaceSeparator",
            default: "",
            meaning: "stands between prefix and local name; without it names lose their prefixes",
        },
        ElementRow {
            path: "Options/NamespaceBlockName",
            default: "",
            meaning: "the member that shows what an element's tag declares, beside a separator",
        },
        ElementRow {
            path: "Options/DefaultNamespaceNodeName",
            default: "`$default`",
            meaning: "what the default namespace is called in that block",
        },
        ElementRow {
            path: "Options/TextAlwaysAsProperty",
            default: "`false`",
            meaning: "an element that holds text alone becomes an object too",
        },
        ElementRow {
            path: "Options/TextNodeName",
            default: "`#text`",
            meaning: "the member that holds text beside elements or attributes",
        },
        ElementRow {
            path: "Options/AttributeBlockName",
            default: "",
            meaning: "the member that holds the attributes; without it they stand beside the \
                elements",
        },
        ElementRow {
            path: "Options/AttributePrefix",
            default: "",
            meaning: "stands before the name of each attribute",
        },
        ElementRow { path: "Options/OutputPrefix", default: "", meaning: "text before the JSON" },
        ElementRow { path: "Options/OutputSuffix", default: "", meaning: "text behind the JSON" },
        ElementRow {
            path: "Options/StripLevels",
            default: "0",
            meaning: "so many outer elements are left out, at most up to the first with several \
                children",
        },
        ElementRow {
            path: "Options/TreatAsArray/Path",
            default: "",
            meaning: "the way from the root to an element, by `/`, that is an array even where \
                it stands once; may stand several times",
        },
        ElementRow {
            path: "Options/TreatAsArray/Path@unwrap",
            default: "`false`",
            meaning: "the array takes the place of the element around it, if that holds nothing \
                else",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.xml2json.SourceUnavailable",
            status: 500,
            faultstring: "XMLToJSON[{policy}]: Source {variable} is not available",
            when: "the source has no value",
        },
        FaultRow {
            code: "steps.xml2json.ExecutionFailed",
            status: 500,
            faultstring: "XMLToJSON[{policy}]: Execution failed. reason: {reason}",
            when: "the source is empty, is not well-formed, has a document type or keeps no limit",
        },
        FaultRow {
            code: "steps.xml2json.OutputVariableIsNotAvailable",
            status: 500,
            faultstring: "XMLToJSON[{policy}]: Output variable is not available.",
            when: "the source is a text and `OutputVariable` is missing or read-only",
        },
        FaultRow {
            code: "steps.xml2json.InCompatibleTypes",
            status: 500,
            faultstring: "XMLToJSON[{policy}]: String can not be assigned to message type.",
            when: "one of source and output is a message and the other is not",
        },
        FaultRow {
            code: "steps.xml2json.InvalidSourceType",
            status: 500,
            faultstring: "XMLToJSON[class {class}]: Invalid source type class {class}. Valid source types are [message, string].",
            when: "the source is a number, a boolean or a list",
        },
    ],
    notes: "What each format stands for:\n\
        \n\
        | format | options |\n\
        |---|---|\n\
        | `xml.com` | RecognizeNull, AttributePrefix `@`, TextNodeName `#text` |\n\
        | `yahoo` | RecognizeNumber, TextNodeName `content` |\n\
        | `google` | TextAlwaysAsProperty, TextNodeName `$t`, NamespaceSeparator `$` |\n\
        | `badgerFish` | TextAlwaysAsProperty, TextNodeName `$`, AttributePrefix `@`, \
        NamespaceBlockName `@xmlns`, DefaultNamespaceNodeName `$`, NamespaceSeparator `:` |\n\
        \n\
        XML may have 10 MiB, 500 000 nodes and 256 levels; the JSON may have 32 MiB. Comments \
        and processing instructions are left out, CDATA is text, white space alone is nothing.",
};
