//! The policy's section of the documentation.

use crate::policy::kind::{ElementRow, FaultRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Collects values of a request for statistics. They are recorded when the request is \
              over, under the names of their data collectors: numbers are summed up, other texts \
              counted. Of several values for one data collector the last one counts.",
    elements: &[
        ElementRow {
            path: "IgnoreUnresolvedVariables",
            default: "`false`",
            meaning: "Whether what is not there is passed over. Without it, it faults.",
        },
        ElementRow {
            path: "ThrowExceptionOnLimit",
            default: "`false`",
            meaning: "Whether a value over 400 bytes, and a request's 101st data collector, \
                      fault. Without it the value is cut and the data collector left out.",
        },
        ElementRow {
            path: "Capture/DataCollector",
            default: "required",
            meaning: "The name to record under; each stands once in a policy.",
        },
        ElementRow {
            path: "Capture/DataCollector@scope",
            default: "",
            meaning: "`monetization`; it changes nothing here.",
        },
        ElementRow {
            path: "Capture/Collect@ref",
            default: "",
            meaning: "The variable to collect, where Collect has no part of a message inside.",
        },
        ElementRow {
            path: "Capture/Collect@default",
            default: "",
            meaning: "What is collected where there is no value.",
        },
        ElementRow {
            path: "Capture/Collect/Source",
            default: "`message`",
            meaning: "The message that is looked into.",
        },
        ElementRow {
            path: "Capture/Collect/URIPath/Pattern",
            default: "",
            meaning: "Matched against `proxy.pathsuffix` where the source is a request. `{$}` is \
                      what is collected; the first pattern that matches counts.",
        },
        ElementRow {
            path: "Capture/Collect/QueryParam@name, Capture/Collect/Header@name, \
                   Capture/Collect/FormParam@name",
            default: "required",
            meaning: "Named as in [ExtractVariables](#extractvariables).",
        },
        ElementRow {
            path: "Capture/Collect/QueryParam/Pattern, Capture/Collect/Header/Pattern, \
                   Capture/Collect/FormParam/Pattern",
            default: "required",
            meaning: "Matched against the whole value. `{$}` is what is collected; the first \
                      pattern that matches counts.",
        },
        ElementRow {
            path: "Capture/Collect/URIPath/Pattern@ignoreCase, \
                   Capture/Collect/QueryParam/Pattern@ignoreCase, \
                   Capture/Collect/Header/Pattern@ignoreCase, \
                   Capture/Collect/FormParam/Pattern@ignoreCase",
            default: "`false`",
            meaning: "Whether ASCII letters match in either case.",
        },
        ElementRow {
            path: "Capture/Collect/JSONPayload/JSONPath",
            default: "required",
            meaning: "A [message template](functions.md) that makes a JSON path, for a body whose \
                      Content-Type is `application/json`.",
        },
        ElementRow {
            path: "Capture/Collect/XMLPayload/Namespaces/Namespace@prefix",
            default: "required",
            meaning: "A prefix of the XPath, for the URI in the element.",
        },
        ElementRow {
            path: "Capture/Collect/XMLPayload/XPath",
            default: "required",
            meaning: "An XPath 1.0, for a body whose Content-Type is `text/xml`, \
                      `application/xml` or `application/*+xml`.",
        },
    ],
    variables: &[VariableRow {
        name: "dataCapturePolicyErrors",
        kind: "text",
        meaning: "A JSON list of what the request's DataCapture policies could not collect, each \
                  with `errorType`, `policyName` and `dataCollector`, up to 400 bytes.",
    }],
    faults: &[
        FaultRow {
            code: "steps.datacapture.UnresolvedVariable",
            status: 500,
            faultstring: "Failed to resolve variable {name}",
            when: "The variable or the source has no value.",
        },
        FaultRow {
            code: "steps.datacapture.PrivateVariableAccess",
            status: 500,
            faultstring: "Variable {name} is private",
            when: "The variable's name begins with `private.`.",
        },
        FaultRow {
            code: "steps.datacapture.NonMsgVariable",
            status: 500,
            faultstring: "Variable {source} does not resolve to a Message",
            when: "The source is no message.",
        },
        FaultRow {
            code: "steps.datacapture.InvalidMsgContentType",
            status: 500,
            faultstring: "The content type of {source} is not {format}",
            when: "The body is not what JSONPayload or XMLPayload looks into.",
        },
        FaultRow {
            code: "steps.datacapture.MsgContentParsingFailed",
            status: 500,
            faultstring: "The content of {source} failed to be parsed: {reason}",
            when: "The body is no JSON or XML, or beyond the limits of either.",
        },
        FaultRow {
            code: "steps.datacapture.JSONPathQueryFailed",
            status: 500,
            faultstring: "JSONPath {path} {reason}",
            when: "The path leads nowhere, takes too long, finds values of more than 16 MiB, or its \
                   template makes none.",
        },
        FaultRow {
            code: "steps.datacapture.XPathEvaluationFailed",
            status: 500,
            faultstring: "XPath {path} {reason}",
            when: "The path leads nowhere or takes too long.",
        },
        FaultRow {
            code: "steps.datacapture.ExtractionFailure",
            status: 500,
            faultstring: "No pattern matches {what}",
            when: "The part of the message is not there, or no pattern matches it.",
        },
        FaultRow {
            code: "steps.datacapture.VariableCountLimitExceeded",
            status: 500,
            faultstring: "{collector} would be one more than 100 variables",
            when: "The request has filled 100 data collectors, and ThrowExceptionOnLimit is true.",
        },
        FaultRow {
            code: "steps.datacapture.VariableValueLimitExceeded",
            status: 500,
            faultstring: "The value for {collector} is longer than 400 bytes",
            when: "A value is too long, and ThrowExceptionOnLimit is true.",
        },
    ],
    notes: "All captures of a policy are tried before the first failure faults. With `default`, \
            nothing that is merely not there is a failure. Data collectors need not be created \
            before and have no type of their own.",
};
