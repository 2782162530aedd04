//! ResetQuota: takes messages off the counter of a Quota of the same proxy.
//! Source: Apigee docs, "ResetQuota policy", its runtime and deployment error pages.
//! Faults (500): `policies.resetquota.InvalidRLPolicy`, `.FailedToResolveRLPolicy`,
//! `.FailedToResolveAllowCountRef`. Finding: `GW324` (InvalidCount).

mod page;

use std::borrow::Cow;
use std::sync::Arc;

use bytestring::ByteString;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::kind::{
    IoStep, Linker, Next, Policy, PolicyKind, QuotaCounter, Run, Step, Uses, skip_head,
};
use crate::policy::quota::{DEFAULT_IDENTIFIER, class_counter};
use crate::policy::rate_limit::ask;
use crate::store::counters::{CounterBackend, CounterKey, CounterKind};
use crate::variable::VarRef;
use crate::xml::fields::MISSING;
use crate::xml::{Element, Fields};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "ResetQuota", failed_prefix: "resetquota", read, page: &page::PAGE };

const INVALID_POLICY: &str = "policies.resetquota.InvalidRLPolicy";
const UNRESOLVED_POLICY: &str = "policies.resetquota.FailedToResolveRLPolicy";
const UNRESOLVED_COUNT: &str = "policies.resetquota.FailedToResolveAllowCountRef";

/// The platform's InvalidCount.
const INVALID_COUNT: &str = "GW324";

#[derive(Debug)]
struct ResetQuota {
    quota: Named,
    identifier: Named,
    class: Option<Named>,
    allow: Allow,
}

/// `name` and `ref`: the variable goes before the name.
#[derive(Debug, Default)]
struct Named {
    variable: Option<VarRef>,
    name: Option<String>,
}

#[derive(Debug, Default)]
struct Allow {
    variable: Option<VarRef>,
    count: Option<i64>,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let quota = child(&mut xml, "Quota");
    let policy = quota.and_then(|element| {
        let mut quota = element.reader(xml.diags());
        let policy = ResetQuota::read(&mut quota);
        quota.finish();
        policy
    });
    xml.finish();
    Some(Box::new(policy?))
}

impl ResetQuota {
    fn read(quota: &mut Fields<'_, '_>) -> Option<Self> {
        let named = Named::read(quota);
        let identifier = child(quota, "Identifier")?;
        let mut inner = identifier.reader(quota.diags());
        let identifier = Named::read(&mut inner);
        let mut class = None;
        let allow = match inner.child("Class") {
            None => Allow::read(&mut inner),
            Some(element) => {
                let mut inner = element.reader(inner.diags());
                class = Some(Named::read(&mut inner));
                let allow = Allow::read(&mut inner);
                inner.finish();
                allow
            }
        };
        inner.finish();
        Some(Self { quota: named, identifier, class, allow: allow? })
    }
}

fn child<'e>(xml: &mut Fields<'e, '_>, name: &'static str) -> Option<&'e Element> {
    let found = xml.child(name);
    if found.is_none() {
        let parent = xml.element();
        let message = format!("`{}` has no `{name}`", parent.name);
        xml.diags().error(MISSING, parent.name_span, message);
    }
    found
}

impl Named {
    fn read(xml: &mut Fields<'_, '_>) -> Self {
        let variable = xml.attribute("ref").map(|found| VarRef::parse(&found.value));
        let name = xml.attribute("name").map(|found| found.value.trim().to_owned());
        Self { variable, name }
    }

    fn resolve<'a>(&'a self, cx: &'a MessageContext) -> Option<Cow<'a, str>> {
        let dynamic = self.variable.as_ref().and_then(|variable| cx.text(variable));
        dynamic.or_else(|| self.name.as_deref().map(Cow::Borrowed))
    }
}

impl Allow {
    fn read(xml: &mut Fields<'_, '_>) -> Option<Self> {
        let element = child(xml, "Allow")?;
        let variable = element.attribute("ref").map(|found| VarRef::parse(&found.value));
        let text = element.text();
        let text = text.trim();
        let count = text.parse().ok();
        if count.is_none() && !(text.is_empty() && variable.is_some()) {
            let message = format!("Invalid count {text} in ResetQuota policy.");
            xml.diags().error(INVALID_COUNT, element.text_span(), message);
        }
        Some(Self { variable, count })
    }

    fn resolve(&self, cx: &MessageContext) -> Option<i64> {
        let dynamic = || cx.text(self.variable.as_ref()?)?.trim().parse().ok();
        dynamic().or(self.count)
    }
}

impl Policy for ResetQuota {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind(&mut self.quota.variable);
        linker.bind(&mut self.identifier.variable);
        linker.bind(&mut self.allow.variable);
        if let Some(class) = &mut self.class {
            linker.bind(&mut class.variable);
        }
        Step::Io(Box::new(LinkedResetQuota {
            policy: linker.policy().to_owned(),
            quotas: linker.quota_counters(),
            counters: linker.counters(),
            config: *self,
        }))
    }
}

struct LinkedResetQuota {
    policy: String,
    quotas: Arc<[QuotaCounter]>,
    counters: Arc<dyn CounterBackend>,
    config: ResetQuota,
}

impl IoStep for LinkedResetQuota {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        match self.prepare(cx) {
            Err(fault) => Run::Done(Err(fault)),
            Ok((key, count)) => ask(
                cx,
                &self.counters,
                key,
                move |counters, key| counters.give_back(key, count),
                |_, ()| Ok(Next::Continue),
            ),
        }
    }
}

impl LinkedResetQuota {
    fn prepare(&self, cx: &MessageContext) -> Result<(CounterKey, i64), Fault> {
        let quota =
            self.config.quota.resolve(cx).ok_or_else(|| {
                Fault::new(UNRESOLVED_POLICY, "Failed to resolve rate limit policy")
            })?;
        let known = self.quotas.iter().find(|known| *known.policy == *quota);
        let known = known.ok_or_else(|| {
            Fault::new(INVALID_POLICY, format!("Invalid rate limit policy {quota}"))
        })?;
        let identifier = self.config.identifier.resolve(cx);
        let identifier = identifier.as_deref().unwrap_or(DEFAULT_IDENTIFIER);
        let count = self.config.allow.resolve(cx);
        let count = count.ok_or_else(|| self.unresolved_count(cx, identifier))?;
        let class = self.config.class.as_ref().and_then(|class| class.resolve(cx));
        let counter = match class {
            Some(class) => ByteString::from(class_counter(&known.counter, &class)),
            None => known.counter.clone(),
        };
        Ok((CounterKey::new(CounterKind::Quota, &cx.facts.proxy, &counter, identifier), count))
    }

    fn unresolved_count(&self, cx: &MessageContext, identifier: &str) -> Fault {
        let reference = self.config.allow.variable.as_ref().map_or("null", VarRef::name);
        let facts = &cx.facts;
        let text = format!(
            "Failed to resolve allow count reference {reference} for identifier {identifier} in \
             ResetQuotaStepDefinition:{};API Proxy:{};Revision:{};Environment:{};Organization:{}",
            self.policy, facts.proxy, facts.revision, facts.environment, facts.organization
        );
        Fault::new(UNRESOLVED_COUNT, text)
    }
}

#[cfg(test)]
mod tests;
