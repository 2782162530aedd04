//! The page of ResponseCache.

use crate::policy::kind::{ElementRow, FaultRow, Page, VariableRow};

const fn element(path: &'static str, default: &'static str, meaning: &'static str) -> ElementRow {
    ElementRow { path, default, meaning }
}

const fn variable(name: &'static str, kind: &'static str, meaning: &'static str) -> VariableRow {
    VariableRow { name, kind, meaning }
}

pub(super) static PAGE: Page = Page {
    summary: "Answers requests with responses that were kept. Attach one policy twice: in a \
        request flow, where it looks up, and in a response flow, where it stores. A hit skips \
        everything from the first step to the second one, the target included; what stands \
        behind the second step runs. `docs/caches.md` tells more.",
    elements: &[
        element("CacheKey/Prefix", "", "the key's first part, in the place of `Scope`"),
        element("CacheKey/Prefix@ref", "", "the variable that holds it"),
        element("CacheKey/KeyFragment", "", "a further part; any number of them, in their order"),
        element("CacheKey/KeyFragment@ref", "", "the variable that holds it"),
        element("CacheResource", "the shared cache", "the cache's name"),
        element("Scope", "`Exclusive`", "the key's first part where there is no `Prefix`"),
        element(
            "CacheLookupTimeoutInSeconds",
            "30",
            "a cache that has not answered by then is a miss; 0 does not wait at all",
        ),
        element(
            "ExpirySettings",
            "the cache's own expiry",
            "how long a response lives: `TimeoutInSeconds`, `TimeOfDay` or `ExpiryDate`, each \
             with a `ref`",
        ),
        element("SkipCacheLookup", "", "a condition; while it holds the target is asked"),
        element("SkipCachePopulation", "", "a condition; while it holds nothing is stored"),
        element("ExcludeErrorResponse", "false", "store nothing but statuses 200 to 205"),
        element(
            "UseAcceptHeader",
            "false",
            "put the request's Accept, Accept-Encoding, Accept-Language and Accept-Charset behind \
             the key",
        ),
        element(
            "UseResponseCacheHeaders",
            "false",
            "let the response's `s-maxage`, `max-age` or `Expires`, the first that is there, make \
             its life shorter",
        ),
    ],
    variables: &[
        variable(
            "responsecache.{policy}.cachename",
            "text",
            "the cache; `default` for the shared one",
        ),
        variable("responsecache.{policy}.cachekey", "text", "the whole key"),
        variable("responsecache.{policy}.cachehit", "boolean", "whether the answer was kept"),
        variable(
            "responsecache.{policy}.invalidentry",
            "boolean",
            "whether there was an entry that could not be used",
        ),
        variable("responsecache.{policy}.failed", "boolean", "`true` after a fault of the policy"),
    ],
    faults: &[FaultRow {
        code: "steps.cache.CacheNotFound",
        status: 500,
        faultstring: "Cache : {cache}, not found in organization : {organization}__{environment}.",
        when: "the cache is not there",
    }],
    notes: "The key is composed once, at the request side. The policy looks at no verb: guard \
        both steps, or `SkipCacheLookup` and `SkipCachePopulation`, with `request.verb = \"GET\"`. \
        Answers to HEAD and statuses 206 and 304 are never stored, nor is a body over the \
        cache's limit, which is passed on whole.",
};
