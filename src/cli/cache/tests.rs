use std::time::Duration;

use proptest::prelude::*;

use super::arguments::ttl;
use super::gateway::ANSWER_BYTES_MAX;
use super::{KEY_JSON_BYTES_MAX, PAGE_KEYS};

#[track_caller]
fn check(text: &str, seconds: Option<u64>) {
    assert_eq!(ttl(text).ok(), seconds.map(Duration::from_secs), "{text}");
}

#[test]
fn a_lifetime_has_a_unit_or_is_in_seconds() {
    check("1", Some(1));
    check("90", Some(90));
    check("90s", Some(90));
    check("10m", Some(600));
    check("2h", Some(7200));
    check("30d", Some(2_592_000));
    check("2592000", Some(2_592_000));
    for text in ["", "0", "0d", "31d", "2592001", "s", "1w", "-1", "+1", "1.5h", "1 h", "é"] {
        check(text, None);
    }
    check("99999999999999999999", None);
    check("9999999999999999999d", None);
}

#[test]
fn the_longest_keys_fit_into_an_answer() {
    let answer = ANSWER_BYTES_MAX - "{\"keys\":[],\"nextPageToken\":\"\"}".len();
    // The token, and a comma behind each key.
    let rest = 1024 + PAGE_KEYS;
    assert!(PAGE_KEYS * KEY_JSON_BYTES_MAX + rest <= answer, "{PAGE_KEYS}");
    const { assert!(PAGE_KEYS >= 100) };
}

proptest! {
    #[test]
    fn no_lifetime_panics(text in ".{0,20}") {
        drop(ttl(&text));
    }
}
