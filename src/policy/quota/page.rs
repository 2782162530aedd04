//! What the documentation says of Quota.

use crate::policy::kind::{ElementRow, FaultRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Lets so many messages of each client through in an interval, and answers 429 to the \
        rest.",
    elements: &[
        ElementRow {
            path: "@type",
            default: "`default`",
            meaning: "`default`: an interval ends with the minute, hour, day, week (after Sunday) or \
                month, in GMT; `calendar`: from `StartTime` on; `flexi`: from the first \
                message on; `rollingwindow`: what counts is the time before each message, in \
                sixtieths of the interval",
        },
        ElementRow {
            path: "Allow@count, Allow@countRef",
            default: "0",
            meaning: "the limit; the variable goes before the number",
        },
        ElementRow {
            path: "Allow/Class@ref",
            default: "",
            meaning: "a variable: each of its values may have a limit and a counter of its own",
        },
        ElementRow {
            path: "Allow/Class/Allow@class, Allow/Class/Allow@count, Allow/Class/Allow@countRef",
            default: "",
            meaning: "a value of that variable and its limit; a value that is not listed has the \
                limit of the outer `Allow`",
        },
        ElementRow {
            path: "Interval, Interval@ref",
            default: "must have a value",
            meaning: "how many units; the variable goes before the number",
        },
        ElementRow {
            path: "TimeUnit, TimeUnit@ref",
            default: "must have a value",
            meaning: "`second`, `minute`, `hour`, `day`, `week`, `month` or `year`",
        },
        ElementRow {
            path: "StartTime",
            default: "",
            meaning: "`yyyy-MM-dd HH:mm:ss` in GMT, of `calendar` alone; a month then has 28 days",
        },
        ElementRow {
            path: "Identifier@ref",
            default: "`_default`",
            meaning: "whose messages are counted apart",
        },
        ElementRow {
            path: "MessageWeight@ref",
            default: "1",
            meaning: "how many messages this one counts as; 0 is let through and not counted",
        },
        ElementRow {
            path: "UseQuotaConfigInAPIProduct@stepName",
            default: "",
            meaning: "the limits of the API product that the VerifyAPIKey policy of that name, or \
                OAuthV2, found: `verifyapikey.{stepName}.apiproduct.developer.quota.*`, else \
                `apiproduct.developer.quota.*`",
        },
        ElementRow {
            path: "UseQuotaConfigInAPIProduct/DefaultConfig/Allow@count, \
                UseQuotaConfigInAPIProduct/DefaultConfig/Allow@countRef, \
                UseQuotaConfigInAPIProduct/DefaultConfig/Interval, \
                UseQuotaConfigInAPIProduct/DefaultConfig/Interval@ref, \
                UseQuotaConfigInAPIProduct/DefaultConfig/TimeUnit, \
                UseQuotaConfigInAPIProduct/DefaultConfig/TimeUnit@ref",
            default: "the elements outside",
            meaning: "the limits where no product has any",
        },
        ElementRow {
            path: "UseQuotaConfigInAPIProduct/DefaultConfig/Allow/Class@ref, \
                UseQuotaConfigInAPIProduct/DefaultConfig/Allow/Class/Allow@class, \
                UseQuotaConfigInAPIProduct/DefaultConfig/Allow/Class/Allow@count, \
                UseQuotaConfigInAPIProduct/DefaultConfig/Allow/Class/Allow@countRef",
            default: "",
            meaning: "as `Allow/Class` outside",
        },
        ElementRow {
            path: "SharedName",
            default: "the policy's name",
            meaning: "policies of a proxy with one name share the counter",
        },
        ElementRow {
            path: "CountOnly",
            default: "`false`",
            meaning: "`true`: counts without a limit",
        },
        ElementRow {
            path: "EnforceOnly",
            default: "`false`",
            meaning: "`true`: enforces without counting",
        },
        ElementRow {
            path: "Distributed, Synchronous, AsynchronousConfiguration/SyncIntervalInSeconds, \
                AsynchronousConfiguration/SyncMessageCount",
            default: "",
            meaning: "no effect, though checked as Apigee checks them: one gateway counts exactly",
        },
        ElementRow {
            path: "PreciseAtSecondsLevel, DataStoreFailureModeOpen",
            default: "",
            meaning: "no effect",
        },
    ],
    variables: &[
        VariableRow {
            name: "ratelimit.{policy}.allowed.count",
            kind: "long",
            meaning: "the limit",
        },
        VariableRow {
            name: "ratelimit.{policy}.used.count",
            kind: "long",
            meaning: "how many messages were let through in the interval",
        },
        VariableRow {
            name: "ratelimit.{policy}.available.count",
            kind: "long",
            meaning: "how many more it lets through",
        },
        VariableRow {
            name: "ratelimit.{policy}.exceed.count",
            kind: "long",
            meaning: "1 where this message violated the quota, else 0",
        },
        VariableRow {
            name: "ratelimit.{policy}.total.exceed.count",
            kind: "long",
            meaning: "how many messages of the interval violated it",
        },
        VariableRow {
            name: "ratelimit.{policy}.expiry.time",
            kind: "long",
            meaning: "when the interval ends, in milliseconds since 1970",
        },
        VariableRow {
            name: "ratelimit.{policy}.identifier",
            kind: "text",
            meaning: "whose messages were counted",
        },
        VariableRow {
            name: "ratelimit.{policy}.class",
            kind: "text",
            meaning: "the class, where one matched",
        },
        VariableRow {
            name: "ratelimit.{policy}.class.allowed.count",
            kind: "long",
            meaning: "`allowed.count` of the class",
        },
        VariableRow {
            name: "ratelimit.{policy}.class.used.count",
            kind: "long",
            meaning: "`used.count` of the class",
        },
        VariableRow {
            name: "ratelimit.{policy}.class.available.count",
            kind: "long",
            meaning: "`available.count` of the class",
        },
        VariableRow {
            name: "ratelimit.{policy}.class.exceed.count",
            kind: "long",
            meaning: "`exceed.count` of the class",
        },
        VariableRow {
            name: "ratelimit.{policy}.class.total.exceed.count",
            kind: "long",
            meaning: "`total.exceed.count` of the class",
        },
    ],
    faults: &[
        FaultRow {
            code: "policies.ratelimit.QuotaViolation",
            status: 429,
            faultstring: "Rate limit quota violation. Quota limit  exceeded. Identifier : {identifier}",
            when: "the message is one too many",
        },
        FaultRow {
            code: "policies.ratelimit.FailedToResolveQuotaIntervalReference",
            status: 500,
            faultstring: "Failed to resolve quota interval reference {name} in quota policy {1}",
            when: "`Interval` has no value; `{1}` is part of the text",
        },
        FaultRow {
            code: "policies.ratelimit.FailedToResolveQuotaIntervalTimeUnitReference",
            status: 500,
            faultstring: "Failed to resolve quota time unit reference {name} in quota policy {1}",
            when: "`TimeUnit` has no value; `{1}` is part of the text",
        },
        FaultRow {
            code: "policies.ratelimit.InvalidMessageWeight",
            status: 500,
            faultstring: "Invalid message weight value {value}",
            when: "`MessageWeight` is no whole number of 0 or more",
        },
    ],
    notes: "Counters live where those of [SpikeArrest](#spikearrest) do, and \
        [ResetQuota](#resetquota) takes messages off them.",
};
