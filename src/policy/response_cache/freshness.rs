//! What a response's headers say of how it may be kept.
//!
//! Sources: Apigee docs, "Support for HTTP response headers" (the directives that count, and
//! `s-maxage` before `max-age` before `Expires`); RFC 9111 sections 5.2 and 5.3; RFC 9110
//! section 5.6.7 (dates). Directives that are not listed here have no effect.

use std::time::Duration;

use http::HeaderMap;
use http::header::{CACHE_CONTROL, EXPIRES};
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::store::cache::TTL_MAX;
use crate::store::cache::expiry::Ttl;

/// The directives of Cache-Control that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives {
    private: bool,
    public: bool,
    /// Unknown: what the form with field names does. The names are ignored, the directive holds.
    pub(super) no_cache: bool,
    max_age_s: Option<u64>,
    s_maxage_s: Option<u64>,
}

impl Directives {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for value in headers.get_all(CACHE_CONTROL) {
            let mut rest = value.as_bytes();
            while !rest.is_empty() {
                let (directive, next) = split_directive(rest);
                found.note(directive);
                rest = next;
            }
        }
        found
    }

    /// `public` counts for more than `private` does.
    pub(super) fn is_private(&self) -> bool {
        self.private && !self.public
    }

    /// How long the headers let the response live; `None` where they do not say it.
    pub(super) fn ttl(&self, headers: &HeaderMap, now_epoch_ms: i64) -> Option<Ttl> {
        if let Some(seconds) = self.s_maxage_s.or(self.max_age_s) {
            return Some(match seconds {
                0 => Ttl::DoNotStore,
                seconds => Ttl::For(Duration::from_secs(seconds).min(TTL_MAX)),
            });
        }
        let expires = headers.get(EXPIRES)?;
        // RFC 9111 section 5.3: what is no date, above all `0`, is past.
        let end_ms = expires.to_str().ok().and_then(parse_http_date).unwrap_or(i64::MIN);
        Some(match u64::try_from(end_ms.saturating_sub(now_epoch_ms)) {
            Err(_) | Ok(0) => Ttl::DoNotStore,
            Ok(ms) => Ttl::For(Duration::from_millis(ms).min(TTL_MAX)),
        })
    }

    /// The first of two that name a time counts.
    fn note(&mut self, directive: &[u8]) {
        let mut parts = directive.splitn(2, |b| *b == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let seconds = || {
            let text = std::str::from_utf8(parts.next()?).ok()?.trim().trim_matches('"');
            let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            // A number that does not fit is a very long time.
            is_number.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"private") {
            self.private = true;
        } else if is(b"public") {
            self.public = true;
        } else if is(b"no-cache") {
            self.no_cache = true;
        } else if is(b"max-age") {
            self.max_age_s = self.max_age_s.or_else(seconds);
        } else if is(b"s-maxage") {
            self.s_maxage_s = self.s_maxage_s.or_else(seconds);
        }
    }
}

/// Up to the next comma outside of quotes, and what is behind it.
fn split_directive(text: &[u8]) -> (&[u8], &[u8]) {
    let mut is_quoted = false;
    let end = text.iter().position(|b| {
        is_quoted ^= *b == b'"';
        *b == b',' && !is_quoted
    });
    let (this, next) = text.split_at(end.unwrap_or(text.len()));
    (this, next.get(1..).unwrap_or_default())
}

/// A date in one of HTTP's three forms, in milliseconds since the epoch. The day of the week,
/// which begins each of them, is not looked at.
fn parse_http_date(text: &str) -> Option<i64> {
    const FORMS: [&str; 2] = ["%d %b %Y %H:%M:%S GMT", "%d-%b-%y %H:%M:%S GMT"];
    const WITHOUT_COMMA: [&str; 1] = ["%b %e %H:%M:%S %Y"];
    let text = text.trim();
    let (rest, forms) = match text.split_once(',') {
        Some((_, rest)) => (rest, &FORMS[..]),
        None => (text.split_once(' ')?.1, &WITHOUT_COMMA[..]),
    };
    forms.iter().find_map(|form| {
        let time: DateTime = strtime::parse(form, rest.trim()).ok()?.to_datetime().ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
    })
}

#[cfg(test)]
mod tests;
