//! What the documentation says of InvalidateCache.

use crate::policy::cache_entry::page::{
    CACHE_NOT_FOUND, CACHE_RESOURCE, KEY_FRAGMENT, PREFIX, SCOPE,
};
use crate::policy::kind::{ElementRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Removes one entry from a cache before it expires, or all that share a prefix. What is \
        not there is no fault.",
    elements: &[
        CACHE_RESOURCE,
        PREFIX,
        KEY_FRAGMENT,
        SCOPE,
        ElementRow {
            path: "PurgeChildEntries",
            default: "`false`",
            meaning: "`true`: the entry `P` of the `Prefix` and every one whose key begins with \
                `P__`, whatever the fragments say. Without a `Prefix` the whole key counts as \
                one",
        },
        ElementRow {
            path: "CacheContext/APIProxyName, CacheContext/APIProxyName@ref",
            default: "the own proxy",
            meaning: "the proxy whose entries a key without `Prefix` means, in the revision that is \
                deployed now",
        },
        ElementRow {
            path: "CacheContext/ProxyName, CacheContext/ProxyName@ref",
            default: "the own ProxyEndpoint",
            meaning: "the ProxyEndpoint in such a key",
        },
        ElementRow {
            path: "CacheContext/TargetName, CacheContext/TargetName@ref",
            default: "the own TargetEndpoint",
            meaning: "the TargetEndpoint in such a key",
        },
    ],
    variables: &[
        VariableRow {
            name: "invalidatecache.{policy}.cachekey",
            kind: "text",
            meaning: "the key of the entry",
        },
        VariableRow {
            name: "invalidatecache.{policy}.cachename",
            kind: "text",
            meaning: "the cache",
        },
    ],
    faults: &[CACHE_NOT_FOUND],
    notes: "`CacheContext` has no effect beside a `Prefix`. A purge of `user` spares `username__1`.",
};
