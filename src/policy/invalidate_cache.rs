//! InvalidateCache: removes one entry, or all that share a prefix.
//! Source: Apigee docs, "InvalidateCache policy". A purge ends at a `__`: that of `user`
//! spares `username__1`. Variables, our own: `invalidatecache.{policy}.cachename`,
//! `.cachekey`. Faults: `steps.cache.CacheNotFound` (500). Findings: `GW307`.

mod page;

use std::borrow::Cow;
use std::sync::Arc;

use bytestring::ByteString;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::cache_entry::{CacheEntry, LinkedEntry, ask};
use crate::policy::cache_key::{KeyBuffer, ScopeNames};
use crate::policy::kind::{
    CacheAccess, IoStep, Linker, Next, Policy, PolicyKind, Revisions, Run, Step, Uses, skip_head,
};
use crate::store::cache::{CacheError, NamedCache};
use crate::template::RefOrText;
use crate::variable::{Bind, Bindable};
use crate::xml::{Element, FromXml};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "InvalidateCache",
    failed_prefix: "invalidatecache",
    read,
    page: &page::PAGE,
};

const UNUSED_CONTEXT: &str = "GW307";

#[derive(Debug)]
struct InvalidateCache {
    entry: CacheEntry,
    context: CacheContext,
    purge_children: bool,
}

/// Another proxy's names, for the scope of its entries.
#[derive(Debug, Default)]
struct CacheContext {
    proxy: Option<RefOrText>,
    endpoint: Option<RefOrText>,
    target: Option<RefOrText>,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let entry = CacheEntry::read(&mut xml);
    let context: Option<CacheContext> = xml.optional("CacheContext");
    let purge_children = xml.flag("PurgeChildEntries", false);
    if let (Some(_), Some(entry)) = (&context, &entry)
        && entry.key.has_prefix()
    {
        let context = body.child("CacheContext");
        let message = "`CacheContext` has no effect beside a Prefix";
        let place = context.map(|child| child.open_span);
        let found = xml.diags().warning(UNUSED_CONTEXT, place, message);
        if let Some(context) = context {
            found.fix(context.removal(), "");
        }
    }
    xml.finish();
    let context = context.unwrap_or_default();
    Some(Box::new(InvalidateCache { entry: entry?, context, purge_children }))
}

impl FromXml for CacheContext {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        let context = Self {
            proxy: xml.optional("APIProxyName"),
            endpoint: xml.optional("ProxyName"),
            target: xml.optional("TargetName"),
        };
        xml.finish();
        Some(context)
    }
}

impl Bindable for CacheContext {
    fn bind(&mut self, binder: &mut dyn Bind) {
        self.proxy.bind(binder);
        self.endpoint.bind(binder);
        self.target.bind(binder);
    }
}

impl Policy for InvalidateCache {
    fn uses(&self) -> Uses {
        self.entry.uses(CacheAccess::Invalidate)
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind(&mut self.context);
        Step::Io(Box::new(LinkedInvalidateCache {
            entry: self.entry.link("invalidatecache", linker),
            context: self.context,
            purge_children: self.purge_children,
            revisions: linker.revisions(),
        }))
    }
}

struct LinkedInvalidateCache {
    entry: LinkedEntry,
    context: CacheContext,
    purge_children: bool,
    revisions: Option<Arc<dyn Revisions>>,
}

impl IoStep for LinkedInvalidateCache {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        let (cache, key) = match self.find(cx) {
            Ok(found) => found,
            Err(fault) => return Run::Done(Err(fault)),
        };
        let key = if self.purge_children { self.purged(cx, key) } else { key };
        if key.get().is_none() {
            self.entry.log_too_long();
            return Run::Done(Ok(Next::Continue));
        }
        if self.purge_children {
            ask(cx, cache, key, |cache, key| cache.purge(key), |_, _, gone| Ok(logged(gone)))
        } else {
            let gone = |_: &mut MessageContext, _: &KeyBuffer, gone: Result<bool, CacheError>| {
                Ok(logged(gone.map(usize::from)))
            };
            ask(cx, cache, key, |cache, key| cache.remove(key), gone)
        }
    }
}

impl LinkedInvalidateCache {
    fn find(&self, cx: &mut MessageContext) -> Result<(&NamedCache, KeyBuffer), Fault> {
        let CacheContext { proxy, endpoint, target } = &self.context;
        if proxy.is_none() && endpoint.is_none() && target.is_none() {
            return self.entry.find(cx);
        }
        let proxy = own_text(proxy.as_ref(), cx);
        let endpoint = own_text(endpoint.as_ref(), cx);
        let target = own_text(target.as_ref(), cx);
        let revision = proxy.as_deref().and_then(|proxy| self.revision_of(proxy, cx));
        let facts = Arc::clone(&cx.facts);
        let own_endpoint = cx.endpoint_name.clone();
        let own_target = ByteString::from(ScopeNames::of(cx).target);
        let names = ScopeNames {
            proxy: proxy.as_deref().unwrap_or(&facts.proxy),
            revision: revision.as_deref().unwrap_or(&facts.revision),
            endpoint: endpoint.as_deref().unwrap_or(&own_endpoint),
            target: target.as_deref().unwrap_or(&own_target),
        };
        self.entry.find_in(cx, &names)
    }

    /// What all keys of a purge begin with: the Prefix, whatever the fragments are.
    ///
    /// Unknown: what a purge without a Prefix takes. The whole key counts as the prefix: the
    /// literal reading would empty the scope.
    fn purged(&self, cx: &MessageContext, key: KeyBuffer) -> KeyBuffer {
        if !self.entry.key.has_prefix() {
            return key;
        }
        let mut prefix = KeyBuffer::default();
        self.entry.key.compose_prefix(cx, &mut prefix);
        prefix
    }

    /// Unknown: the revision in another proxy's keys. It is the one that is deployed now.
    fn revision_of(&self, proxy: &str, cx: &MessageContext) -> Option<ByteString> {
        if *proxy == *cx.facts.proxy {
            return None;
        }
        self.revisions.as_ref()?.deployed(proxy)
    }
}

/// A `ref` without a value and without a text leaves the current context's name.
fn own_text(part: Option<&RefOrText>, cx: &MessageContext) -> Option<String> {
    part?.resolve(cx).ok().map(Cow::into_owned)
}

/// A missing entry is a success, and a cache that cannot be reached no fault.
fn logged(gone: Result<usize, CacheError>) -> Next {
    if let Err(error) = gone {
        tracing::warn!(%error, "cache entries are not removed");
    }
    Next::Continue
}

#[cfg(test)]
mod tests;
