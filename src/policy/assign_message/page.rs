//! What the documentation says of AssignMessage.

use crate::policy::kind::{ElementRow, Page};
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
            path: "IgnoreUnresolvedVariables",
            default: "`false`",
            meaning: "`true`: what has no value is the empty text; `false`: it faults",
        },
    ],
    variables: &[],
    faults: fault_rows!["steps.assignmessage", "AssignMessage",],
    notes: "The message in scope is the request until the target has answered, then the \
        response, and in an error flow the error. Query and form parameters matter only for \
        requests. Within one `Set` the verb comes first and the reason phrase last.",
};
