//! SpikeArrest: lets messages through no faster than a rate.
//! Source: Apigee docs, "SpikeArrest policy", its runtime and deployment error pages.
//! Without `UseEffectiveCount` messages are spaced evenly: 30pm is one in two seconds. With it
//! those of the last minute or second are counted.
//! Faults: `policies.ratelimit.SpikeArrestViolation` (429), `.FailedToResolveSpikeArrestRate`,
//! `.InvalidAllowedRate`, `.InvalidMessageWeight` (500). Finding: `GW321` (InvalidAllowedRate).

mod page;

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::kind::{IoStep, Linker, Next, Policy, PolicyKind, Run, Step, Uses, skip_head};
use crate::policy::rate_limit::{Identifier, Weight, ask};
use crate::store::counters::{CounterBackend, CounterKey, CounterKind, Rate};
use crate::template::{Template, Unresolved};
use crate::variable::VarRef;
use crate::xml::fields::MISSING;
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "SpikeArrest", failed_prefix: "ratelimit", read, page: &page::PAGE };

const VIOLATION: &str = "policies.ratelimit.SpikeArrestViolation";
const UNRESOLVED_RATE: &str = "policies.ratelimit.FailedToResolveSpikeArrestRate";
const INVALID_RATE: &str = "policies.ratelimit.InvalidAllowedRate";

/// The platform's InvalidAllowedRate.
const BAD_RATE: &str = "GW321";

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct SpikeArrest {
    rate: RateSource,
    weight: Weight,
    identifier: Identifier,
    use_effective_count: bool,
}

#[derive(Debug)]
struct RateSource {
    variable: Option<VarRef>,
    text: Option<RateText>,
}

#[derive(Debug)]
enum RateText {
    Fixed(Rate),
    Template(Template),
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let rate = RateSource::read(&mut xml);
    let weight = Weight::read(&mut xml);
    let identifier = Identifier::read(&mut xml);
    let use_effective_count = xml.flag("UseEffectiveCount", false);
    xml.finish();
    Some(Box::new(SpikeArrest { rate: rate?, weight, identifier, use_effective_count }))
}

impl RateSource {
    fn read(xml: &mut Fields<'_, '_>) -> Option<Self> {
        let policy = xml.element();
        let Some(element) = xml.child("Rate") else {
            xml.diags().error(MISSING, policy.name_span, "`SpikeArrest` has no `Rate`");
            return None;
        };
        let variable = element.attribute("ref").map(|found| VarRef::parse(&found.value));
        let text: Option<Text> = xml.optional("Rate");
        let text = match text {
            None => None,
            Some(text) => Some(RateText::read(&text, xml.diags())?),
        };
        if variable.is_none() && text.is_none() {
            xml.diags().error(MISSING, element.open_span, "`Rate` in `SpikeArrest` is empty");
            return None;
        }
        Some(Self { variable, text })
    }

    fn resolve(&self, cx: &MessageContext, policy: &str) -> Result<Rate, Fault> {
        if let Some(variable) = &self.variable
            && let Some(text) = cx.text(variable)
        {
            return parse_rate(&text).ok_or_else(|| invalid_rate(&text));
        }
        match &self.text {
            Some(RateText::Fixed(rate)) => Ok(*rate),
            Some(RateText::Template(template)) => {
                let text = template
                    .render(cx, Unresolved::Fails)
                    .map_err(|unresolved| unresolved_rate(&unresolved.name, policy))?;
                parse_rate(&text).ok_or_else(|| invalid_rate(&text))
            }
            None => {
                let name = self.variable.as_ref().map_or("", VarRef::name);
                Err(unresolved_rate(name, policy))
            }
        }
    }
}

impl RateText {
    fn read(text: &Text, diags: &mut Diagnostics) -> Option<Self> {
        let template = Template::parse(&text.value, text.span, diags);
        let Some(literal) = template.as_literal() else { return Some(Self::Template(template)) };
        if let Some(rate) = parse_rate(literal) {
            return Some(Self::Fixed(rate));
        }
        diags.error(BAD_RATE, text.span, format!("Invalid spike arrest rate {}.", text.value));
        None
    }
}

/// `10ps` or `12pm`.
fn parse_rate(text: &str) -> Option<Rate> {
    let text = text.trim();
    let (messages, period) = match (text.strip_suffix("ps"), text.strip_suffix("pm")) {
        (Some(messages), _) => (messages, SECOND),
        (None, Some(messages)) => (messages, MINUTE),
        (None, None) => return None,
    };
    // `parse` would take a sign.
    let is_number = messages.bytes().all(|b| b.is_ascii_digit());
    let messages = is_number.then(|| messages.parse().ok()).flatten()?;
    Some(Rate { messages, period })
}

impl Policy for SpikeArrest {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind(&mut self.rate.variable);
        if let Some(RateText::Template(template)) = &mut self.rate.text {
            linker.bind(template);
        }
        self.weight.link(linker);
        self.identifier.link(linker);
        Step::Io(Box::new(LinkedSpikeArrest {
            policy: linker.policy().to_owned(),
            counters: linker.counters(),
            config: *self,
        }))
    }
}

struct LinkedSpikeArrest {
    policy: String,
    counters: Arc<dyn CounterBackend>,
    config: SpikeArrest,
}

impl IoStep for LinkedSpikeArrest {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        let (rate, weight) = match self.config.resolve(cx, &self.policy) {
            Ok(resolved) => resolved,
            Err(fault) => return Run::Done(Err(fault)),
        };
        let identifier = self.config.identifier.resolve(cx);
        let identifier = identifier.as_deref().unwrap_or_default();
        let key =
            CounterKey::new(CounterKind::SpikeArrest, &cx.facts.proxy, &self.policy, identifier);
        let now = cx.clock.elapsed();
        let spaced = !self.config.use_effective_count;
        ask(
            cx,
            &self.counters,
            key,
            move |counters, key| match spaced {
                true => counters.space(key, rate, weight, now),
                false => counters.slide(key, rate, weight, now),
            },
            move |_, passes| if passes { Ok(Next::Continue) } else { Err(violation(rate, spaced)) },
        )
    }
}

impl SpikeArrest {
    fn resolve(&self, cx: &MessageContext, policy: &str) -> Result<(Rate, u64), Fault> {
        Ok((self.rate.resolve(cx, policy)?, self.weight.resolve(cx)?))
    }
}

fn violation(rate: Rate, spaced: bool) -> Fault {
    // Unknown: what `maxBurstMessageCount` says; we show how many pass at once.
    let burst = if spaced { 1 } else { rate.messages };
    let text = format!(
        "Spike arrest violation. Allowed rate : MessageRate{{messagesPerPeriod={}, \
         periodInMicroseconds={}, maxBurstMessageCount={burst}.0}}",
        rate.messages,
        rate.period.as_micros()
    );
    Fault::new(VIOLATION, text).status(StatusCode::TOO_MANY_REQUESTS)
}

fn unresolved_rate(reference: &str, policy: &str) -> Fault {
    let text = format!(
        "Failed to resolve Spike Arrest Rate reference {reference} in SpikeArrest policy {policy}"
    );
    Fault::new(UNRESOLVED_RATE, text)
}

/// Unknown: the fault of a variable that holds no rate; we take the words of the deployment
/// error.
fn invalid_rate(text: &str) -> Fault {
    Fault::new(INVALID_RATE, format!("Invalid spike arrest rate {text}."))
}

#[cfg(test)]
mod tests;
