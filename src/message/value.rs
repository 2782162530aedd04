//! Values of variables: typed as Apigee types them, cheap to clone.
//!
//! Source: Apigee docs, "Flow variables reference" (types), "Conditions reference"
//! (adaptation: String beats Double, Float, Long, Integer, Boolean).

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::message::Message;

/// An owned value. `Bytes` is content that is not UTF-8.
#[derive(Clone, Debug)]
pub enum Value {
    String(ByteString),
    Integer(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Boolean(bool),
    Bytes(Bytes),
    Collection(Arc<[ByteString]>),
    /// A message object of the bundle's own; copies share it.
    Message(Rc<RefCell<Message>>),
}

/// A value as it is read: borrowed where it stands, owned where it is computed.
#[derive(Clone, Debug)]
pub enum View<'a> {
    Text(Cow<'a, str>),
    /// A text whose storage can be shared instead of copied.
    Shared(&'a ByteString),
    Integer(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Boolean(bool),
    Bytes(Cow<'a, Bytes>),
    Collection(Cow<'a, [ByteString]>),
    /// A message object; only a copy of the variable or a condition's null test can use it.
    Message,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(ByteString::from(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(ByteString::from(text))
    }
}

impl From<ByteString> for Value {
    fn from(text: ByteString) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl Value {
    /// Text where the bytes are UTF-8, bytes where not.
    pub fn from_bytes(bytes: Bytes) -> Self {
        match ByteString::try_from(bytes.clone()) {
            Ok(text) => Self::String(text),
            Err(_) => Self::Bytes(bytes),
        }
    }

    pub fn view(&self) -> View<'_> {
        match self {
            Self::String(text) => View::Shared(text),
            Self::Integer(n) => View::Integer(*n),
            Self::Long(n) => View::Long(*n),
            Self::Float(n) => View::Float(*n),
            Self::Double(n) => View::Double(*n),
            Self::Boolean(flag) => View::Boolean(*flag),
            Self::Bytes(bytes) => View::Bytes(Cow::Borrowed(bytes)),
            Self::Collection(items) => View::Collection(Cow::Borrowed(items)),
            Self::Message(_) => View::Message,
        }
    }
}

impl<'a> View<'a> {
    /// The text a template or a header shows. A message shows nothing.
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Shared(text) => Cow::Borrowed(text),
            Self::Integer(n) => Cow::Owned(n.to_string()),
            Self::Long(n) => Cow::Owned(n.to_string()),
            Self::Float(n) => Cow::Owned(float_text(f64::from(n), n.to_string())),
            Self::Double(n) => Cow::Owned(float_text(n, n.to_string())),
            Self::Boolean(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
            Self::Bytes(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            Self::Collection(items) => Cow::Owned(collection_text(&items)),
            Self::Message => Cow::Borrowed(""),
        }
    }

    /// An owned value of the same type. `None` for a message: its owner is asked instead.
    pub fn into_value(self) -> Option<Value> {
        Some(match self {
            Self::Text(text) => Value::String(ByteString::from(text.into_owned())),
            Self::Shared(text) => Value::String(text.clone()),
            Self::Integer(n) => Value::Integer(n),
            Self::Long(n) => Value::Long(n),
            Self::Float(n) => Value::Float(n),
            Self::Double(n) => Value::Double(n),
            Self::Boolean(flag) => Value::Boolean(flag),
            Self::Bytes(bytes) => Value::Bytes(bytes.into_owned()),
            Self::Collection(items) => Value::Collection(Arc::from(items.into_owned())),
            Self::Message => return None,
        })
    }
}

/// Java prints a whole floating-point number with `.0`.
fn float_text(number: f64, plain: String) -> String {
    if number.is_finite() && number.fract() == 0.0 && !plain.contains(['.', 'e', 'E']) {
        plain + ".0"
    } else {
        plain
    }
}

/// Java's text of a collection: `[a, b]`.
fn collection_text(items: &[ByteString]) -> String {
    let mut text = String::from("[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        text.push_str(item);
    }
    text.push(']');
    text
}
