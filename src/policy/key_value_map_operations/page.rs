//! What the documentation says of KeyValueMapOperations.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Reads, writes and removes entries of a key-value map, in the order in which they \
        stand. An entry is the key-value `{map}/{entry}` of the store, labelled by its scope, so \
        that other doors see it too; those of encrypted maps they do not.",
    elements: &[
        ElementRow {
            path: "@mapIdentifier",
            default: "kvmap",
            meaning: "the map's name; it holds no `/`. Empty: the policy faults",
        },
        ElementRow {
            path: "MapName, MapName@ref",
            default: "",
            meaning: "the map's name, of a variable where there is `ref`; goes before `@mapIdentifier`",
        },
        ElementRow {
            path: "Scope",
            default: "environment",
            meaning: "`organization` (no label), `environment` (the environment's name), `apiproxy` \
                (`{environment}/{proxy}`) or `policy` (`{environment}/{proxy}/{revision}`)",
        },
        ElementRow {
            path: "ExpiryTimeInSecs, ExpiryTimeInSecs@ref, ExpiryTimeInSeconds",
            default: "300",
            meaning: "how long entries in memory are served while the store is away; 0 is the \
                default, less is for ever. `ExpiryTimeInSeconds` is the same",
        },
        ElementRow { path: "ExclusiveCache", default: "", meaning: "without effect" },
        ElementRow {
            path: "InitialEntries/Entry/Key/Parameter, InitialEntries/Entry/Value",
            default: "",
            meaning: "a name and one or more values: written when the proxy is deployed, \
                where the map lacks the entry",
        },
        ElementRow {
            path: "Get@assignTo",
            default: "required",
            meaning: "the variable; it stays as it is where there is no such entry. Of an \
                encrypted map it begins with `private.`",
        },
        ElementRow {
            path: "Get@index",
            default: "",
            meaning: "which of several values, from 1. Without it: the value, or all as a \
                collection",
        },
        ElementRow {
            path: "Get/Key/Parameter, Get/Key/Parameter@ref",
            default: "required",
            meaning: "the entry's name; several parameters are joined with `__`. Where a \
                variable has no value the operation does nothing",
        },
        ElementRow {
            path: "Put@override",
            default: "false",
            meaning: "whether a value that is there is replaced. The map is made where it is \
                missing",
        },
        ElementRow {
            path: "Put/Key/Parameter, Put/Key/Parameter@ref",
            default: "required",
            meaning: "as for `Get`",
        },
        ElementRow {
            path: "Put/Value, Put/Value@ref",
            default: "required",
            meaning: "one or more values; a collection is all of its values",
        },
        ElementRow {
            path: "Delete/Key/Parameter, Delete/Key/Parameter@ref",
            default: "required",
            meaning: "as for `Get`",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.keyvaluemapoperations.SetVariableFailed",
            status: 500,
            faultstring: "Failed to set variable {variable}",
            when: "profile `edge`: a value of an encrypted map goes to a variable that does not \
                begin with `private.`",
        },
        FaultRow {
            code: "steps.keyvaluemapoperations.UnsupportedOperationException",
            status: 500,
            faultstring: concat!("java.lang", ".UnsupportedOperationException"),
            when: "the map's name is empty or holds `/`",
        },
        FaultRow {
            code: "steps.keyvaluemapoperations.EntryNotWritten",
            status: 500,
            faultstring: "The entry was not written: {reason}",
            when: "the entry is locked at another door, or is over 1536 bytes of key, 1024 of \
                label or 1 MiB of value",
        },
        FaultRow {
            code: "steps.keyvaluemapoperations.StoreUnavailable",
            status: 503,
            faultstring: "The key value store is not available",
            when: "the store is away and memory does not have the map, or is older than \
                `ExpiryTimeInSecs`",
        },
    ],
    notes: "Maps that deployed proxies name are in memory: a Get asks no database, and a change of \
        any door shows within 50 ms. Differs: the platform may serve an entry as it was for \
        `ExpiryTimeInSecs` after it changed. A Put answers when the entry is on disk, and the Get \
        after it sees it.",
};
