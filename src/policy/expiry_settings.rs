//! `ExpirySettings` of a policy: how long what it stores lives.
//!
//! Source: Apigee docs, "PopulateCache policy" and "ResponseCache policy". A `ref` that has
//! no value, or one that cannot be read, falls back to the text; without a text the child
//! counts as absent. Findings: `PO030`.

use jiff::tz::TimeZone;

use crate::diag::{Diagnostics, Span};
use crate::message::MessageContext;
use crate::store::cache::TTL_MAX;
use crate::store::cache::expiry::{Expiry, ExpiryError, Ttl};
use crate::variable::{Bind, Bindable, VarRef};
use crate::xml::{Element, Fields, FromXml};

/// The community linter's rule for expiry.
const EXPIRY: &str = "PO030";

/// The children as written. The default has none.
#[derive(Debug, Default)]
pub(super) struct ExpirySettings {
    timeout_in_seconds: Option<Child>,
    timeout_in_sec: Option<Child>,
    time_of_day: Option<Child>,
    expiry_date: Option<Child>,
}

#[derive(Debug)]
struct Child {
    variable: Option<VarRef>,
    literal: Option<Expiry>,
    parse: Parse,
}

type Parse = fn(&str) -> Result<Expiry, ExpiryError>;

impl ExpirySettings {
    /// Reads the child of a policy; its absence is a finding.
    pub(super) fn read(xml: &mut Fields<'_, '_>) -> Self {
        xml.optional("ExpirySettings").unwrap_or_else(|| {
            let place = xml.element().child("ExpirySettings").map(|empty| empty.open_span);
            let place = place.unwrap_or(xml.element().name_span);
            report_none(place, xml.diags());
            Self::default()
        })
    }

    /// `None` where no child has a value: the cache's own expiry holds.
    ///
    /// Unknown: which of `TimeOfDay` and `ExpiryDate` wins; the earlier does.
    pub(super) fn ttl(&self, cx: &MessageContext, zone: &TimeZone) -> Option<Ttl> {
        let now_ms = cx.clock.epoch_ms();
        let ttl = |child: &Option<Child>| Some(child.as_ref()?.resolve(cx)?.ttl(now_ms, zone));
        let timeout = ttl(&self.timeout_in_seconds).or_else(|| ttl(&self.timeout_in_sec));
        timeout.or_else(|| ttl(&self.time_of_day).into_iter().chain(ttl(&self.expiry_date)).min())
    }
}

impl FromXml for ExpirySettings {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        let settings = Self {
            timeout_in_seconds: child(&mut xml, "TimeoutInSeconds", read_seconds),
            timeout_in_sec: timeout_in_sec(&mut xml),
            time_of_day: child(&mut xml, "TimeOfDay", read_time_of_day),
            expiry_date: child(&mut xml, "ExpiryDate", read_expiry_date),
        };
        xml.finish();
        let given = [
            &settings.timeout_in_seconds,
            &settings.timeout_in_sec,
            &settings.time_of_day,
            &settings.expiry_date,
        ];
        match given.into_iter().flatten().count() {
            0 => report_none(element.open_span, diags),
            1 => {}
            _ => {
                diags
                    .warning(EXPIRY, element.open_span, "multiple children of ExpirySettings")
                    .note(
                        None,
                        "a timeout goes before TimeOfDay and ExpiryDate; of these the earlier holds",
                    );
            }
        }
        Some(settings)
    }
}

impl Bindable for ExpirySettings {
    fn bind(&mut self, binder: &mut dyn Bind) {
        for child in [
            &mut self.timeout_in_seconds,
            &mut self.timeout_in_sec,
            &mut self.time_of_day,
            &mut self.expiry_date,
        ] {
            child.bind(binder);
        }
    }
}

impl Bindable for Child {
    fn bind(&mut self, binder: &mut dyn Bind) {
        self.variable.bind(binder);
    }
}

impl Child {
    fn resolve(&self, cx: &MessageContext) -> Option<Expiry> {
        let named = self.variable.as_ref().and_then(|variable| cx.text(variable));
        named.and_then(|text| (self.parse)(text.trim()).ok()).or(self.literal)
    }
}

fn child(xml: &mut Fields<'_, '_>, name: &'static str, parse: Parse) -> Option<Child> {
    let element = xml.child(name)?;
    let mut inner = element.reader(xml.diags());
    let variable = inner.attribute("ref").map(|found| VarRef::parse(&found.value));
    inner.finish();
    let literal = literal(element, parse, xml.diags());
    (variable.is_some() || !element.is_empty()).then_some(Child { variable, literal, parse })
}

/// The deprecated form, whose `ref` the documentation does not support.
fn timeout_in_sec(xml: &mut Fields<'_, '_>) -> Option<Child> {
    let element = xml.child("TimeoutInSec")?;
    let mut inner = element.reader(xml.diags());
    if let Some(found) = inner.attribute("ref") {
        let message = format!("the ref `{}` of TimeoutInSec has no effect", found.value);
        inner.diags().warning(EXPIRY, found.span, message);
    }
    inner.finish();
    if element.is_empty() {
        return None;
    }
    // Under its new name a `ref` would have an effect, and a second timeout would go before.
    let is_same =
        element.attribute("ref").is_none() && xml.element().child("TimeoutInSeconds").is_none();
    let found = xml
        .diags()
        .warning(EXPIRY, element.name_span, "TimeoutInSec is deprecated")
        .help("write `TimeoutInSeconds`");
    if is_same {
        for place in element.tag_names() {
            found.fix(place, "TimeoutInSeconds");
        }
    }
    let literal = literal(element, read_seconds, xml.diags());
    Some(Child { variable: None, literal, parse: read_seconds })
}

fn read_seconds(text: &str) -> Result<Expiry, ExpiryError> {
    Expiry::parse_timeout_in_seconds(text).map(Expiry::TimeoutInSeconds)
}

fn read_time_of_day(text: &str) -> Result<Expiry, ExpiryError> {
    Expiry::parse_time_of_day(text).map(Expiry::TimeOfDay)
}

fn read_expiry_date(text: &str) -> Result<Expiry, ExpiryError> {
    Expiry::parse_expiry_date(text).map(Expiry::ExpiryDate)
}

fn literal(element: &Element, parse: Parse, diags: &mut Diagnostics) -> Option<Expiry> {
    if element.is_empty() {
        return None;
    }
    let span = element.text_span();
    match parse(element.text().trim()) {
        Ok(expiry) => {
            check_range(expiry, span, diags);
            Some(expiry)
        }
        Err(error) => {
            let message = format!("{error}, so that {} has no effect", element.name);
            diags.warning(EXPIRY, span, message);
            None
        }
    }
}

fn check_range(expiry: Expiry, span: Span, diags: &mut Diagnostics) {
    let Expiry::TimeoutInSeconds(seconds) = expiry else { return };
    match u64::try_from(seconds) {
        Err(_) | Ok(0) => {
            let message = format!("a timeout of {seconds} seconds caches nothing");
            diags.warning(EXPIRY, span, message);
        }
        Ok(seconds) if seconds > TTL_MAX.as_secs() => {
            let message = format!("a timeout of {seconds} seconds is longer than 30 days");
            diags.warning(EXPIRY, span, message).note(None, "it counts as 30 days");
        }
        Ok(_) => {}
    }
}

fn report_none(place: Span, diags: &mut Diagnostics) {
    diags
        .warning(EXPIRY, place, "no expiry is given")
        .note(None, "the cache's own expiry holds")
        .help("add `ExpirySettings` with a `TimeoutInSeconds`");
}

#[cfg(test)]
mod tests;
