//! The policy's section of the documentation.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Takes parts of a message, or of a text in a variable, apart into variables. \
              Extractions run in the order in which they are written, and each sees what those \
              before it have set.",
    elements: &[
        ElementRow {
            path: "Source",
            default: "`message`",
            meaning: "The message or the variable that is looked into.",
        },
        ElementRow {
            path: "Source@clearPayload",
            default: "`false`",
            meaning: "Empties the message's body afterwards, or removes the variable.",
        },
        ElementRow {
            path: "VariablePrefix",
            default: "",
            meaning: "Stands before the names of all variables that are set, with a dot between.",
        },
        ElementRow {
            path: "IgnoreUnresolvedVariables",
            default: "`false`",
            meaning: "Whether a source without value, a JSON path or an XPath that leads nowhere \
                      and a variable without value inside a JSON path are passed over. Without \
                      it they fault.",
        },
        ElementRow {
            path: "URIPath/Pattern",
            default: "",
            meaning: "Matched against `proxy.pathsuffix` where the source is a request: `{name}` \
                      and `*` stand for one segment or a part of one, `**` for several segments. \
                      Of the patterns that match, the one with most segments counts, then the \
                      first one.",
        },
        ElementRow {
            path: "QueryParam@name",
            default: "required",
            meaning: "The parameter; `name.2` is its second value, `name.values` are all. A \
                      response has none.",
        },
        ElementRow {
            path: "Header@name",
            default: "required",
            meaning: "The header, indexed in the same way.",
        },
        ElementRow {
            path: "FormParam@name",
            default: "required",
            meaning: "The parameter of a form, indexed in the same way. Only of a body whose \
                      Content-Type is `application/x-www-form-urlencoded`.",
        },
        ElementRow { path: "Variable@name", default: "required", meaning: "The variable." },
        ElementRow {
            path: "QueryParam/Pattern, Header/Pattern, FormParam/Pattern, Variable/Pattern",
            default: "",
            meaning: "Matched against the whole value: `{name}` takes as little as it can, `*` is \
                      any run of characters. The first pattern that matches counts.",
        },
        ElementRow {
            path: "URIPath/Pattern@ignoreCase, QueryParam/Pattern@ignoreCase, \
                   Header/Pattern@ignoreCase, FormParam/Pattern@ignoreCase, \
                   Variable/Pattern@ignoreCase",
            default: "`false`",
            meaning: "Whether ASCII letters match in either case.",
        },
        ElementRow {
            path: "JSONPayload/Variable@name, XMLPayload/Variable@name",
            default: "required",
            meaning: "The variable to set.",
        },
        ElementRow {
            path: "JSONPayload/Variable@type, XMLPayload/Variable@type",
            default: "`string`",
            meaning: "`string`, `boolean`, `integer`, `long`, `float`, `double`, or `nodeset` for \
                      the part of the document as it is written.",
        },
        ElementRow {
            path: "JSONPayload/Variable/JSONPath",
            default: "required",
            meaning: "A [message template](functions.md) that makes a JSON path. Several values \
                      are one list, such as `[\"a\",\"b\"]`. Only of a variable, or of a body \
                      whose Content-Type is `application/json`.",
        },
        ElementRow {
            path: "XMLPayload@stopPayloadProcessing",
            default: "`false`",
            meaning: "Ends with the first variable that is set.",
        },
        ElementRow {
            path: "XMLPayload/Namespaces/Namespace@prefix",
            default: "required",
            meaning: "A prefix of the XPaths, for the URI in the element.",
        },
        ElementRow {
            path: "XMLPayload/Variable/XPath",
            default: "required",
            meaning: "An XPath 1.0. Only of a variable, or of a body whose Content-Type is \
                      `text/xml`, `application/xml` or `application/*+xml`.",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.extractvariables.SourceMessageNotAvailable",
            status: 500,
            faultstring: "{source} message is not available for ExtractVariable: {policy}",
            when: "The source has no value.",
        },
        FaultRow {
            code: "steps.extractvariables.JsonPathParsingFailure",
            status: 500,
            faultstring: "ExtractVariables {policy}: Json path parsing failed for for flow \
                          variables {source}",
            when: "A variable that should hold JSON does not, or the source is a part of a \
                   message that is not there.",
        },
        FaultRow {
            code: "steps.extractvariables.ExecutionFailed",
            status: 500,
            faultstring: "Failed to execute the ExtractVariables: {policy}",
            when: "A body is empty or no JSON or XML, or beyond the limits of either; an XPath \
                   leads nowhere; a path takes too long; the text of several values is longer \
                   than 16 MiB.",
        },
        FaultRow {
            code: "steps.extractvariables.InvalidJSONPath",
            status: 500,
            faultstring: "Invalid JSON path {path} in policy {policy}.",
            when: "A JSON path leads nowhere, or its template makes none.",
        },
        FaultRow {
            code: "steps.extractvariables.UnableToCast",
            status: 500,
            faultstring: "Unable to cast value {value} as {type}.",
            when: "A value is none of its type.",
        },
        FaultRow {
            code: "steps.extractvariables.ImmutableVariable",
            status: 500,
            faultstring: "Variable {name} is immutable in ExtractVariables: {policy}",
            when: "The variable to set is read-only.",
        },
        FaultRow {
            code: "steps.extractvariables.SetVariableFailed",
            status: 500,
            faultstring: "Failed to set variable {name} value {value} from ExtractVariables: \
                          {policy}",
            when: "The variable's name continues that of one that was set before, as `a.b.c` \
                   continues `a.b`; or it does not take the value.",
        },
    ],
    notes: "In a pattern `%` before `{`, `}` or `*` takes that character as it stands: \
            `%{user%} {name}` matches `{user} Steve`.\n\n\
            A pattern that does not match, and `null`, leave their variables as they were. A \
            number loses its fraction where the type is `integer` or `long`.",
};
