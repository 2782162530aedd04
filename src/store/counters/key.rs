//! What a counter is found by: kind, proxy, name, identifier.

use std::hash::{DefaultHasher, Hash, Hasher};

use smallvec::SmallVec;

/// A longer identifier is cut, and a hash of the whole stands behind what is left.
const IDENTIFIER_BYTES_MAX: usize = 512;

/// Keeps policies of different types with one name apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterKind {
    SpikeArrest,
    Quota,
}

/// A counter's key. It holds no more than the names and 528 bytes of identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterKey(SmallVec<[u8; 120]>);

impl CounterKey {
    /// `name` is that of the policy, or the one that several policies share.
    pub fn new(kind: CounterKind, proxy: &str, name: &str, identifier: &str) -> Self {
        let mut key = SmallVec::new();
        key.push(match kind {
            CounterKind::SpikeArrest => b's',
            CounterKind::Quota => b'q',
        });
        key.extend_from_slice(proxy.as_bytes());
        // No name of a proxy or policy holds a zero byte.
        key.push(0);
        key.extend_from_slice(name.as_bytes());
        key.push(0);
        match identifier.as_bytes().split_at_checked(IDENTIFIER_BYTES_MAX) {
            Some((head, tail)) if !tail.is_empty() => {
                let mut hasher = DefaultHasher::new();
                identifier.hash(&mut hasher);
                key.extend_from_slice(head);
                key.extend_from_slice(&hasher.finish().to_be_bytes());
                key.extend_from_slice(&identifier.len().to_be_bytes());
            }
            Some(_) | None => key.extend_from_slice(identifier.as_bytes()),
        }
        Self(key)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
