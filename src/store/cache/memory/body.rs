//! An entry's key and value, in as little memory as they take.
//!
//! A small scalar stands behind its key in one allocation, and each reader gets a copy; a
//! larger one, and whatever else is stored, is shared with its readers.

use bytes::Bytes;
use bytestring::ByteString;

use crate::store::cache::collection::Collection;
use crate::store::cache::{Item, ItemKind};

/// Key and value together, up to which a reader gets a copy: that costs it no more than
/// counting a reference would, and two threads that read one entry do not wait for each other.
pub(super) const SMALL_BYTES_MAX: usize = 512;

/// What a small body has before its key: the type, and the key's length in two bytes.
const HEADER_BYTES: usize = 3;
/// What a large body takes beside key and value: itself, and the headers and rounding of the
/// key's and the value's own allocations.
pub(super) const LARGE_BYTES: usize = 96;

#[derive(Debug)]
pub(super) enum Body {
    Small(Box<[u8]>),
    Large(Box<Large>),
}

#[derive(Debug)]
pub(super) struct Large {
    key: Box<[u8]>,
    item: Item,
}

/// The type of a small value; its number is the first byte of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bytes,
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
}

impl Type {
    const ALL: [Self; 7] = [
        Self::Bytes,
        Self::String,
        Self::Integer,
        Self::Long,
        Self::Float,
        Self::Double,
        Self::Boolean,
    ];
}

impl Body {
    pub(super) fn new(key: &[u8], item: Item) -> Self {
        Self::small(key, &item)
            .unwrap_or_else(|| Self::Large(Box::new(Large { key: Box::from(key), item })))
    }

    fn small(key: &[u8], item: &Item) -> Option<Self> {
        if !is_small(key, item) {
            return None;
        }
        let key_bytes = u16::try_from(key.len()).ok()?.to_le_bytes();
        let pack = |of: Type, value: &[u8]| {
            let parts: [&[u8]; 4] = [&[of as u8], &key_bytes, key, value];
            Some(Self::Small(parts.concat().into_boxed_slice()))
        };
        match item {
            Item::Bytes(bytes) => pack(Type::Bytes, bytes),
            Item::String(text) => pack(Type::String, text.as_bytes()),
            Item::Integer(n) => pack(Type::Integer, &n.to_le_bytes()),
            Item::Long(n) => pack(Type::Long, &n.to_le_bytes()),
            Item::Float(n) => pack(Type::Float, &n.to_le_bytes()),
            Item::Double(n) => pack(Type::Double, &n.to_le_bytes()),
            Item::Boolean(flag) => pack(Type::Boolean, &[u8::from(*flag)]),
            Item::Response(_) | Item::Collection(_) => None,
        }
    }

    pub(super) fn key(&self) -> &[u8] {
        match self {
            Self::Small(packed) => unpack(packed).1,
            Self::Large(large) => &large.key,
        }
    }

    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Small(packed) => {
                let (of, _, value) = unpack(packed);
                Value::Small(of, value)
            }
            Self::Large(large) => Value::Item(&large.item),
        }
    }

    /// Puts another value in the place of this one, which is returned where it may be shared.
    pub(super) fn replace(&mut self, item: Item) -> Option<Item> {
        match self {
            Self::Large(large) if !is_small(&large.key, &item) => {
                Some(std::mem::replace(&mut large.item, item))
            }
            _ => {
                let body = Self::new(self.key(), item);
                std::mem::replace(self, body).into_shared()
            }
        }
    }

    /// The value, where it may be shared.
    pub(super) fn into_shared(self) -> Option<Item> {
        match self {
            Self::Small(_) => None,
            Self::Large(large) => Some(large.item),
        }
    }

    /// Key, value, and what they take beside.
    pub(super) fn size_bytes(&self) -> usize {
        match self {
            Self::Small(packed) => packed.len() - HEADER_BYTES,
            Self::Large(large) => size_bytes(&large.key, &large.item),
        }
    }
}

/// A stored value where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Small(Type, &'a [u8]),
    Item(&'a Item),
}

impl<'a> Value<'a> {
    /// A small value is copied, another shared.
    pub(super) fn to_item(self) -> Item {
        match self {
            Self::Small(of, value) => {
                read(of, value).unwrap_or_else(|| Item::Bytes(Bytes::copy_from_slice(value)))
            }
            Self::Item(item) => item.clone(),
        }
    }

