//! What is stored under a key: a scalar that keeps its type, a whole response, or a collection.

pub mod dictionary;
pub mod list;
pub mod set;
pub mod sorted_set;

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::message::{StoredResponse, View};
use crate::store::cache::collection::Collection;

/// One value of a list, one member of a set, one field or value of a dictionary.
pub type Element = Arc<[u8]>;

/// A stored value that keeps its type: what a policy wrote as an integer reads as one.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Bytes(Bytes),
    String(ByteString),
    Integer(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Boolean(bool),
    /// A whole response, which only ResponseCache writes and reads; to others it is of a wrong
    /// type.
    Response(Arc<StoredResponse>),
    /// Which a backend in memory keeps and changes; nobody puts one from outside.
    Collection(Arc<Collection>),
}

/// The kinds that operations tell apart. Numbers and booleans are scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    Scalar,
    Dictionary,
    Set,
    List,
    SortedSet,
    /// A whole response, which has no meaning outside of ResponseCache.
    Response,
}

impl ItemKind {
    /// With its article.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "a scalar",
            Self::Dictionary => "a dictionary",
            Self::Set => "a set",
            Self::List => "a list",
            Self::SortedSet => "a sorted set",
            Self::Response => "a stored response",
        }
    }
}

impl Item {
    /// The bytes its value counts as against a budget.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::String(text) => text.len(),
            Self::Integer(_) | Self::Float(_) => 4,
            Self::Long(_) | Self::Double(_) => 8,
            Self::Boolean(_) => 1,
            Self::Response(stored) => stored.size_bytes(),
            Self::Collection(collection) => collection.size_bytes(),
        }
    }

    /// A copy that holds no more memory than its size says: a value read from a message may be
    /// a slice of a far larger buffer, which it would keep alive unseen by a budget.
    pub fn owned(&self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(Bytes::copy_from_slice(bytes)),
            Self::String(text) => Self::String(ByteString::from(&**text)),
            // A stored response and a collection are copies already, and share nothing.
            other => other.clone(),
        }
    }

    pub fn kind(&self) -> ItemKind {
        match self {
            Self::Bytes(_)
            | Self::String(_)
            | Self::Integer(_)
            | Self::Long(_)
            | Self::Float(_)
            | Self::Double(_)
            | Self::Boolean(_) => ItemKind::Scalar,
            Self::Response(_) => ItemKind::Response,
            Self::Collection(collection) => collection.kind(),
        }
    }

    /// A scalar as doors other than the policies see it: bytes, or the text that a variable of
    /// this type has. `None` for every other kind.
    pub fn as_bytes(&self) -> Option<Bytes> {
        let text = |view: View<'_>| Bytes::from(view.into_text().into_owned());
        Some(match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::String(text) => text.as_bytes().clone(),
            Self::Integer(n) => text(View::Integer(*n)),
            Self::Long(n) => text(View::Long(*n)),
            Self::Float(n) => text(View::Float(*n)),
            Self::Double(n) => text(View::Double(*n)),
            Self::Boolean(flag) => text(View::Boolean(*flag)),
            Self::Response(_) | Self::Collection(_) => return None,
        })
    }
}
