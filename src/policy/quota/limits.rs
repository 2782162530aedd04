//! What a quota allows, and for how long: from the policy, a class, or an API product.

use bytestring::ByteString;

use crate::message::{Fault, MessageContext};
use crate::policy::kind::Linker;
use crate::policy::quota::REFUSED;
use crate::policy::quota::interval::{QuotaType, TimeUnit};
use crate::store::counters::Period;
use crate::variable::VarRef;
use crate::xml::fields::{BAD_VALUE, MISSING};
use crate::xml::{Element, Fields, Text};

const UNRESOLVED_INTERVAL: &str = "policies.ratelimit.FailedToResolveQuotaIntervalReference";
const UNRESOLVED_UNIT: &str = "policies.ratelimit.FailedToResolveQuotaIntervalTimeUnitReference";

/// The community linter's rule for what a Quota holds.
const INCOMPLETE: &str = "PO035";

/// Whose words a finding uses.
pub(super) struct Owner {
    policy: String,
}

impl Owner {
    pub(super) fn of(body: &Element) -> Self {
        let name = body.attribute("name");
        Self { policy: name.map_or_else(String::new, |name| name.value.clone()) }
    }
}

/// What holds for one message.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) allowed: i64,
    pub(super) period: Period,
    pub(super) class: Option<ByteString>,
}

/// Where the limits come from, in the order in which they are asked.
#[derive(Debug)]
pub(super) struct Sources {
    /// Of an API product; the first whose limit has a value counts.
    products: Vec<Config>,
    /// Where a product is to be asked and has no limit.
    product_default: Option<Config>,
    own: Config,
}

#[derive(Debug, Default)]
struct Config {
    allow: Allow,
    class: Option<Class>,
    interval: Interval,
    unit: Unit,
}

#[derive(Debug, Default)]
struct Allow {
    variable: Option<VarRef>,
    count: Option<i64>,
}

#[derive(Debug)]
struct Class {
    variable: VarRef,
    allows: Vec<(String, Allow)>,
}

#[derive(Debug, Default)]
struct Interval {
    variable: Option<VarRef>,
    text: Option<i64>,
}

#[derive(Debug, Default)]
struct Unit {
    variable: Option<VarRef>,
    text: Option<TimeUnit>,
}

impl Sources {
    pub(super) fn read(xml: &mut Fields<'_, '_>, owner: &Owner) -> Self {
        let mut products = Vec::new();
        let mut product_default = None;
        if let Some(element) = xml.child("UseQuotaConfigInAPIProduct") {
            let mut inner = element.reader(xml.diags());
            match inner.attribute("stepName") {
                Some(step) => products.extend(Config::of_product(step.value.trim())),
                None => {
                    let message = "`UseQuotaConfigInAPIProduct` has no attribute `stepName`";
                    inner.diags().error(MISSING, element.open_span, message);
                }
            }
            product_default = inner.child("DefaultConfig").map(|element| {
                let mut inner = element.reader(inner.diags());
                let config = Config::read(&mut inner, owner);
                inner.finish();
                config
            });
            inner.finish();
        }
        let own = Config::read(xml, owner);
        if products.is_empty() {
            own.report_missing(xml);
        }
        Self { products, product_default, own }
    }

    pub(super) fn link(&mut self, linker: &mut dyn Linker) {
        for config in self.products.iter_mut().chain(&mut self.product_default) {
            config.link(linker);
        }
        self.own.link(linker);
    }

    pub(super) fn resolve(
        &self,
        cx: &MessageContext,
        quota_type: QuotaType,
    ) -> Result<Limits, Fault> {
        let of_product = self.products.iter().find(|config| config.allow.resolves(cx));
        let config = of_product.or(self.product_default.as_ref()).unwrap_or(&self.own);
        config.resolve(cx, quota_type)
    }
}

impl Config {
    fn read(xml: &mut Fields<'_, '_>, owner: &Owner) -> Self {
        let allow = xml.child("Allow");
        let interval = xml.child("Interval");
        let unit = xml.child("TimeUnit");
        Self {
            allow: allow.map(|found| Allow::read(found, xml)).unwrap_or_default(),
            class: allow.and_then(|found| Class::read(found, xml)),
            interval: interval.map(|found| Interval::read(found, xml, owner)).unwrap_or_default(),
            unit: unit.map(|found| Unit::read(found, xml, owner)).unwrap_or_default(),
        }
    }

    /// The variables that VerifyAPIKey of that name and OAuthV2 set.
    fn of_product(step: &str) -> [Self; 2] {
        [format!("verifyapikey.{step}.apiproduct"), String::from("apiproduct")].map(|prefix| {
            let variable = |name| Some(VarRef::parse(&format!("{prefix}.developer.quota.{name}")));
            Self {
                allow: Allow { variable: variable("limit"), count: None },
                class: None,
                interval: Interval { variable: variable("interval"), text: None },
                unit: Unit { variable: variable("timeunit"), text: None },
            }
        })
    }

    fn report_missing(&self, xml: &mut Fields<'_, '_>) {
        let is_there = |name: &str| xml.element().child(name).is_some();
        let missing: Vec<&str> =
            ["Allow", "Interval", "TimeUnit"].into_iter().filter(|name| !is_there(name)).collect();
        let place = xml.element().name_span;
        for name in missing {
            let what = if name == "Allow" { "lets no message through" } else { "always faults" };
            let message = format!("a Quota without `{name}` {what}");
            xml.diags().warning(INCOMPLETE, place, message);
        }
    }

