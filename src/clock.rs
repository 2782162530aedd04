//! The one place that asks the time. Tests hand in a clock that they move by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How far [`Clock::elapsed_coarse_ns`] may be behind: five ticks of the slowest usual kernel.
pub const COARSE_LAG_NS: u64 = 50_000_000;

/// Wall time in milliseconds since the epoch, and a monotonic reading in nanoseconds since
/// the clock was made. Cloning shares the clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System {
        origin: Instant,
        /// Nanoseconds of the kernel's monotonic clock at the origin or a little after it.
        #[cfg(target_os = "linux")]
        coarse_origin_ns: u64,
    },
    Manual {
        origin_ms: i64,
        elapsed_ns: Arc<AtomicI64>,
    },
}

impl Clock {
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the door that the ban names")]
        let origin = Instant::now();
        Self(Source::System {
            origin,
            #[cfg(target_os = "linux")]
            coarse_origin_ns: kernel_ns(rustix::time::ClockId::Monotonic),
        })
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
            Source::System { origin, .. } => origin.elapsed(),
            Source::Manual { elapsed_ns, .. } => {
                Duration::from_nanos(u64::try_from(elapsed_ns.load(Ordering::Relaxed)).unwrap_or(0))
            }
        }
    }

    /// Nanoseconds of [`Clock::elapsed`] as of the kernel's last tick, for a fifth of its cost:
    /// never more than that, and less by [`COARSE_LAG_NS`] at most.
    pub fn elapsed_coarse_ns(&self) -> u64 {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Source::System { coarse_origin_ns, .. } => {
                kernel_ns(rustix::time::ClockId::MonotonicCoarse).saturating_sub(*coarse_origin_ns)
            }
            _ => u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX),
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

#[cfg(target_os = "linux")]
fn kernel_ns(id: rustix::time::ClockId) -> u64 {
    let now = rustix::time::clock_gettime(id);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_reading_follows_the_fine_one() {
        let clock = Clock::system();
        let fine_ns = || u64::try_from(clock.elapsed().as_nanos()).expect("a short time");
        let mut last_ns = 0;
        for _ in 0..100_000 {
            let coarse_ns = clock.elapsed_coarse_ns();
            assert!(last_ns <= coarse_ns && coarse_ns <= fine_ns());
            last_ns = coarse_ns;
        }
    }

    #[test]
    fn a_manual_clock_has_one_reading() {
        let clock = Clock::manual(0);
        clock.advance(Duration::from_millis(7));
        assert_eq!(clock.elapsed_coarse_ns(), 7_000_000);
    }
}
