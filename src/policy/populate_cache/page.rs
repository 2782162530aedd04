//! What the documentation says of PopulateCache.

use crate::policy::cache_entry::page::{
    CACHE_NOT_FOUND, CACHE_RESOURCE, KEY_FRAGMENT, PREFIX, SCOPE,
};
use crate::policy::kind::{ElementRow, FaultRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Stores the value of a variable in a cache, for a LookupCache of the same cache and key.",
    elements: &[
        CACHE_RESOURCE,
        PREFIX,
        KEY_FRAGMENT,
        SCOPE,
        ElementRow {
            path: "ExpirySettings/TimeoutInSeconds, ExpirySettings/TimeoutInSeconds@ref",
            default: "the cache's own expiry, with a warning",
            meaning: "seconds from now on, by the variable, else by the text; goes before the other \
                two. 0 or less stores nothing; 30 days are the most",
        },
        ElementRow {
            path: "ExpirySettings/TimeOfDay, ExpirySettings/TimeOfDay@ref",
            default: "",
            meaning: "the next time that the clock shows `hh:mm:ss`, in the `time_zone` of \
                `tollgate.toml`",
        },
        ElementRow {
            path: "ExpirySettings/ExpiryDate, ExpirySettings/ExpiryDate@ref",
            default: "",
            meaning: "the beginning of the day `mm-dd-yyyy`, in that zone; a past day stores nothing",
        },
        ElementRow {
            path: "ExpirySettings/TimeoutInSec, ExpirySettings/TimeoutInSec@ref",
            default: "",
            meaning: "as `TimeoutInSeconds`, which it gives way to; deprecated, and its `ref` has no \
                effect",
        },
        ElementRow {
            path: "Source",
            default: "required",
            meaning: "the name of the variable; one without a value stores nothing",
        },
    ],
    variables: &[
        VariableRow {
            name: "populatecache.{policy}.cachekey",
            kind: "text",
            meaning: "the key of the entry",
        },
        VariableRow {
            name: "populatecache.{policy}.cachename",
            kind: "text",
            meaning: "the cache",
        },
    ],
    faults: &[
        CACHE_NOT_FOUND,
        FaultRow {
            code: "policies.populatecache.EntryCannotBeCached",
            status: 500,
            faultstring: "Entry {0} can not be cached. Only serializable entries are cached.",
            when: "`Source` is a message or a collection; the placeholder is part of the text",
        },
    ],
    notes: "A text, a number, a flag and bytes keep their type. What the cache has no room for, or \
        refuses as too large, is no fault: see [caches](caches.md). A `ref` that has no value, \
        or one that cannot be read, falls back to the text.",
};
