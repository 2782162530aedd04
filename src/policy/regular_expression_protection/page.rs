//! The policy's section of the documentation.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Refuses messages in which a regular expression finds something. Patterns are those \
              of Java, found anywhere in a value; `(?i)` at the start of one makes it ignore case.",
    elements: &[
        ElementRow {
            path: "Source",
            default: "`message`",
            meaning: "The message that is looked into.",
        },
        ElementRow {
            path: "IgnoreUnresolvedVariables",
            default: "`false`",
            meaning: "Whether a Variable without value is passed over. Without it, it faults.",
        },
        ElementRow {
            path: "URIPath/Pattern",
            default: "required",
            meaning: "For the path of a request, as it stands and with its escapes undone.",
        },
        ElementRow {
            path: "QueryParam@name, Header@name, FormParam@name",
            default: "required",
            meaning: "All values of that name, each by itself and a header also as a whole; \
                      `name.2` is the second one alone. A form counts where the Content-Type is \
                      `application/x-www-form-urlencoded`.",
        },
        ElementRow { path: "Variable@name", default: "required", meaning: "The variable." },
        ElementRow {
            path: "QueryParam/Pattern, Header/Pattern, FormParam/Pattern, Variable/Pattern",
            default: "required",
            meaning: "A regular expression; there may be several.",
        },
        ElementRow {
            path: "JSONPayload@escapeSlashCharacter",
            default: "`true`",
            meaning: "Whether objects and lists are looked into a second time with `\\/` for `/`.",
        },
        ElementRow {
            path: "JSONPayload/JSONPath/Expression",
            default: "required",
            meaning: "A [message template](functions.md) that makes a JSON path; each value that \
                      it finds is looked into. Only of a body whose Content-Type is JSON.",
        },
        ElementRow {
            path: "JSONPayload/JSONPath/Pattern",
            default: "required",
            meaning: "A regular expression; there may be several.",
        },
        ElementRow {
            path: "XMLPayload/Namespaces/Namespace@prefix",
            default: "required",
            meaning: "A prefix of the XPaths, for the URI in the element.",
        },
        ElementRow {
            path: "XMLPayload/XPath/Expression",
            default: "required",
            meaning: "An XPath 1.0; each node that it finds is looked into. Only of a body whose \
                      Content-Type is XML.",
        },
        ElementRow {
            path: "XMLPayload/XPath/Type",
            default: "`string`",
            meaning: "`nodeset` looks into the markup of nodes; any other type into their text.",
        },
        ElementRow {
            path: "XMLPayload/XPath/Pattern",
            default: "required",
            meaning: "A regular expression; there may be several.",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.regexprotection.ThreatDetected",
            status: 500,
            faultstring: "Regular Expression Threat Detected in {policy}: regex: {pattern} \
                          input: {value}",
            when: "A pattern finds something. The value is shown up to 1,024 bytes.",
        },
        FaultRow {
            code: "steps.regexprotection.ExecutionFailed",
            status: 500,
            faultstring: "Failed to execute the RegularExpressionProtection StepDefinition \
                          {policy}. Reason: {reason}",
            when: "A body is no JSON or XML, or beyond the limits of either; a template makes no \
                   JSON path; a path or a pattern takes too long; the values that the paths of \
                   a policy find are longer than 16 MiB.",
        },
        FaultRow {
            code: "steps.regexprotection.VariableResolutionFailed",
            status: 500,
            faultstring: "Failed to resolve variable {name}",
            when: "A Variable has no value, and IgnoreUnresolvedVariables is not true.",
        },
        FaultRow {
            code: "steps.regexprotection.NonMessageVariable",
            status: 500,
            faultstring: "Variable {source} does not resolve to a Message",
            when: "The source is no message.",
        },
        FaultRow {
            code: "steps.regexprotection.SourceMessageNotAvailable",
            status: 500,
            faultstring: "{source} message is not available for RegularExpressionProtection \
                          StepDefinition {policy}",
            when: "The source has no value.",
        },
    ],
    notes: "Patterns without look-around, back references, atomic groups and possessive \
            quantifiers take time in proportion to the text. The others run under a limit, and \
            reaching it faults.",
};
