//! A short way to the variables that conditions ask most.
//!
//! [`MessageContext::get`] answers for every variable, with a value of any type; here is what
//! stands in the context as text. A test of `condition/` holds the two to each other.

use http::HeaderMap;
use http::header::HeaderName;

use crate::message::{MessageContext, Value};
use crate::variable::{Part, Place, Role, Slot, VarId, VarRef, Which};

/// What a glance at a variable shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance<'a> {
    Null,
    Text(&'a str),
    /// Ask [`MessageContext::get`].
    Unknown,
}

impl MessageContext {
    /// The variable's text, where it need not be made first.
    #[inline(always)]
    pub fn glance<'a>(&'a self, variable: &VarRef) -> Glance<'a> {
        match variable.place() {
            Place::Slot(slot) => self.glance_slot(*slot),
            Place::Message(Role::Request, Part::Header(name, Which::First)) => {
                glance_header(&self.request.headers, name)
            }
            Place::Message(Role::Request, Part::Verb) => match self.request.method() {
                Some(method) => Glance::Text(method.as_str()),
                None => Glance::Null,
            },
            Place::Fixed(VarId::ProxyPathsuffix) => Glance::Text(self.pathsuffix()),
            Place::Fixed(_)
            | Place::Message(..)
            | Place::SlotPart { .. }
            | Place::Property
            | Place::Named => Glance::Unknown,
        }
    }

    #[inline(always)]
    fn glance_slot(&self, slot: Slot) -> Glance<'_> {
        match self.values.get(slot.index()) {
            Some(Some(Value::String(text))) => Glance::Text(text),
            Some(Some(_)) => Glance::Unknown,
            Some(None) | None => Glance::Null,
        }
    }
}

/// A field with one value of visible ASCII characters, which most are.
#[inline(always)]
fn glance_header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Glance<'a> {
    let Some(value) = headers.get(name) else { return Glance::Null };
    match value.to_str() {
        Ok(text) if !text.as_bytes().contains(&b',') => Glance::Text(text),
        Ok(_) | Err(_) => Glance::Unknown,
    }
}
