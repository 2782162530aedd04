//! Quota: lets so many messages of a client through in an interval.
//! Source: Apigee docs, "Quota policy", its runtime and deployment error pages.
//! Faults: `policies.ratelimit.QuotaViolation` (429), `.FailedToResolveQuotaIntervalReference`,
//! `.FailedToResolveQuotaIntervalTimeUnitReference`, `.InvalidMessageWeight` (500).
//! Variables: `ratelimit.{policy}.` with `allowed.count`, `used.count`, `available.count`,
//! `exceed.count`, `total.exceed.count`, `expiry.time`, `identifier`, `class` and the counts
//! again behind `class.`. Findings: `GW322` (the platform's deployment errors), `GW323`,
//! `PO035`.

mod interval;
mod limits;
mod page;

use std::sync::Arc;

use bytestring::ByteString;
use http::StatusCode;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext, Value};
use crate::policy::kind::{IoStep, Linker, Next, Policy, PolicyKind, Run, Step, Uses, skip_head};
use crate::policy::quota::interval::{QuotaType, read_start_time};
use crate::policy::quota::limits::{Limits, Owner, Sources};
use crate::policy::rate_limit::{Identifier, Weight, ask};
use crate::store::counters::{Charge, CounterBackend, CounterKey, CounterKind, Usage};
use crate::variable::Slot;
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "Quota", failed_prefix: "ratelimit", read, page: &page::PAGE };

const VIOLATION: &str = "policies.ratelimit.QuotaViolation";

/// What the platform refuses, in its words.
const REFUSED: &str = "GW322";
/// What deploys and then faults, or has no effect.
const DOUBTFUL: &str = "GW323";

/// What all messages without an identifier count as.
pub(super) const DEFAULT_IDENTIFIER: &str = "_default";

#[derive(Debug)]
struct Quota {
    quota_type: QuotaType,
    limits: Sources,
    weight: Weight,
    identifier: Identifier,
    mode: Mode,
    /// The counter's name where it is not the policy's.
    shared_name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    CountAndEnforce,
    /// Of several policies with one `SharedName`: never violates.
    CountOnly,
    /// Of several policies with one `SharedName`: never counts.
    EnforceOnly,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let owner = Owner::of(body);
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let quota_type = QuotaType::read(&mut xml);
    let start_ms = read_start_time(&mut xml, quota_type);
    let limits = Sources::read(&mut xml, &owner);
    let policy = Quota {
        quota_type: quota_type.starting(start_ms),
        limits,
        weight: Weight::read(&mut xml),
        identifier: Identifier::read(&mut xml),
        mode: Mode::read(&mut xml),
        shared_name: xml.optional("SharedName").map(|name: Text| name.value),
    };
    read_distribution(&mut xml);
    xml.finish();
    Some(Box::new(policy))
}

impl Mode {
    fn read(xml: &mut Fields<'_, '_>) -> Self {
        let count_only = xml.flag("CountOnly", false);
        let enforce_only = xml.flag("EnforceOnly", false);
        if count_only && enforce_only {
            let place = xml.element().child("EnforceOnly").map(|found| found.open_span);
            xml.diags()
                .warning(DOUBTFUL, place, "a Quota that only counts and only enforces")
                .note(None, "it only counts");
        }
        match (count_only, enforce_only) {
            (true, _) => Self::CountOnly,
            (false, true) => Self::EnforceOnly,
            (false, false) => Self::CountAndEnforce,
        }
    }
}

/// How several gateways would share the counter. One gateway's counter is exact at once, so
/// that nothing here changes what it does.
fn read_distribution(xml: &mut Fields<'_, '_>) {
    xml.ignore(&["PreciseAtSecondsLevel", "DataStoreFailureModeOpen"]);
    let distributed = xml.flag("Distributed", false);
    let synchronous = xml.flag("Synchronous", false);
    let unit = xml.element().child("TimeUnit");
    if let Some(unit) = unit
        && distributed
        && unit.text().trim().eq_ignore_ascii_case("second")
    {
        let message = "Invalid timeunit second for distributed quota.";
        xml.diags().error(REFUSED, unit.text_span(), message);
    }
    let Some(element) = xml.child("AsynchronousConfiguration") else { return };
    if synchronous {
        let message = "AsynchronousConfiguration is not valid for synchronous quota.";
        xml.diags().error(REFUSED, element.open_span, message);
    }
    let mut inner = element.reader(xml.diags());
    let seconds: Option<i64> = inner.optional("SyncIntervalInSeconds");
    let _: Option<i64> = inner.optional("SyncMessageCount");
    if seconds.is_some_and(|seconds| seconds < 0) {
        let place = element.child("SyncIntervalInSeconds").map(Element::text_span);
        let message = "SyncIntervalInSeconds should be a value greater than zero.";
        inner.diags().error(REFUSED, place, message);
    }
    inner.finish();
}

impl Policy for Quota {
    fn uses(&self) -> Uses {
        Uses { quota_counter: Some(self.shared_name.clone()), ..Uses::default() }
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.limits.link(linker);
        self.weight.link(linker);
        self.identifier.link(linker);
        let policy = linker.policy().to_owned();
        Step::Io(Box::new(LinkedQuota {
            counter: self.shared_name.clone().unwrap_or_else(|| policy.clone()),
            counters: linker.counters(),
            out: Outputs::link(&policy, linker),
            config: *self,
        }))
    }
}

