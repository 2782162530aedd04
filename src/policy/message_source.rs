//! `Source` of the policies that look into the content of a message.
//!
//! Source: Apigee docs, "JSONThreatProtection policy", "XMLThreatProtection policy".

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::message::{Message, MessageContext, Value};
use crate::policy::kind::Linker;
use crate::variable::{Part, Place, VarRef};
use crate::xml::Fields;

/// The message to look into.
#[derive(Debug)]
pub(super) struct MessageSource(VarRef);

/// What a message holds.
pub(super) struct Content {
    /// Empty where the body is a stream.
    pub(super) bytes: Bytes,
    content_type: Option<HeaderValue>,
}

pub(super) enum SourceError {
    /// The variable has no value.
    Unavailable,
    /// Its value is no message.
    NoMessage,
}

impl MessageSource {
    /// The default is the request.
    pub(super) fn read(xml: &mut Fields<'_, '_>) -> Self {
        Self(xml.optional("Source").unwrap_or_else(|| VarRef::parse("request")))
    }

    pub(super) fn link(&mut self, linker: &mut dyn Linker) {
        linker.bind(&mut self.0);
    }

    pub(super) fn name(&self) -> &str {
        self.0.name()
    }

    pub(super) fn find(&self, cx: &MessageContext) -> Result<Content, SourceError> {
        if let Place::Message(role, Part::Whole) = self.0.place() {
            return cx.role_message(*role).map(Content::of).ok_or(SourceError::Unavailable);
        }
        match cx.get_value(&self.0) {
            Some(Value::Message(message)) => Ok(Content::of(&message.borrow())),
            Some(_) => Err(SourceError::NoMessage),
            None => Err(SourceError::Unavailable),
        }
    }
}

impl Content {
    pub(super) fn of(message: &Message) -> Self {
        Self {
            bytes: message.content().cloned().unwrap_or_default(),
            content_type: message.headers.get(CONTENT_TYPE).cloned(),
        }
    }

    /// Whether the message says that its body is of that format: `json` stands for
    /// `application/json` and for `application/problem+json`.
    pub(super) fn is_of(&self, format: &str) -> bool {
        let Some(value) = &self.content_type else { return false };
        let media = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        let mut parts = media.trim_ascii().rsplit(|b| matches!(b, b'/' | b'+'));
        let last = parts.next().unwrap_or_default();
        parts.next().is_some() && last.eq_ignore_ascii_case(format.as_bytes())
    }
}
