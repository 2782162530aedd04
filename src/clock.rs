//! The one place that asks the time. Tests hand in a clock that they move by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall time in milliseconds since the epoch, and a monotonic reading in nanoseconds since
/// the clock was made. Cloning shares the clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { origin: Instant },
    Manual { origin_ms: i64, elapsed_ns: Arc<AtomicI64> },
}

impl Clock {
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the door that the ban names")]
        let origin = Instant::now();
        Self(Source::System { origin })
    }

    /// A clock that stands at `epoch_ms` until [`Clock::advance`] moves it.
    pub fn manual(epoch_ms: i64) -> Self {
        Self(Source::Manual { origin_ms: epoch_ms, elapsed_ns: Arc::default() })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn epoch_ms(&self) -> i64 {
        match &self.0 {
            Source::System { .. } => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "this is the door that the ban names"
                )]
                let now = SystemTime::now();
                let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            }
            Source::Manual { origin_ms, elapsed_ns } => {
                origin_ms.saturating_add(elapsed_ns.load(Ordering::Relaxed) / 1_000_000)
            }
        }
    }

    /// Never goes back; zero when the clock was made.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System { origin } => origin.elapsed(),
            Source::Manual { elapsed_ns, .. } => {
                Duration::from_nanos(u64::try_from(elapsed_ns.load(Ordering::Relaxed)).unwrap_or(0))
            }
        }
    }

    /// Moves a manual clock on; the system's clock does not listen.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual { elapsed_ns, .. } = &self.0 {
            let by = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
            elapsed_ns.fetch_add(by, Ordering::Relaxed);
        }
    }
}