struct LinkedQuota {
    counter: String,
    counters: Arc<dyn CounterBackend>,
    out: Outputs,
    config: Quota,
}

impl IoStep for LinkedQuota {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        match self.prepare(cx) {
            Err(fault) => Run::Done(Err(fault)),
            Ok(Prepared { key, limits, identifier, charge }) => {
                let (period, now_ms) = (limits.period, cx.clock.epoch_ms());
                ask(
                    cx,
                    &self.counters,
                    key,
                    move |counters, key| counters.charge(key, period, charge, now_ms),
                    move |cx, usage| self.done(cx, &limits, identifier, usage),
                )
            }
        }
    }
}

struct Prepared {
    key: CounterKey,
    limits: Limits,
    identifier: Option<ByteString>,
    charge: Charge,
}

impl LinkedQuota {
    fn prepare(&self, cx: &MessageContext) -> Result<Prepared, Fault> {
        let weight = self.config.weight.resolve(cx)?;
        let weight = i64::try_from(weight).unwrap_or(i64::MAX);
        let limits = self.config.limits.resolve(cx, self.config.quota_type)?;
        let limit = limits.allowed;
        let charge = match self.config.mode {
            Mode::CountAndEnforce => Charge::Within { limit, weight },
            Mode::CountOnly => Charge::Always { weight },
            Mode::EnforceOnly => Charge::Look { limit },
        };
        let identifier = self.config.identifier.resolve(cx);
        let text = identifier.as_deref().unwrap_or(DEFAULT_IDENTIFIER);
        let proxy = &cx.facts.proxy;
        let key = match &limits.class {
            None => CounterKey::new(CounterKind::Quota, proxy, &self.counter, text),
            Some(class) => {
                let counter = class_counter(&self.counter, class);
                CounterKey::new(CounterKind::Quota, proxy, &counter, text)
            }
        };
        let identifier = identifier.map(|text| ByteString::from(text.as_ref()));
        Ok(Prepared { key, limits, identifier, charge })
    }

    fn done(
        &self,
        cx: &mut MessageContext,
        limits: &Limits,
        identifier: Option<ByteString>,
        usage: Usage,
    ) -> Result<Next, Fault> {
        let identifier = identifier.unwrap_or_else(|| ByteString::from_static(DEFAULT_IDENTIFIER));
        self.out.all.set(cx, limits, usage);
        cx.set_output(self.out.expiry_time, || Value::Long(usage.expires_ms));
        cx.set_output(self.out.identifier, || Value::from(identifier.clone()));
        if let Some(class) = &limits.class {
            self.out.of_class.set(cx, limits, usage);
            cx.set_output(self.out.class, || Value::from(class.clone()));
        }
        if !usage.violated {
            return Ok(Next::Continue);
        }
        let text =
            format!("Rate limit quota violation. Quota limit  exceeded. Identifier : {identifier}");
        Err(Fault::new(VIOLATION, text).status(StatusCode::TOO_MANY_REQUESTS))
    }
}

/// The name of the counter of one class.
pub(super) fn class_counter(counter: &str, class: &str) -> String {
    format!("{counter}\u{1}{class}")
}

struct Outputs {
    all: Counts,
    of_class: Counts,
    expiry_time: Option<Slot>,
    identifier: Option<Slot>,
    class: Option<Slot>,
}

struct Counts {
    allowed: Option<Slot>,
    used: Option<Slot>,
    available: Option<Slot>,
    exceed: Option<Slot>,
    total_exceed: Option<Slot>,
}

impl Outputs {
    fn link(policy: &str, linker: &mut dyn Linker) -> Self {
        let prefix = format!("ratelimit.{policy}");
        Self {
            all: Counts::link(&prefix, linker),
            of_class: Counts::link(&format!("{prefix}.class"), linker),
            expiry_time: linker.output(&format!("{prefix}.expiry.time")),
            identifier: linker.output(&format!("{prefix}.identifier")),
            class: linker.output(&format!("{prefix}.class")),
        }
    }
}

impl Counts {
    fn link(prefix: &str, linker: &mut dyn Linker) -> Self {
        Self {
            allowed: linker.output(&format!("{prefix}.allowed.count")),
            used: linker.output(&format!("{prefix}.used.count")),
            available: linker.output(&format!("{prefix}.available.count")),
            exceed: linker.output(&format!("{prefix}.exceed.count")),
            total_exceed: linker.output(&format!("{prefix}.total.exceed.count")),
        }
    }

    fn set(&self, cx: &mut MessageContext, limits: &Limits, usage: Usage) {
        let available = limits.allowed.saturating_sub(usage.used).max(0);
        let violations = i64::try_from(usage.violations).unwrap_or(i64::MAX);
        cx.set_output(self.allowed, || Value::Long(limits.allowed));
        cx.set_output(self.used, || Value::Long(usage.used.max(0)));
        cx.set_output(self.available, || Value::Long(available));
        cx.set_output(self.exceed, || Value::Long(i64::from(usage.violated)));
        cx.set_output(self.total_exceed, || Value::Long(violations));
    }
}

#[cfg(test)]
mod tests;
