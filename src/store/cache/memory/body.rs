//! An entry's key and value in one allocation, which is shared with its readers.
//!
//! A small scalar stands behind its key. Whatever else is stored stands in the shard, and the
//! body has its number there.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;
use triomphe::ThinArc;

use crate::store::cache::collection::{Collection, block_bytes};
use crate::store::cache::{Item, ItemKind};

/// Key and value together, up to which they stand in one allocation.
pub(super) const SMALL_BYTES_MAX: usize = 512;

/// What another item takes beside key and value: its place in the shard, and the headers and
/// rounding of its own allocations.
pub(super) const OTHER_BYTES: usize = 96;

/// The longest key that a body takes.
pub(super) const KEY_BYTES_MAX: usize = (1 << 24) - 1;
/// What a body has before its key: the key's length, its lowest byte first.
const HEADER_BYTES: usize = 3;

/// Bodies up to so many bytes are put together without an allocation for that.
const PACKED_ON_STACK: usize = 256;

const TYPE_BITS: u32 = 3;
const USES_BITS: u32 = 3;
const TYPE_MASK: u64 = (1 << TYPE_BITS) - 1;
/// How many uses a body counts; each saves it once from eviction.
pub(super) const USES_MAX: u64 = (1 << USES_BITS) - 1;
const EXPIRES_SHIFT: u32 = TYPE_BITS + USES_BITS;
/// An `expires_ns` that never comes: 9 years after the start.
pub(super) const NEVER_NS: u64 = u64::MAX >> EXPIRES_SHIFT;

/// The word has, from its highest bit down, the time of expiry, the uses, and the type. It is
/// written under the shard's lock alone, and the type never; so it needs no stronger ordering.
#[derive(Clone, Debug)]
pub(super) struct Body(ThinArc<AtomicU64, u8>);

/// The type of a value; its number is part of the body's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Bytes,
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    /// The value is the number of what stands in the shard.
    Other,
}

impl Type {
    const ALL: [Self; 1 << TYPE_BITS] = [
        Self::Bytes,
        Self::String,
        Self::Integer,
        Self::Long,
        Self::Float,
        Self::Double,
        Self::Boolean,
        Self::Other,
    ];
}

impl Body {
    /// Where the value is a small scalar.
    pub(super) fn small(key: &[u8], item: &Item) -> Option<Self> {
        if !is_small(key, item) {
            return None;
        }
        Some(match item {
            Item::Bytes(bytes) => Self::pack(key, Type::Bytes, bytes),
            Item::String(text) => Self::pack(key, Type::String, text.as_bytes()),
            Item::Integer(n) => Self::pack(key, Type::Integer, &n.to_le_bytes()),
            Item::Long(n) => Self::pack(key, Type::Long, &n.to_le_bytes()),
            Item::Float(n) => Self::pack(key, Type::Float, &n.to_le_bytes()),
            Item::Double(n) => Self::pack(key, Type::Double, &n.to_le_bytes()),
            Item::Boolean(flag) => Self::pack(key, Type::Boolean, &[u8::from(*flag)]),
            Item::Response(_) | Item::Collection(_) => return None,
        })
    }

    /// For what stands in the shard under `number`.
    pub(super) fn other(key: &[u8], number: u32) -> Self {
        Self::pack(key, Type::Other, &number.to_le_bytes())
    }

    /// The key has [`KEY_BYTES_MAX`] at most.
    fn pack(key: &[u8], of: Type, value: &[u8]) -> Self {
        let key = key.get(..KEY_BYTES_MAX).unwrap_or(key);
        let [low, middle, high, _] = (key.len() as u32).to_le_bytes();
        let key_bytes: [u8; HEADER_BYTES] = [low, middle, high];
        let word = AtomicU64::new(NEVER_NS << EXPIRES_SHIFT | of as u64);
        let mut packed = SmallVec::<[u8; PACKED_ON_STACK]>::new();
        [&key_bytes, key, value].iter().for_each(|part| packed.extend_from_slice(part));
        Self(ThinArc::from_header_and_slice(word, &packed))
    }

