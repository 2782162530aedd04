//! `Source`: the message, or the variable with a text, that a policy looks into.
//!
//! Source: Apigee docs, "ExtractVariables policy", `Source`, `JSONPayload`, `XMLPayload`.
//! What kind of payload a message holds its Content-Type alone says; a variable holds what the
//! policy takes it for.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::message::{Message, MessageContext, MessageKind, Value};
use crate::policy::kind::Linker;
use crate::variable::{Part, Place, Role, VarRef};
use crate::xml::Fields;

#[derive(Clone, Debug)]
pub(in crate::policy) struct Source(VarRef);

/// What a source is for one request.
#[derive(Debug)]
pub(in crate::policy) enum Origin {
    /// One of the four messages, and it is there.
    Role(Role),
    /// A message of the bundle's own.
    Own(Rc<RefCell<Message>>),
    /// What a variable holds that is no message.
    Text(Bytes),
}

/// What a payload is read as, and which Content-Types are that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Format {
    /// `application/json`
    Json,
    /// The same and `application/*+json`, where more is better.
    AnyJson,
    /// `text/xml`, `application/xml`, `application/*+xml`
    Xml,
}

impl Source {
    /// The default is `message`.
    pub(in crate::policy) fn read(xml: &mut Fields<'_, '_>) -> Self {
        Self(xml.optional("Source").unwrap_or_else(|| VarRef::parse("message")))
    }

    pub(in crate::policy) fn name(&self) -> &str {
        self.0.name()
    }

    /// The policy reads or empties the body.
    pub(in crate::policy) fn link(&mut self, linker: &mut dyn Linker) {
        linker.bind(&mut self.0);
    }

    /// The policy reads nothing but the head: of one of the four messages that needs nothing.
    pub(in crate::policy) fn link_head(&mut self, linker: &mut dyn Linker) {
        if !matches!(self.0.place(), Place::Message(_, Part::Whole)) {
            linker.bind(&mut self.0);
        }
    }

    /// Whether it names one of the four messages, or a variable that may hold a message.
    pub(in crate::policy) fn may_be_message(&self) -> bool {
        matches!(self.0.place(), Place::Message(_, Part::Whole) | Place::Slot(_) | Place::Named)
    }

    /// `None` where there is no such message and the variable has no value.
    pub(in crate::policy) fn origin(&self, cx: &MessageContext) -> Option<Origin> {
        if let Place::Message(role, Part::Whole) = self.0.place() {
            return cx.role_message(*role).map(|_| Origin::Role(*role));
        }
        Some(match cx.get_value(&self.0)? {
            Value::Message(message) => Origin::Own(message),
            Value::String(text) => Origin::Text(text.into_bytes()),
            Value::Bytes(bytes) => Origin::Text(bytes),
            other => Origin::Text(Bytes::from(other.view().into_text().into_owned())),
        })
    }

    /// Empties the payload, or removes the variable.
    pub(in crate::policy) fn clear(&self, origin: &Origin, cx: &mut MessageContext) {
        match origin {
            Origin::Role(role) => {
                if let Some(message) = cx.role_message_mut(*role) {
                    message.set_content(Bytes::new());
                }
            }
            Origin::Own(message) => message.borrow_mut().set_content(Bytes::new()),
            Origin::Text(_) => cx.remove(&self.0),
        }
    }
}

impl Origin {
    /// `None` where it is no message.
    pub(in crate::policy) fn kind(&self, cx: &MessageContext) -> Option<MessageKind> {
        self.ask(cx, Message::kind)
    }

    pub(in crate::policy) fn is_request(&self, cx: &MessageContext) -> bool {
        self.kind(cx) == Some(MessageKind::Request)
    }

    /// `None` where the Content-Type says that it holds something else.
    pub(in crate::policy) fn payload(&self, cx: &MessageContext, format: Format) -> Option<Bytes> {
        if let Self::Text(text) = self {
            return Some(text.clone());
        }
        self.ask(cx, |message| {
            let is_of_format = message.headers.get(CONTENT_TYPE).is_some_and(|v| format.is(v));
            is_of_format.then(|| message.content().cloned().unwrap_or_default())
        })?
    }

    /// The path of a request.
    pub(in crate::policy) fn path(&self, cx: &MessageContext) -> Option<String> {
        self.ask(cx, |message| message.path().map(str::to_owned))?
    }

    fn ask<T>(&self, cx: &MessageContext, question: impl FnOnce(&Message) -> T) -> Option<T> {
        match self {
            Self::Role(role) => cx.role_message(*role).map(question),
            Self::Own(message) => Some(question(&message.borrow())),
            Self::Text(_) => None,
        }
    }
}

impl Format {
    fn is(self, content_type: &HeaderValue) -> bool {
        let media = content_type.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        let media = media.trim_ascii().to_ascii_lowercase();
        match self {
            Self::Json => media == b"application/json",
            Self::AnyJson => media == b"application/json" || is_application(&media, b"+json"),
            Self::Xml => {
                matches!(&*media, b"text/xml" | b"application/xml")
                    || is_application(&media, b"+xml")
            }
        }
    }
}

fn is_application(media: &[u8], suffix: &[u8]) -> bool {
    media.starts_with(b"application/") && media.ends_with(suffix)
}
