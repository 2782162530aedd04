//! The gateway's manual clock, which each reading and each move of is a step.

use std::sync::Arc;
use std::time::Duration;

use crate::sync::atomic::{AtomicU64, Ordering};

pub const COARSE_LAG_NS: u64 = 50_000_000;

#[derive(Clone, Debug, Default)]
pub struct Clock {
    elapsed_ns: Arc<AtomicU64>,
}

impl Clock {
    /// It stands at zero until [`Clock::advance`] moves it.
    pub fn manual() -> Self {
        Self::default()
    }

    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_ns.load(Ordering::Relaxed))
    }

    /// As far behind as the gateway's may be.
    pub fn elapsed_coarse_ns(&self) -> u64 {
        self.elapsed_ns.load(Ordering::Relaxed).saturating_sub(COARSE_LAG_NS)
    }

    pub fn advance(&self, by: Duration) {
        let by_ns = u64::try_from(by.as_nanos()).expect("a scenario is short");
        self.elapsed_ns.fetch_add(by_ns, Ordering::Relaxed);
    }
}