    pub(super) fn key(&self) -> &[u8] {
        self.split().0
    }

    /// The number of what stands in the shard.
    pub(super) fn number(&self) -> Option<u32> {
        let value = || self.split().1.try_into().map(u32::from_le_bytes).ok();
        (self.of() == Type::Other).then(value).flatten()
    }

    pub(super) fn expires_ns(&self) -> u64 {
        self.word() >> EXPIRES_SHIFT
    }

    pub(super) fn set_expires_ns(&self, expires_ns: u64) {
        let rest = self.word() & ((1 << EXPIRES_SHIFT) - 1);
        self.set_word(expires_ns.min(NEVER_NS) << EXPIRES_SHIFT | rest);
    }

    pub(super) fn has_expired(&self, now_ns: u64) -> bool {
        self.expires_ns() <= now_ns
    }

    pub(super) fn uses(&self) -> u64 {
        self.word() >> TYPE_BITS & USES_MAX
    }

    pub(super) fn set_uses(&self, uses: u64) {
        let rest = self.word() & !(USES_MAX << TYPE_BITS);
        self.set_word(rest | uses.min(USES_MAX) << TYPE_BITS);
    }

    pub(super) fn count_use(&self) {
        let uses = self.uses();
        if uses < USES_MAX {
            self.set_uses(uses + 1);
        }
    }

    /// Key and value, where that is small.
    pub(super) fn size_bytes(&self) -> usize {
        self.0.slice.len() - HEADER_BYTES
    }

    /// The value, where it is small. Bytes and text are shared.
    fn to_item(&self) -> Item {
        let shared = || Bytes::from_owner(Shared(self.clone()));
        let item = match (self.of(), self.split().1) {
            (Type::String, _) => ByteString::try_from(shared()).ok().map(Item::String),
            (Type::Integer, value) => {
                value.try_into().ok().map(|value| Item::Integer(i32::from_le_bytes(value)))
            }
            (Type::Long, value) => {
                value.try_into().ok().map(|value| Item::Long(i64::from_le_bytes(value)))
            }
            (Type::Float, value) => {
                value.try_into().ok().map(|value| Item::Float(f32::from_le_bytes(value)))
            }
            (Type::Double, value) => {
                value.try_into().ok().map(|value| Item::Double(f64::from_le_bytes(value)))
            }
            (Type::Boolean, [flag]) => Some(Item::Boolean(*flag != 0)),
            (Type::Bytes | Type::Boolean | Type::Other, _) => None,
        };
        item.unwrap_or_else(|| Item::Bytes(shared()))
    }

    fn of(&self) -> Type {
        let number = usize::try_from(self.word() & TYPE_MASK).unwrap_or(0);
        Type::ALL[number]
    }

    fn split(&self) -> (&[u8], &[u8]) {
        if let [low, middle, high, rest @ ..] = &self.0.slice
            && let key_bytes = u32::from_le_bytes([*low, *middle, *high, 0])
            && let Some(parts) = rest.split_at_checked(key_bytes as usize)
        {
            return parts;
        }
        // `Body::pack` makes no such body.
        (&[], &[])
    }

    fn word(&self) -> u64 {
        self.0.header.header.load(Ordering::Relaxed)
    }

    fn set_word(&self, word: u64) {
        self.0.header.header.store(word, Ordering::Relaxed);
    }
}

/// The value of a body, for as long as somebody reads it.
struct Shared(Body);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.split().1
    }
}

/// A stored value where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Small(&'a Body),
    Item(&'a Item),
}

impl<'a> Value<'a> {
    pub(super) fn to_item(self) -> Item {
        match self {
            Self::Small(body) => body.to_item(),
            Self::Item(item) => item.clone(),
        }
    }

    /// As [`Value::to_item`], in two parts: this one is all that needs the lock.
    pub(super) fn share(self) -> Hit {
        match self {
            Self::Small(body) => Hit::Small(body.clone()),
            Self::Item(item) => Hit::Item(item.clone()),
        }
    }

