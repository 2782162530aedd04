//! What the documentation says of RaiseFault.

use crate::policy::kind::{ElementRow, FaultRow, Page};
use crate::policy::message_builder::page::{element_rows, fault_rows};

pub(super) static PAGE: Page = Page {
    summary: "Leaves the normal flow with an error message of its own.",
    elements: element_rows![
        "FaultResponse/",
        ElementRow {
            path: "FaultResponse/Set/Authentication",
            default: "",
            meaning: "no effect, and a warning",
        },
        ElementRow {
            path: "IgnoreUnresolvedVariables",
            default: "`false`",
            meaning: "`true`: what has no value is the empty text; `false`: it faults with a code \
                of its own",
        },
        ElementRow {
            path: "ShortFaultReason",
            default: "`false`",
            meaning: "`true`: the default body's text is the policy's name alone",
        },
    ],
    variables: &[],
    faults: fault_rows![
        "steps.raisefault",
        "RaiseFault",
        FaultRow {
            code: "steps.raisefault.RaiseFault",
            status: 500,
            faultstring: "Raising fault. Fault name : {policy}",
            when: "the step is reached; the status is what `Set/StatusCode` says",
        },
    ],
    notes: "The operations of `FaultResponse` work on a new, empty message. Without a `Payload` \
        the client gets the default body with `steps.raisefault.RaiseFault`. The FaultRules of the \
        endpoint run afterwards, and what they set wins ([faults](faults.md)). A RaiseFault inside \
        a FaultRule replaces the error and ends the error flow.",
};
