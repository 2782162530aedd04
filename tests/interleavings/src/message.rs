//! What the cache names of messages; no scenario stores a response.

use std::borrow::Cow;

#[derive(Debug, PartialEq)]
pub struct StoredResponse;

impl StoredResponse {
    pub fn size_bytes(&self) -> usize {
        0
    }
}

pub enum View<'a> {
    Text(&'a str),
    Integer(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Boolean(bool),
}

impl<'a> View<'a> {
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Integer(n) => n.to_string().into(),
            Self::Long(n) => n.to_string().into(),
            Self::Float(n) => n.to_string().into(),
            Self::Double(n) => n.to_string().into(),
            Self::Boolean(flag) => flag.to_string().into(),
        }
    }
}
