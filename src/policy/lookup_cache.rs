//! LookupCache: reads a cached value into a variable.
//! Source: Apigee docs, "LookupCache policy" and its deployment error page.
//! Variables: `lookupcache.{policy}.cachename`, `.cachekey`, `.cachehit`, `.assignto`, all
//! four on a hit and on a miss. Faults: `steps.cache.CacheNotFound` (500).
//! Findings: `GW304` (InvalidTimeout), `GW305`, `GW306`.

mod page;

use std::time::Duration;

use bytestring::ByteString;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext, Value};
use crate::policy::cache_entry::{CacheEntry, LinkedEntry, ask, item_to_value};
use crate::policy::kind::{
    CacheAccess, IoStep, Linker, Next, Policy, PolicyKind, Run, Step, Uses, skip_head,
};
use crate::store::cache::{Lookup, MissReason};
use crate::variable::{Slot, VarRef};
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "LookupCache", failed_prefix: "lookupcache", read, page: &page::PAGE };

/// The platform's InvalidTimeout.
const NEGATIVE_TIMEOUT: &str = "GW304";
const ZERO_TIMEOUT: &str = "GW305";
const READ_ONLY_TARGET: &str = "GW306";

const TIMEOUT_SECONDS_DEFAULT: u64 = 30;

#[derive(Debug)]
struct LookupCache {
    entry: CacheEntry,
    timeout: Duration,
    assign_to: VarRef,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let entry = CacheEntry::read(&mut xml);
    let timeout = read_timeout(&mut xml);
    let assign_to = read_assign_to(&mut xml);
    xml.finish();
    Some(Box::new(LookupCache { entry: entry?, timeout, assign_to: assign_to? }))
}

/// `CacheLookupTimeoutInSeconds`, which ResponseCache has too.
pub(super) fn read_timeout(xml: &mut Fields<'_, '_>) -> Duration {
    let seconds: Option<i64> = xml.optional("CacheLookupTimeoutInSeconds");
    let span = xml.element().child("CacheLookupTimeoutInSeconds").map(Element::text_span);
    let Some(seconds) = seconds else { return Duration::from_secs(TIMEOUT_SECONDS_DEFAULT) };
    if seconds == 0 {
        xml.diags()
            .warning(ZERO_TIMEOUT, span, "CacheLookupTimeoutInSeconds is 0")
            .note(None, "a cache that does not answer at once is not waited for");
    }
    u64::try_from(seconds).map(Duration::from_secs).unwrap_or_else(|_| {
        let message =
            format!("CacheLookupTimeoutInSeconds {seconds} value should be greater than zero.");
        xml.diags().error(NEGATIVE_TIMEOUT, span, message);
        Duration::ZERO
    })
}

fn read_assign_to(xml: &mut Fields<'_, '_>) -> Option<VarRef> {
    let text: Text = xml.required("AssignTo")?;
    warn_read_only(&text, xml.diags());
    Some(VarRef::parse(&text.value))
}

/// Of every variable that a policy sets and whose name the bundle chooses.
pub(super) fn warn_read_only(name: &Text, diags: &mut Diagnostics) {
    if VarRef::parse(&name.value).is_read_only() {
        let message = format!("`{}` is read-only, so that the value is lost", name.value);
        diags.warning(READ_ONLY_TARGET, name.span, message);
    }
}

impl Policy for LookupCache {
    fn uses(&self) -> Uses {
        self.entry.uses(CacheAccess::Lookup)
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind_output(&mut self.assign_to);
        let policy = linker.policy().to_owned();
        Step::Io(Box::new(LinkedLookupCache {
            entry: self.entry.link("lookupcache", linker),
            timeout: self.timeout,
            assign_to_name: ByteString::from(self.assign_to.name()),
            assign_to: self.assign_to,
            out_cachehit: linker.output(&format!("lookupcache.{policy}.cachehit")),
            out_assignto: linker.output(&format!("lookupcache.{policy}.assignto")),
        }))
    }
}

struct LinkedLookupCache {
    entry: LinkedEntry,
    timeout: Duration,
    assign_to: VarRef,
    assign_to_name: ByteString,
    out_cachehit: Option<Slot>,
    out_assignto: Option<Slot>,
}

impl IoStep for LinkedLookupCache {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        let (cache, key) = match self.entry.find(cx) {
            Ok(found) => found,
            Err(fault) => return Run::Done(Err(fault)),
        };
        if key.get().is_none() {
            self.entry.log_too_long();
            return Run::Done(self.found(cx, Lookup::Miss(MissReason::NeverStored)));
        }
        let timeout = self.timeout;
        ask(
            cx,
            cache,
            key,
            move |cache, key| cache.lookup(key, timeout),
            |cx, _, answer| self.found(cx, answer),
        )
    }
}

impl LinkedLookupCache {
    /// A miss leaves the variable as it was. So does what is no variable's value, a stored
    /// response.
    fn found(&self, cx: &mut MessageContext, answer: Lookup) -> Result<Next, Fault> {
        let value = match answer {
            Lookup::Hit(item) => item_to_value(item),
            Lookup::Miss(_) => None,
        };
        cx.set_output(self.out_cachehit, || Value::from(value.is_some()));
        cx.set_output(self.out_assignto, || Value::from(self.assign_to_name.clone()));
        if let Some(value) = value
            && let Err(error) = cx.set(&self.assign_to, value)
        {
            // The documentation lists no fault of this policy.
            tracing::debug!(%error, "a cached value is lost");
        }
        Ok(Next::Continue)
    }
}

#[cfg(test)]
mod tests;
