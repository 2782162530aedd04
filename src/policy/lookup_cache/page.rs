//! What the documentation says of LookupCache.

use crate::policy::cache_entry::page::{
    CACHE_NOT_FOUND, CACHE_RESOURCE, KEY_FRAGMENT, PREFIX, SCOPE,
};
use crate::policy::kind::{ElementRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Reads an entry of a cache into a variable. A miss is no fault: the flow goes on, and \
        `lookupcache.{policy}.cachehit` says what came of it.",
    elements: &[
        CACHE_RESOURCE,
        PREFIX,
        KEY_FRAGMENT,
        SCOPE,
        ElementRow {
            path: "CacheLookupTimeoutInSeconds",
            default: "30",
            meaning: "a cache that has not answered by then is a miss; 0 does not wait, and less is \
                refused",
        },
        ElementRow {
            path: "AssignTo",
            default: "required",
            meaning: "the variable that a hit sets, with the type that was stored; a miss leaves it \
                as it was",
        },
    ],
    variables: &[
        VariableRow {
            name: "lookupcache.{policy}.cachehit",
            kind: "boolean",
            meaning: "whether the entry was there",
        },
        VariableRow {
            name: "lookupcache.{policy}.cachekey",
            kind: "text",
            meaning: "the key that was asked for",
        },
        VariableRow {
            name: "lookupcache.{policy}.cachename",
            kind: "text",
            meaning: "the cache that was asked",
        },
        VariableRow {
            name: "lookupcache.{policy}.assignto",
            kind: "text",
            meaning: "the name in `AssignTo`",
        },
    ],
    faults: &[CACHE_NOT_FOUND],
    notes: "The four variables are set on a hit and on a miss. How keys are made and what a cache \
        keeps is in [caches](caches.md). Steps that a hit makes needless have the Condition \
        `lookupcache.{policy}.cachehit is false`.",
};
