//! What the documentation says of ResponseCache.

use crate::policy::cache_entry::page::{
    CACHE_NOT_FOUND, CACHE_RESOURCE, KEY_FRAGMENT, PREFIX, SCOPE,
};
use crate::policy::kind::{ElementRow, Page, VariableRow};

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
        behind the second step runs. [Caches](caches.md) tell more.",
    elements: &[
        CACHE_RESOURCE,
        PREFIX,
        KEY_FRAGMENT,
        SCOPE,
        element(
            "CacheLookupTimeoutInSeconds",
            "30",
            "a cache that has not answered by then is a miss; 0 does not wait, and less is refused",
        ),
        element(
            "ExpirySettings/TimeoutInSeconds, ExpirySettings/TimeoutInSeconds@ref",
            "the cache's own expiry",
            "for how many seconds a response is kept",
        ),
        element(
            "ExpirySettings/TimeOfDay, ExpirySettings/TimeOfDay@ref",
            "",
            "until the clock shows `hh:mm:ss` next",
        ),
        element(
            "ExpirySettings/ExpiryDate, ExpirySettings/ExpiryDate@ref",
            "",
            "until the beginning of the day `mm-dd-yyyy`",
        ),
        element(
            "ExpirySettings/TimeoutInSec, ExpirySettings/TimeoutInSec@ref",
            "",
            "as `TimeoutInSeconds`; deprecated, and its `ref` has no effect",
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
    ],
    faults: &[CACHE_NOT_FOUND],
    notes: "The key is composed once, at the request side. The policy looks at no verb: guard \
        both steps, or `SkipCacheLookup` and `SkipCachePopulation`, with `request.verb = \"GET\"`. \
        Answers to HEAD and statuses 206, 304, 412, 416 and 417 are never stored, nor is a body \
        over the cache's limit, which is passed on whole.",
};
