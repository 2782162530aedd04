//! `requests_per_second` of a door: a bucket of one second's requests.

use std::time::Duration;

use parking_lot::Mutex;

/// Requests that may come at once, refilled evenly.
pub(super) struct Quota {
    per_second: f64,
    /// Taken for a few instructions by requests of the control runtime.
    state: Mutex<State>,
}

struct State {
    left: f64,
    at: Duration,
}

impl Quota {
    pub(super) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self { per_second, state: Mutex::new(State { left: per_second, at: Duration::ZERO }) }
    }

    /// `now` is a monotonic reading.
    pub(super) fn admit(&self, now: Duration) -> bool {
        let mut state = self.state.lock();
        let passed = now.saturating_sub(state.at).as_secs_f64();
        state.left = (state.left + passed * self.per_second).min(self.per_second);
        state.at = state.at.max(now);
        if state.left < 1.0 {
            return false;
        }
        state.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_so_many_through_in_a_second() {
        let quota = Quota::new(2);
        let at = Duration::from_millis;
        let seen: Vec<bool> =
            [0, 0, 0, 499, 500, 500, 1500, 1500, 1500].map(|ms| quota.admit(at(ms))).into();
        assert_eq!(seen, [true, true, false, false, true, false, true, true, false]);
    }
}
