//! Dates as the clients write them.
//!
//! Source: RFC 9110 section 5.6.7; seen on the wire of the official SDKs: Python signs
//! `Nov, 22 2026 01:07:50.899288 GMT`, and asks for a time of the past by
//! `2026-11-22 01:26:20.429469+00:00`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Milliseconds since the epoch; `None` for what is no date in any of the forms.
pub(super) fn parse(text: &str) -> Option<i64> {
    timestamp(text).map(Timestamp::as_millisecond)
}

/// As [`parse`], whole.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(found) = text.parse::<Timestamp>() {
        return Some(found);
    }
    if let Ok(found) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(found);
    }
    let civil = DateTime::strptime("%b, %d %Y %H:%M:%S%.f", text.strip_suffix("GMT")?.trim_end());
    Some(civil.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// As in `Last-Modified`.
pub(super) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// As in `last_modified`: with microseconds and an offset.
pub(super) fn iso_8601(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_write() {
        let expected: Timestamp = "2026-11-22T01:07:50.899288Z".parse().expect("a time");
        let whole: Timestamp = "2026-11-22T01:07:50Z".parse().expect("a time");
        for (text, expected) in [
            ("Nov, 22 2026 01:07:50.899288 GMT", Some(expected)),
            ("2026-11-22 01:07:50.899288+00:00", Some(expected)),
            ("2026-11-22T02:07:50.899288+01:00", Some(expected)),
            ("Sun, 22 Nov 2026 01:07:50 GMT", Some(whole)),
            ("Nov, 22 2026 01:07:50 GMT", Some(whole)),
            ("yesterday", None),
            ("", None),
            ("Nov, 32 2026 01:07:50 GMT", None),
        ] {
            assert_eq!(timestamp(text), expected, "{text}");
        }
    }

    #[test]
    fn writes_both_forms() {
        let at: Timestamp = "2024-01-02T03:04:05.006007Z".parse().expect("a time");
        assert_eq!(http_date(at), "Tue, 02 Jan 2024 03:04:05 GMT");
        assert_eq!(iso_8601(at), "2024-01-02T03:04:05.006007+00:00");
        assert_eq!(timestamp(&http_date(at)).map(Timestamp::as_second), Some(at.as_second()));
        assert_eq!(timestamp(&iso_8601(at)), Some(at));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}") {
            timestamp(&text);
        }
    }
}
