//! What the documentation says of SpikeArrest.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Lets messages through no faster than a rate, and answers 429 to the rest.",
    elements: &[
        ElementRow {
            path: "Rate, Rate@ref",
            default: "required",
            meaning: "`10ps` (a second) or `12pm` (a minute), as text or message template; the \
                variable goes before the text",
        },
        ElementRow {
            path: "Identifier@ref",
            default: "all together",
            meaning: "whose messages are counted apart",
        },
        ElementRow {
            path: "MessageWeight@ref",
            default: "1",
            meaning: "how many messages this one counts as; 0 counts nothing",
        },
        ElementRow {
            path: "UseEffectiveCount",
            default: "`false`",
            meaning: "`false`: messages are spaced evenly, `12pm` is one in five seconds; `true`: \
                those of the last second or minute are counted, the part of the period before \
                by its share",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "policies.ratelimit.SpikeArrestViolation",
            status: 429,
            faultstring: "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod={n}, \
                periodInMicroseconds={n}, maxBurstMessageCount={n}.0}",
            when: "the message is one too many",
        },
        FaultRow {
            code: "policies.ratelimit.FailedToResolveSpikeArrestRate",
            status: 500,
            faultstring: "Failed to resolve Spike Arrest Rate reference {name} in SpikeArrest policy \
                {policy}",
            when: "the variable of `Rate` has no value, and there is no text",
        },
        FaultRow {
            code: "policies.ratelimit.InvalidAllowedRate",
            status: 500,
            faultstring: "Invalid spike arrest rate {rate}.",
            when: "the variable or the template holds no rate",
        },
        FaultRow {
            code: "policies.ratelimit.InvalidMessageWeight",
            status: 500,
            faultstring: "Invalid message weight value {value}",
            when: "`MessageWeight` is no whole number of 0 or more",
        },
    ],
    notes: "Counters live in the memory of one gateway and outlive a redeployment. There are at \
        most 131,072 of them; beyond that the one that is idle longest is forgotten.",
};