    pub(super) fn kind(self) -> ItemKind {
        match self {
            Self::Small(_) => ItemKind::Scalar,
            Self::Item(item) => item.kind(),
        }
    }

    pub(super) fn collection(self) -> Option<&'a Collection> {
        match self {
            Self::Item(Item::Collection(collection)) => Some(collection),
            Self::Small(_) | Self::Item(_) => None,
        }
    }

    /// As [`Item::as_bytes`].
    pub(super) fn as_bytes(self) -> Option<Bytes> {
        match self {
            Self::Small(body) if matches!(body.of(), Type::Bytes | Type::String) => {
                Some(Bytes::from_owner(Shared(body.clone())))
            }
            Self::Small(body) => body.to_item().as_bytes(),
            Self::Item(item) => item.as_bytes(),
        }
    }
}

/// What a reader takes from under the lock.
pub(super) enum Hit {
    Small(Body),
    Item(Item),
}

impl Hit {
    pub(super) fn into_item(self) -> Item {
        match self {
            Self::Small(body) => body.to_item(),
            Self::Item(item) => item,
        }
    }
}

/// What an entry of these counts as against a budget, its overhead apart. A large scalar takes a
/// block of its own, which may be a quarter larger than it is.
pub(super) fn size_bytes(key: &[u8], item: &Item) -> usize {
    let value_bytes = item.size_bytes();
    if is_small(key, item) {
        return key.len() + value_bytes;
    }
    let taken_bytes = match item.kind() {
        ItemKind::Scalar => block_bytes(value_bytes),
        _ => value_bytes,
    };
    key.len().saturating_add(taken_bytes).saturating_add(OTHER_BYTES)
}

pub(super) fn is_small(key: &[u8], item: &Item) -> bool {
    item.kind() == ItemKind::Scalar && key.len() + item.size_bytes() <= SMALL_BYTES_MAX
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
            let body = Body::small(b"key", &item).expect("it is small");
            body.set_expires_ns(77);
            body.count_use();
            let value = Value::Small(&body);
            assert_eq!((body.key(), value.to_item()), (&b"key"[..], item.clone()));
            assert_eq!(value.share().into_item(), item);
            assert_eq!((body.uses(), body.expires_ns(), body.number()), (1, 77, None));
            assert_eq!(value.as_bytes(), item.as_bytes());
            assert_eq!(body.size_bytes(), size_bytes(b"key", &item));
            assert_eq!(value.kind(), ItemKind::Scalar);
        }
        let other = Body::other(b"key", u32::MAX);
        assert_eq!((other.key(), other.number()), (&b"key"[..], Some(u32::MAX)));
        assert_eq!(Body::other(&[7; KEY_BYTES_MAX], 0).key().len(), KEY_BYTES_MAX);
    }

    #[test]
    fn uses_and_time_have_their_bounds() {
        let body = Body::small(b"key", &Item::Boolean(true)).expect("it is small");
        assert_eq!((body.expires_ns(), body.uses()), (NEVER_NS, 0));
        (0..2 * USES_MAX).for_each(|_| body.count_use());
        assert_eq!((body.expires_ns(), body.uses()), (NEVER_NS, USES_MAX));
        body.set_expires_ns(u64::MAX);
        assert!(!body.has_expired(NEVER_NS - 1));
        body.set_expires_ns(1);
        assert_eq!(
            (body.has_expired(0), body.has_expired(1), body.uses()),
            (false, true, USES_MAX)
        );
        body.set_uses(0);
        assert_eq!((body.expires_ns(), body.uses()), (1, 0));
        assert_eq!(Value::Small(&body).to_item(), Item::Boolean(true));
    }

    #[test]
    fn a_small_body_ends_at_its_limit() {
        for (value_bytes, small) in [(SMALL_BYTES_MAX - 3, true), (SMALL_BYTES_MAX - 2, false)] {
            let item = Item::Bytes(Bytes::from(vec![7; value_bytes]));
            assert_eq!(Body::small(b"key", &item).is_some(), small, "{value_bytes}");
        }
    }
}
