//! An environment cache as the management API's cache resource defines it.
//!
//! Sources: Apigee docs, "Create a cache in an environment" (fields, name), "Creating and
//! editing an environment cache" (300 seconds), naming guidelines (255 characters). Sizes
//! carry their unit in the field's name, as the resource has them.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::store::cache::VALUE_BYTES_MAX_DEFAULT;
use crate::store::cache::expiry::{ExpirySettings, Ttl};
use crate::store::cache::memory::{BYTES_MAX_DEFAULT, ENTRIES_MAX_DEFAULT, Limits};

/// How long an entry lives where neither the policy nor the cache says it.
pub const TTL_DEFAULT: Duration = Duration::from_secs(300);
/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 255;
/// The longest name that any door may give, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

/// The fields of the cache resource. `None` is what nobody set; `limits` has the values that
/// then hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheDefinition {
    pub name: String,
    pub description: Option<String>,
    pub expiry: ExpirySettings,
    /// Unknown: what the platform does with it beyond choosing between the cache's expiry and
    /// the policy's. It is kept, and the policy's wins.
    pub values_null: bool,
    pub max_elements_in_memory: Option<u64>,
    pub in_memory_size_kb: Option<u64>,
    /// A larger value is not cached.
    pub skip_if_element_size_kb_exceeds: Option<u64>,
    pub overflow_to_disk: bool,
    pub persistent: bool,
    pub distributed: bool,
    pub disk_size_mb: u64,
    pub max_elements_on_disk: Option<u64>,
    /// `None`: entries are not compressed.
    pub compression_minimum_size_kb: Option<u64>,
    /// The doors that it is open to, beside policies and the management API. `None`: all.
    pub doors: Option<BTreeSet<Door>>,
}

/// Where a client stands that names a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// The management API and the command line, to which every named cache is open.
    Management,
    Momento,
    Memcached,
}

impl Door {
    /// Those that a cache may be closed to.
    pub const CLOSABLE: [Self; 2] = [Self::Momento, Self::Memcached];

    /// The one of [`Self::CLOSABLE`] that has this name.
    pub fn closable(name: &str) -> Result<Self, DoorError> {
        let found = Self::CLOSABLE.into_iter().find(|door| door.name() == name);
        found.ok_or_else(|| DoorError { name: name.to_owned() })
    }

    /// As the configuration file spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Momento => "momento",
            Self::Memcached => "memcached",
        }
    }
}

/// A name that no door has which a cache may be closed to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no door of a cache; write `momento` or `memcached`")]
pub struct DoorError {
    pub name: String,
}

/// Why a cache cannot have a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a cache needs a name")]
    Empty,
    #[error("the cache's name has nothing but spaces")]
    Blank,
    #[error("the cache's name has {chars} characters; the limit is {NAME_CHARS_MAX}")]
    TooLong { chars: usize },
    #[error("the cache's name has {bytes} bytes; the limit is {NAME_BYTES_MAX}")]
    TooManyBytes { bytes: usize },
    #[error("the cache's name `{}` has the character {found:?}", .name.escape_debug())]
    Character { name: String, found: char },
}

impl CacheDefinition {
    /// As a body of `{}` defines it.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
            expiry: ExpirySettings::default(),
            values_null: false,
            max_elements_in_memory: None,
            in_memory_size_kb: None,
            skip_if_element_size_kb_exceeds: None,
            overflow_to_disk: false,
            persistent: false,
            distributed: true,
            disk_size_mb: 0,
            max_elements_on_disk: None,
            compression_minimum_size_kb: None,
            doors: None,
        }
    }

    /// Whether clients of that door see the cache.
    pub fn is_open_to(&self, door: Door) -> bool {
        let listed = |doors: &BTreeSet<Door>| doors.contains(&door);
        door == Door::Management || self.doors.as_ref().is_none_or(listed)
    }

    /// What the cache may hold in memory.
    ///
    /// Unknown: what zero elements or zero KB mean; they set no bound of their own.
    pub fn limits(&self) -> Limits {
        let bytes = |kb: u64| usize::try_from(kb).unwrap_or(usize::MAX).saturating_mul(1024);
        let set = |number: &u64| *number > 0;
        Limits {
            bytes_max: self.in_memory_size_kb.filter(set).map_or(BYTES_MAX_DEFAULT, bytes),
            entries_max: self
                .max_elements_in_memory
                .filter(set)
                .map_or(ENTRIES_MAX_DEFAULT, |elements| {
                    usize::try_from(elements).unwrap_or(usize::MAX)
                }),
            value_bytes_max: self
                .skip_if_element_size_kb_exceeds
                .filter(set)
                .map_or(VALUE_BYTES_MAX_DEFAULT, bytes),
        }
    }

    /// How long an entry lives that is written at `now_epoch_ms` by a policy without expiry.
    pub fn default_ttl(&self, now_epoch_ms: i64, zone: &TimeZone) -> Ttl {
        self.expiry.ttl(now_epoch_ms, zone).unwrap_or(Ttl::For(TTL_DEFAULT))
    }
}

/// Checks a name that the management API or the configuration file gives: 1 to 255 letters and
/// digits of ASCII, space, and `.`, `_`, `-`, `$`, `%`, the union of what the API and the naming
/// guidelines allow.
pub fn check_name(name: &str) -> Result<(), NameError> {
    check_blank(name)?;
    let chars = name.chars().count();
    if chars > NAME_CHARS_MAX {
        return Err(NameError::TooLong { chars });
    }
    let is_allowed = |found: char| found.is_ascii_alphanumeric() || " ._-$%".contains(found);
    match name.chars().find(|found| !is_allowed(*found)) {
        Some(found) => Err(NameError::Character { name: name.to_owned(), found }),
        None => Ok(()),
    }
}

/// Checks a name that any door gives: 1 to 255 bytes, no control characters, not blank. What
/// [`check_name`] takes is within this.
///
/// Unknown: which names Momento takes; its SDKs refuse empty and blank ones.
pub fn check_any_name(name: &str) -> Result<(), NameError> {
    check_blank(name)?;
    if name.len() > NAME_BYTES_MAX {
        return Err(NameError::TooManyBytes { bytes: name.len() });
    }
    match name.chars().find(|found| found.is_control()) {
        Some(found) => Err(NameError::Character { name: name.to_owned(), found }),
        None => Ok(()),
    }
}

fn check_blank(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.trim().is_empty() { Err(NameError::Blank) } else { Ok(()) }
}
