//! What the documentation says of AssignMessage.

use crate::policy::kind::{ElementRow, FaultRow, Page};
use crate::policy::message_builder::page::{element_rows, fault_rows};

pub(super) static PAGE: Page = Page {
    summary: "Makes or changes a message, and sets variables. Its operations run in the order in \
        which they stand.",
    elements: element_rows![
        "",
        ElementRow {
            path: "AssignTo",
            default: "the message in scope",
            meaning: "the message to change: `request`, `response`, `error`, or one of your own",
        },
        ElementRow {
            path: "AssignTo@createNew",
            default: "made where it is not there",
            meaning: "`true`: a new, empty one in its place; `false`: it must be there",
        },
        ElementRow {
            path: "AssignTo@type",
            default: "as the flow has it",
            meaning: "`request` or `response`, for a message that is made",
        },
        ElementRow { path: "AssignTo@transport", default: "", meaning: "no effect" },
        ElementRow {
            path: "Set/Authentication",
            default: "",
            meaning: "profile `x`: a Google token that the message takes along, as a target's \
                calls do. It is set after everything else",
        },
        ElementRow {
            path: "Set/Authentication/GoogleAccessToken/Scopes/Scope, Set/Authentication/GoogleAccessToken/Scopes/Scope@ref",
            default: "",
            meaning: "what an OAuth token is for; as many as there are. `ref` names a variable",
        },
        ElementRow {
            path: "Set/Authentication/GoogleAccessToken/LifetimeInSeconds, Set/Authentication/GoogleAccessToken/LifetimeInSeconds@ref",
            default: "as Google says",
            meaning: "a token that is older is not used. `ref` names a variable",
        },
        ElementRow {
            path: "Set/Authentication/GoogleIDToken/Audience, Set/Authentication/GoogleIDToken/Audience@ref",
            default: "",
            meaning: "whom an OpenID Connect token is for. `ref` names a variable",
        },
        ElementRow {
            path: "Set/Authentication/GoogleIDToken/Audience@useTargetUrl",
            default: "`false`",
            meaning: "no effect: the message's way is not known",
        },
        ElementRow {
            path: "Set/Authentication/GoogleIDToken/IncludeEmail, Set/Authentication/GoogleIDToken/IncludeEmail@ref",
            default: "`false`",
            meaning: "the token names the account. `ref` names a variable",
        },
        ElementRow {
            path: "Set/Authentication/HeaderName, Set/Authentication/HeaderName@ref",
            default: "`Authorization`",
            meaning: "the header that the token goes into. `ref` names a variable",
        },
        ElementRow {
            path: "IgnoreUnresolvedVariables",
            default: "`false`",
            meaning: "`true`: what has no value is the empty text; `false`: it faults",
        },
    ],
    variables: &[],
    faults: fault_rows![
        "steps.assignmessage",
        "AssignMessage",
        FaultRow {
            code: "steps.assignmessage.GoogleTokenGenerationFailure",
            status: 500,
            faultstring: "AssignMessage[{policy}]: failed to generate a Google token",
            when: "`Authentication` asks for a token, and there is none: the log says why",
        },
    ],
    notes: "The message in scope is the request until the target has answered, then the \
        response, and in an error flow the error. Query and form parameters matter only for \
        requests. Within one `Set` the verb comes first and the reason phrase last.",
};
