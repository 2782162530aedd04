//! PopulateCache: stores a variable's value in a cache.
//! Source: Apigee docs, "PopulateCache policy" and "Cache policy variables and error codes".
//! Variables, our own: `populatecache.{policy}.cachename`, `.cachekey`.
//! Faults: `policies.populatecache.EntryCannotBeCached` (500), `steps.cache.CacheNotFound`
//! (500).

mod page;

use jiff::tz::TimeZone;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::cache_entry::{CacheEntry, LinkedEntry, ask, value_to_item};
use crate::policy::expiry_settings::ExpirySettings;
use crate::policy::kind::{
    CacheAccess, IoStep, Linker, Next, Policy, PolicyKind, Run, Step, Uses, skip_head,
};
use crate::store::cache::CacheError;
use crate::variable::VarRef;
use crate::xml::Element;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "PopulateCache",
    failed_prefix: "populatecache",
    read,
    page: &page::PAGE,
};

const NOT_SERIALIZABLE: &str = "policies.populatecache.EntryCannotBeCached";

#[derive(Debug)]
struct PopulateCache {
    entry: CacheEntry,
    expiry: ExpirySettings,
    source: VarRef,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let entry = CacheEntry::read(&mut xml);
    let expiry = ExpirySettings::read(&mut xml);
    let source = xml.required("Source");
    xml.finish();
    Some(Box::new(PopulateCache { entry: entry?, expiry, source: source? }))
}

impl Policy for PopulateCache {
    fn uses(&self) -> Uses {
        self.entry.uses(CacheAccess::Populate)
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind(&mut self.expiry);
        linker.bind(&mut self.source);
        Step::Io(Box::new(LinkedPopulateCache {
            entry: self.entry.link("populatecache", linker),
            expiry: self.expiry,
            source: self.source,
            zone: linker.zone(),
        }))
    }
}

struct LinkedPopulateCache {
    entry: LinkedEntry,
    expiry: ExpirySettings,
    source: VarRef,
    zone: TimeZone,
}

impl IoStep for LinkedPopulateCache {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        let (cache, key) = match self.entry.find(cx) {
            Ok(found) => found,
            Err(fault) => return Run::Done(Err(fault)),
        };
        // Unknown: what a source without a value stores. It stores nothing.
        let Some(value) = cx.get_value(&self.source) else {
            return Run::Done(Ok(Next::Continue));
        };
        let Some(item) = value_to_item(value) else {
            return Run::Done(Err(not_serializable(&self.source)));
        };
        if key.get().is_none() {
            self.entry.log_too_long();
            return Run::Done(Ok(Next::Continue));
        }
        let ttl = self
            .expiry
            .ttl(cx, &self.zone)
            .unwrap_or_else(|| cache.definition().default_ttl(cx.clock.epoch_ms(), &self.zone));
        ask(
            cx,
            cache,
            key,
            move |cache, key| cache.populate(key, item.clone(), ttl),
            |_, _, stored| Ok(stored_or_logged(stored)),
        )
    }
}

/// The text is the platform's own template, its placeholder included.
fn not_serializable(source: &VarRef) -> Fault {
    tracing::debug!(source = source.name(), "a message or a collection cannot be cached");
    Fault::new(
        NOT_SERIALIZABLE,
        "Entry {0} can not be cached. Only serializable entries are cached.",
    )
}

/// What the cache refuses is not the flow's concern.
fn stored_or_logged(stored: Result<(), CacheError>) -> Next {
    if let Err(error) = stored {
        tracing::debug!(%error, "a value is not cached");
    }
    Next::Continue
}

#[cfg(test)]
mod tests;
