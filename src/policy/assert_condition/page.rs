//! What the documentation says of AssertCondition.

use crate::policy::kind::{ElementRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Evaluates a condition into a variable, for conditions and messages behind it. It never \
        faults: what cannot be compared is false.",
    elements: &[ElementRow {
        path: "Condition",
        default: "required",
        meaning: "see [conditions](conditions.md)",
    }],
    variables: &[
        VariableRow {
            name: "assertcondition.{policy}.truthValue",
            kind: "boolean",
            meaning: "whether the condition holds",
        },
        VariableRow {
            name: "assertcondition.{policy}.failed",
            kind: "boolean",
            meaning: "always `false`",
        },
    ],
    faults: &[],
    notes: "",
};
