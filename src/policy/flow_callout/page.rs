//! What the documentation says of FlowCallout.

use crate::policy::kind::{ElementRow, FaultRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Runs a shared flow: steps that many proxies have in common, deployed as a bundle of \
        their own.",
    elements: &[
        ElementRow {
            path: "SharedFlowBundle",
            default: "required",
            meaning: "the shared flow's name, as its manifest has it",
        },
        ElementRow {
            path: "Parameters/Parameter@name",
            default: "required",
            meaning: "a variable that is set while the flow runs, and then is what it was before",
        },
        ElementRow {
            path: "Parameters/Parameter@ref",
            default: "",
            meaning: "the variable whose value it takes, where that has one",
        },
        ElementRow {
            path: "Parameters/Parameter@value, Parameters/Parameter",
            default: "",
            meaning: "else this message template; the attribute goes before the text. Without either \
                the variable is null",
        },
        ElementRow {
            path: "Parameters@ignoreUnresolvedVariables",
            default: "",
            meaning: "no effect: what has no value is empty",
        },
    ],
    variables: &[VariableRow {
        name: "apigee.edge.sharedflow.name",
        kind: "text",
        meaning: "the shared flow that runs; null outside of one",
    }],
    faults: &[
        FaultRow {
            code: "flow.SharedFlowNotFound",
            status: 500,
            faultstring: "Shared Flow {name} Not Found",
            when: "no shared flow of that name is deployed when the step is reached",
        },
        FaultRow {
            code: "flow.SharedFlowDepthExceeded",
            status: 500,
            faultstring: "Shared Flow {name} is called too deep",
            when: "shared flows call shared flows more than five deep",
        },
    ],
    notes: "The shared flow sees the caller's messages and variables, and what it sets stays. Its \
        policies are its own: a name means the shared flow's policy, not the caller's. A fault \
        inside is a fault of the step that called. A shared flow that is deployed anew serves \
        its callers from their next request on.",
};
