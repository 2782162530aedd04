use std::num::NonZeroU32;

use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use proptest::prelude::*;

use super::*;

fn now<T>(answer: Answer<'_, T>) -> T {
    match answer {
        Answer::Now(value) => value,
        Answer::Later(_) => panic!("counters in memory answer at once"),
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn messages_are_spaced() {
    let counters = MemoryCounters::default();
    let rate = Rate { messages: 5, period: ms(1000) };
    let space = |weight, at| now(counters.space(b"k", rate, weight, ms(at)));
    assert!(space(1, 0));
    assert!(!space(1, 199));
    assert!(space(1, 200));
    assert!(space(3, 400));
    assert!(!space(1, 999));
    assert!(space(0, 1000));
    assert!(space(1, 1000));
    assert!(now(counters.space(b"other", rate, 1, ms(1000))));
    assert!(!now(counters.space(b"none", Rate { messages: 0, period: ms(1000) }, 1, ms(0))));
}

#[test]
fn the_last_period_counts() {
    let counters = MemoryCounters::default();
    let rate = Rate { messages: 4, period: ms(1000) };
    let slide = |at| now(counters.slide(b"k", rate, 1, ms(at)));
    assert!([900, 910, 920, 930].into_iter().all(slide));
    assert!(!slide(940));
    // Half of the four before still count.
    assert!(slide(1500) && slide(1501) && slide(1600));
    assert!(!slide(1601));
    assert!([4000, 4001, 4002, 4003].into_iter().all(slide));
}

#[test]
fn intervals_begin_anew() {
    let counters = MemoryCounters::default();
    let charge = |charge, at| {
        let usage = now(counters.charge(b"k", Period::FromFirst { length_ms: 100 }, charge, at));
        (usage.used, usage.violated, usage.violations, usage.expires_ms)
    };
    let one = Charge::Within { limit: 2, weight: 1 };
    assert_eq!(charge(one, 50), (1, false, 0, 150));
    assert_eq!(charge(one, 149), (2, false, 0, 150));
    assert_eq!(charge(Charge::Within { limit: 2, weight: 0 }, 149), (2, false, 0, 150));
    assert_eq!(charge(one, 149), (2, true, 1, 150));
    assert_eq!(charge(Charge::Look { limit: 2 }, 149), (2, true, 2, 150));
    assert_eq!(charge(Charge::Always { weight: 5 }, 149), (7, false, 2, 150));
    assert_eq!(charge(one, 150), (1, false, 0, 250));
    now(counters.give_back(b"k", 3));
    now(counters.give_back(b"nobody", 3));
    assert_eq!(charge(Charge::Look { limit: 2 }, 150), (-2, false, 0, 250));
}

#[test]
fn a_rolling_window_forgets_bit_by_bit() {
    let counters = MemoryCounters::default();
    let charge = |at| {
        let period = Period::Rolling { length_ms: 60_000 };
        let usage = now(counters.charge(b"k", period, Charge::Within { limit: 2, weight: 1 }, at));
        (usage.used, usage.violated)
    };
    assert_eq!(charge(0), (1, false));
    assert_eq!(charge(30_000), (2, false));
    assert_eq!(charge(59_999), (2, true));
    assert_eq!(charge(60_000), (2, false));
    assert_eq!(charge(60_000), (2, true));
    assert_eq!(charge(1_000_000), (1, false));
    assert_eq!(charge(900_000), (2, false));
}

#[test]
fn idle_counters_make_room() {
    let counters = MemoryCounters::default();
    let rate = Rate { messages: 1, period: ms(1000) };
    let space = |key: &str| now(counters.space(key.as_bytes(), rate, 1, ms(0)));
    assert!(space("busy"));
    for index in 0..COUNTERS_MAX * 2 {
        space(&index.to_string());
        if index % 1000 == 0 {
            assert!(!space("busy"), "what is asked for stays");
        }
    }
    assert!(space("0"), "what was idle longest is forgotten");
}

#[test]
fn keys_are_bounded_and_apart() {
    let key = |identifier: &str| CounterKey::new(CounterKind::Quota, "p", "q", identifier);
    assert_eq!(key("a").as_bytes(), b"qp\0q\0a");
    assert_ne!(key("a"), CounterKey::new(CounterKind::SpikeArrest, "p", "q", "a"));
    let long = "x".repeat(512);
    assert_eq!(key(&long).as_bytes().len(), 5 + 512);
    let longer = [long.clone() + "y", long.clone() + "z", long + "zz"];
    let keys = longer.each_ref().map(|identifier| key(identifier));
    assert!(keys.iter().all(|key| key.as_bytes().len() == 5 + 512 + 16));
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
}

proptest! {
    /// governor spaces messages by the same algorithm.
    #[test]
    fn spacing_agrees_with_governor(
        messages in 1_u32..200,
        per_minute in any::<bool>(),
        steps in proptest::collection::vec(0_u64..2_000_000_000, 1..80),
    ) {
        let period = if per_minute { ms(60_000) } else { ms(1000) };
        let spacing = period / messages;
        let clock = FakeRelativeClock::default();
        let quota = Quota::with_period(spacing).expect("not zero").allow_burst(NonZeroU32::MIN);
        let oracle = RateLimiter::direct_with_clock(quota, clock.clone());
        let counters = MemoryCounters::default();
        let mut at = Duration::ZERO;
        for step in steps {
            let step = Duration::from_nanos(step / u64::from(messages));
            clock.advance(step);
            at += step;
            let rate = Rate { messages: u64::from(messages), period };
            let passes = now(counters.space(b"k", rate, 1, at));
            prop_assert_eq!(passes, oracle.check().is_ok(), "at {:?}", at);
        }
    }

    /// A list of all messages and a clock say the same of an interval, and bound the rolling
    /// window from both sides.
    #[test]
    fn quotas_agree_with_a_list(
        limit in 0_i64..6,
        steps in proptest::collection::vec((0_i64..40_000, 0_i64..3), 1..60),
    ) {
        let counters = MemoryCounters::default();
        let mut at = 0;
        let mut interval: Option<(i64, i64)> = None;
        let mut passed: Vec<(i64, i64)> = Vec::new();
        for (step, weight) in steps {
            at += step;
            let charge = Charge::Within { limit, weight };
            let period = Period::FromFirst { length_ms: 60_000 };
            let usage = now(counters.charge(b"i", period, charge, at));
            let (end, used) = match interval {
                Some((end, used)) if at < end => (end, used),
                _ => (at + 60_000, 0),
            };
            prop_assert_eq!(usage.violated, used + weight > limit);
            let used = if usage.violated { used } else { used + weight };
            prop_assert_eq!((usage.used, usage.expires_ms), (used, end));
            interval = Some((end, used));

            let usage = now(counters.charge(b"r", Period::Rolling { length_ms: 60_000 }, charge, at));
            let since = |start: i64| -> i64 {
                passed.iter().filter(|(when, _)| *when > start).map(|(_, weight)| weight).sum()
            };
            let before = usage.used - if usage.violated { 0 } else { weight };
            prop_assert!(since(at - 59_000) <= before && before <= since(at - 60_001));
            prop_assert_eq!(usage.violated, before + weight > limit);
            if !usage.violated {
                passed.push((at, weight));
            }
        }
    }
}
