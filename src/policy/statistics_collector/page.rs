//! What the documentation says of StatisticsCollector.

use crate::policy::kind::{ElementRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Records variables for statistics. It never faults.",
    elements: &[
        ElementRow {
            path: "Statistics/Statistic@name",
            default: "required",
            meaning: "what it is recorded as; `organization` and `environment` are refused",
        },
        ElementRow { path: "Statistics/Statistic@ref", default: "", meaning: "the variable" },
        ElementRow {
            path: "Statistics/Statistic@type",
            default: "required",
            meaning: "`string` and `boolean` are counted by their values, `integer`, `long`, `float` \
                and `double` summed up; in any case of letters",
        },
        ElementRow {
            path: "Statistics/Statistic",
            default: "nothing is recorded",
            meaning: "the value where the variable has none",
        },
    ],
    variables: &[],
    faults: &[],
    notes: "A value that is none of its type is not recorded. What is recorded stays in the \
        gateway's memory: at most 1,000 names, and of each 100 different texts of 400 bytes, \
        behind which the rest count as `(other)`.",
};
