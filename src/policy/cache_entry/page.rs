//! The rows that the cache policies share.

use crate::policy::kind::{ElementRow, FaultRow};

pub(in crate::policy) const CACHE_RESOURCE: ElementRow = ElementRow {
    path: "CacheResource",
    default: "the shared cache",
    meaning: "the named cache; one that the environment does not have refuses the bundle, and is \
        made under profile `x`",
};

pub(in crate::policy) const PREFIX: ElementRow = ElementRow {
    path: "CacheKey/Prefix, CacheKey/Prefix@ref",
    default: "what `Scope` says",
    meaning: "the first part of the key, by the variable, else by the text",
};

pub(in crate::policy) const KEY_FRAGMENT: ElementRow = ElementRow {
    path: "CacheKey/KeyFragment, CacheKey/KeyFragment@ref",
    default: "",
    meaning: "one more part of the key, by the variable, else by the text; as many as are \
        needed, in their order. `CacheKey` itself is required",
};

pub(in crate::policy) const SCOPE: ElementRow = ElementRow {
    path: "Scope",
    default: "`Exclusive`",
    meaning: "the first part of a key without `Prefix`: `Global`, `Application`, `Proxy`, \
        `Target` or `Exclusive`",
};

pub(in crate::policy) const CACHE_NOT_FOUND: FaultRow = FaultRow {
    code: "steps.cache.CacheNotFound",
    status: 500,
    faultstring: "Cache : {cache}, not found in organization : {organization}__{environment}.",
    when: "the environment does not have the cache of the policy any more",
};