    fn link(&mut self, linker: &mut dyn Linker) {
        linker.bind(&mut self.allow.variable);
        linker.bind(&mut self.interval.variable);
        linker.bind(&mut self.unit.variable);
        if let Some(class) = &mut self.class {
            linker.bind(&mut class.variable);
            for (_, allow) in &mut class.allows {
                linker.bind(&mut allow.variable);
            }
        }
    }

    fn resolve(&self, cx: &MessageContext, quota_type: QuotaType) -> Result<Limits, Fault> {
        let interval = self.interval.resolve(cx)?;
        let unit = self.unit.resolve(cx)?;
        let class = self.class.as_ref().and_then(|class| class.resolve(cx));
        let allow = class.as_ref().map_or(&self.allow, |(_, allow)| allow);
        Ok(Limits {
            allowed: allow.resolve(cx),
            period: quota_type.period(interval, unit, cx.clock.epoch_ms()),
            class: class.map(|(name, _)| name),
        })
    }
}

impl Allow {
    fn read(element: &Element, xml: &mut Fields<'_, '_>) -> Self {
        let variable = element.attribute("countRef").map(|found| VarRef::parse(&found.value));
        let count = element.attribute("count").and_then(|found| {
            let count = found.value.trim().parse().ok();
            if count.is_none() {
                let message = format!("`{}` in attribute `count` is not an integer", found.value);
                xml.diags().error(BAD_VALUE, found.span, message);
            }
            count
        });
        Self { variable, count }
    }

    fn resolves(&self, cx: &MessageContext) -> bool {
        self.dynamic(cx).is_some()
    }

    /// Unknown: what a limit is that is nowhere; nothing passes.
    fn resolve(&self, cx: &MessageContext) -> i64 {
        self.dynamic(cx).or(self.count).unwrap_or(0)
    }

    fn dynamic(&self, cx: &MessageContext) -> Option<i64> {
        cx.text(self.variable.as_ref()?)?.trim().parse().ok()
    }
}

impl Class {
    fn read(allow: &Element, xml: &mut Fields<'_, '_>) -> Option<Self> {
        let element = allow.child("Class")?;
        let Some(variable) = element.attribute("ref") else {
            let message = "`Class` has no attribute `ref`";
            xml.diags().error(MISSING, element.open_span, message);
            return None;
        };
        let mut allows = Vec::new();
        for found in element.elements().filter(|found| found.name == "Allow") {
            match found.attribute("class") {
                Some(class) => allows.push((class.value.clone(), Allow::read(found, xml))),
                None => {
                    let message = "`Allow` in `Class` has no attribute `class`";
                    xml.diags().error(MISSING, found.open_span, message);
                }
            }
        }
        Some(Self { variable: VarRef::parse(&variable.value), allows })
    }

    /// Unknown: the limit of a class that is not listed; that of `Allow` itself counts.
    fn resolve(&self, cx: &MessageContext) -> Option<(ByteString, &Allow)> {
        let class = cx.text(&self.variable)?;
        let (name, allow) = self.allows.iter().find(|(name, _)| *name == *class)?;
        Some((ByteString::from(name.as_str()), allow))
    }
}

impl Interval {
    fn read(element: &Element, xml: &mut Fields<'_, '_>, owner: &Owner) -> Self {
        let variable = element.attribute("ref").map(|found| VarRef::parse(&found.value));
        let text = trimmed(element).and_then(|text| {
            let interval = parse_interval(&text.value);
            if interval.is_none() {
                let message = format!(
                    "Invalid quota interval {} in quota policy {}.",
                    text.value, owner.policy
                );
                xml.diags().error(REFUSED, text.span, message);
            }
            interval
        });
        Self { variable, text }
    }

    fn resolve(&self, cx: &MessageContext) -> Result<i64, Fault> {
        let dynamic = || parse_interval(&cx.text(self.variable.as_ref()?)?);
        dynamic().or(self.text).ok_or_else(|| {
            // The platform leaves `{1}` where the policy's name was to stand.
            let name = name(&self.variable);
            let text =
                format!("Failed to resolve quota interval reference {name} in quota policy {{1}}");
            Fault::new(UNRESOLVED_INTERVAL, text)
        })
    }
}

impl Unit {
    fn read(element: &Element, xml: &mut Fields<'_, '_>, owner: &Owner) -> Self {
        let variable = element.attribute("ref").map(|found| VarRef::parse(&found.value));
        let text = trimmed(element).and_then(|text| {
            let unit = TimeUnit::parse(&text.value);
            if unit.is_none() {
                let message = format!(
                    "Invalid quota interval time unit {} in quota policy {}.",
                    text.value, owner.policy
                );
                xml.diags().error(REFUSED, text.span, message);
            }
            unit
        });
        Self { variable, text }
    }

    fn resolve(&self, cx: &MessageContext) -> Result<TimeUnit, Fault> {
        let dynamic = || TimeUnit::parse(&cx.text(self.variable.as_ref()?)?);
        dynamic().or(self.text).ok_or_else(|| {
            let name = name(&self.variable);
            let text =
                format!("Failed to resolve quota time unit reference {name} in quota policy {{1}}");
            Fault::new(UNRESOLVED_UNIT, text)
        })
    }
}

fn parse_interval(text: &str) -> Option<i64> {
    text.trim().parse().ok().filter(|interval| *interval > 0)
}

fn trimmed(element: &Element) -> Option<Text> {
    let text = element.text();
    let value = text.trim();
    (!value.is_empty()).then(|| Text { value: value.to_owned(), span: element.text_span() })
}

/// As Java prints a reference that is not there.
fn name(variable: &Option<VarRef>) -> &str {
    variable.as_ref().map_or("null", VarRef::name)
}