    pub(super) fn kind(self) -> ItemKind {
        match self {
            Self::Small(..) => ItemKind::Scalar,
            Self::Item(item) => item.kind(),
        }
    }

    pub(super) fn collection(self) -> Option<&'a Collection> {
        match self {
            Self::Item(Item::Collection(collection)) => Some(collection),
            Self::Small(..) | Self::Item(_) => None,
        }
    }

    /// As [`Item::as_bytes`].
    pub(super) fn as_bytes(self) -> Option<Bytes> {
        match self {
            Self::Small(Type::Bytes | Type::String, value) => Some(Bytes::copy_from_slice(value)),
            Self::Small(..) => self.to_item().as_bytes(),
            Self::Item(item) => item.as_bytes(),
        }
    }
}

/// What a [`Body`] of these counts as against a budget, its slot apart.
pub(super) fn size_bytes(key: &[u8], item: &Item) -> usize {
    let payload_bytes = key.len().saturating_add(item.size_bytes());
    if is_small(key, item) { payload_bytes } else { payload_bytes.saturating_add(LARGE_BYTES) }
}

fn is_small(key: &[u8], item: &Item) -> bool {
    item.kind() == ItemKind::Scalar && key.len() + item.size_bytes() <= SMALL_BYTES_MAX
}

fn unpack(packed: &[u8]) -> (Type, &[u8], &[u8]) {
    if let [of, low, high, rest @ ..] = packed
        && let Some(of) = Type::ALL.get(usize::from(*of))
        && let Some((key, value)) =
            rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))
    {
        return (*of, key, value);
    }
    // `Body::small` makes no such body.
    (Type::Bytes, &[], packed)
}

fn read(of: Type, value: &[u8]) -> Option<Item> {
    Some(match of {
        Type::Bytes => Item::Bytes(Bytes::copy_from_slice(value)),
        Type::String => Item::String(ByteString::from(std::str::from_utf8(value).ok()?)),
        Type::Integer => Item::Integer(i32::from_le_bytes(value.try_into().ok()?)),
        Type::Long => Item::Long(i64::from_le_bytes(value.try_into().ok()?)),
        Type::Float => Item::Float(f32::from_le_bytes(value.try_into().ok()?)),
        Type::Double => Item::Double(f64::from_le_bytes(value.try_into().ok()?)),
        Type::Boolean => Item::Boolean(value.first().is_some_and(|byte| *byte != 0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_comes_back_as_it_went_in() {
        let items = [
            Item::Bytes(Bytes::from_static(b"\xff\0")),
            Item::Bytes(Bytes::new()),
            Item::String(ByteString::from("späte Größe")),
            Item::Integer(i32::MIN),
            Item::Long(i64::MAX),
            Item::Float(-0.5),
            Item::Double(f64::MIN_POSITIVE),
            Item::Boolean(true),
            Item::Boolean(false),
        ];
        for item in items {
            let body = Body::new(b"key", item.clone());
            assert!(matches!(body, Body::Small(_)), "{item:?}");
            assert_eq!((body.key(), body.value().to_item()), (&b"key"[..], item.clone()));
            assert_eq!(body.value().as_bytes(), item.as_bytes());
            assert_eq!(body.size_bytes(), size_bytes(b"key", &item));
            assert_eq!(body.value().kind(), ItemKind::Scalar);
        }
    }

    #[test]
    fn a_small_body_ends_at_its_limit() {
        for (value_bytes, small) in [(SMALL_BYTES_MAX - 3, true), (SMALL_BYTES_MAX - 2, false)] {
            let item = Item::Bytes(Bytes::from(vec![7; value_bytes]));
            let body = Body::new(b"key", item.clone());
            assert_eq!(matches!(body, Body::Small(_)), small, "{value_bytes}");
            assert_eq!((body.key(), body.value().to_item()), (&b"key"[..], item.clone()));
            assert_eq!(body.size_bytes(), size_bytes(b"key", &item));
        }
    }

    #[test]
    fn an_entry_takes_a_cache_line_beside_its_body() {
        assert_eq!((size_of::<Body>(), size_of::<super::super::shard::Slot>()), (16, 64));
    }
}
