//! Counters of messages that outlive one request: what SpikeArrest and Quota ask.
//!
//! Sources: Apigee docs, "SpikeArrest policy", "Quota policy", "ResetQuota policy". Keys are
//! bytes ([`CounterKey`]); times are handed in, those of [`crate::clock::Clock`].

mod key;
mod memory;

pub use key::{CounterKey, CounterKind};
pub use memory::{COUNTERS_MAX, MemoryCounters};

use std::time::Duration;

use crate::store::cache::Answer;

/// So many messages in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub messages: u64,
    pub period: Duration,
}

/// When a quota's counter begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// At that time, milliseconds since the epoch.
    Until { end_ms: i64 },
    /// So long after the first message.
    FromFirst { length_ms: i64 },
    /// Never: what counts is the time before each message.
    Rolling { length_ms: i64 },
}

/// What a message does to a quota's counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// It counts where it fits below the limit, else it violates the quota.
    Within { limit: i64, weight: i64 },
    /// It counts, whatever the limit.
    Always { weight: i64 },
    /// It does not count, and violates the quota where nothing is left.
    Look { limit: i64 },
}

/// A quota's counter after a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Below zero where ResetQuota gave back more than was used.
    pub used: i64,
    pub violated: bool,
    /// How many messages have violated the quota in this interval.
    pub violations: u64,
    /// When the counter begins anew; for a rolling window the end of the part that now is in.
    pub expires_ms: i64,
}

/// Where counters live. Each operation on one key is atomic. A backend that cannot be reached
/// for a while counts by itself: a limit never fails a message.
pub trait CounterBackend: Send + Sync {
    /// Whether a message of that weight may pass now, by spacing messages evenly. `now` only
    /// grows; a backend shared by several gateways asks its own clock instead.
    fn space<'a>(
        &'a self,
        key: &'a [u8],
        rate: Rate,
        weight: u64,
        now: Duration,
    ) -> Answer<'a, bool>;

    /// Whether a message of that weight may pass now, by counting those of the last period.
    fn slide<'a>(
        &'a self,
        key: &'a [u8],
        rate: Rate,
        weight: u64,
        now: Duration,
    ) -> Answer<'a, bool>;

    /// Charges a message to a quota's counter.
    fn charge<'a>(
        &'a self,
        key: &'a [u8],
        period: Period,
        charge: Charge,
        now_ms: i64,
    ) -> Answer<'a, Usage>;

    /// Takes so much off a quota's counter. One that has not begun stays as it is.
    fn give_back<'a>(&'a self, key: &'a [u8], count: i64) -> Answer<'a, ()>;
}

#[cfg(test)]
mod tests;
