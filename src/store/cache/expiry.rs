//! How long a cache entry lives, as a policy's or a cache's `ExpirySettings` say it.
//!
//! Source: Apigee docs, "PopulateCache policy" and "ResponseCache policy": `TimeoutInSeconds`,
//! `TimeOfDay` (`hh:mm:ss`), `ExpiryDate` (`mm-dd-yyyy`), both in the zone where the code
//! runs; "Limits": 30 days at most. Instants are milliseconds since the epoch.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::store::cache::TTL_MAX;

/// One child of `ExpirySettings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Seconds from the write on.
    TimeoutInSeconds(i64),
    /// The next time that the wall clock shows this.
    TimeOfDay(Time),
    /// The start of this day.
    ExpiryDate(Date),
}

/// As the parser of its child reads it.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeoutInSeconds(seconds) => write!(f, "{seconds}"),
            Self::TimeOfDay(time) => {
                write!(f, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
            }
            Self::ExpiryDate(date) => {
                write!(f, "{:02}-{:02}-{:04}", date.month(), date.day(), date.year())
            }
        }
    }
}

/// What came of an [`Expiry`] at one moment. The lesser is the one that ends earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ttl {
    /// It is over already.
    DoNotStore,
    /// Positive, and at most [`TTL_MAX`].
    For(Duration),
}

/// Why a text is no [`Expiry`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    #[error("`{text}` is not a whole number of seconds")]
    NotSeconds { text: String },
    #[error("`{text}` is not a time of day written hh:mm:ss")]
    NotTimeOfDay { text: String },
    #[error("`{text}` has more than 23 hours, 59 minutes or 59 seconds")]
    NoSuchTime { text: String },
    #[error("`{text}` is not a date written mm-dd-yyyy")]
    NotDate { text: String },
    #[error("`{text}` is not a day of the calendar")]
    NoSuchDay { text: String },
}

impl Expiry {
    /// Reads a decimal integer; a negative one is read too and means [`Ttl::DoNotStore`].
    pub fn parse_timeout_in_seconds(text: &str) -> Result<i64, ExpiryError> {
        text.parse().map_err(|_| ExpiryError::NotSeconds { text: text.to_owned() })
    }

    /// Reads `hh:mm:ss`, two digits each.
    pub fn parse_time_of_day(text: &str) -> Result<Time, ExpiryError> {
        let [hours, minutes, seconds] = fields(text, ':', [2, 2, 2])
            .ok_or_else(|| ExpiryError::NotTimeOfDay { text: text.to_owned() })?;
        let narrow = |field: i16| i8::try_from(field).unwrap_or(i8::MAX);
        Time::new(narrow(hours), narrow(minutes), narrow(seconds), 0)
            .map_err(|_| ExpiryError::NoSuchTime { text: text.to_owned() })
    }

    /// Reads `mm-dd-yyyy`, two, two and four digits.
    pub fn parse_expiry_date(text: &str) -> Result<Date, ExpiryError> {
        let [month, day, year] = fields(text, '-', [2, 2, 4])
            .ok_or_else(|| ExpiryError::NotDate { text: text.to_owned() })?;
        let narrow = |field: i16| i8::try_from(field).unwrap_or(i8::MAX);
        Date::new(year, narrow(month), narrow(day))
            .map_err(|_| ExpiryError::NoSuchDay { text: text.to_owned() })
    }

    /// The time from `now_epoch_ms` to the end. Zero and negative seconds, and a day that has
    /// begun, are over.
    ///
    /// Unknown: what the platform does with zero and negative seconds; they do not store.
    pub fn ttl(&self, now_epoch_ms: i64, zone: &TimeZone) -> Ttl {
        let end_ms = match self {
            Self::TimeoutInSeconds(seconds) => {
                let timeout_ms = seconds.saturating_mul(1000);
                return ttl_between(0, timeout_ms);
            }
            Self::TimeOfDay(time) => next_time_of_day(*time, now_epoch_ms, zone),
            Self::ExpiryDate(date) => start_of_day(*date, zone),
        };
        // An instant outside of the calendar that jiff keeps is too far away to matter.
        ttl_between(now_epoch_ms, end_ms.unwrap_or(i64::MAX))
    }
}

/// All children of one `ExpirySettings`. The default has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpirySettings {
    pub timeout_in_seconds: Option<i64>,
    pub time_of_day: Option<Time>,
    pub expiry_date: Option<Date>,
}

impl ExpirySettings {
    /// `None` where no child is present. `TimeoutInSeconds` goes before the others.
    ///
    /// Unknown: which of `TimeOfDay` and `ExpiryDate` wins; the earlier does.
    pub fn ttl(&self, now_epoch_ms: i64, zone: &TimeZone) -> Option<Ttl> {
        let ttl = |expiry: Expiry| expiry.ttl(now_epoch_ms, zone);
        if let Some(seconds) = self.timeout_in_seconds {
            return Some(ttl(Expiry::TimeoutInSeconds(seconds)));
        }
        let time_of_day = self.time_of_day.map(|time| ttl(Expiry::TimeOfDay(time)));
        let expiry_date = self.expiry_date.map(|date| ttl(Expiry::ExpiryDate(date)));
        time_of_day.into_iter().chain(expiry_date).min()
    }
}

fn ttl_between(now_ms: i64, end_ms: i64) -> Ttl {
    match u64::try_from(end_ms.saturating_sub(now_ms)) {
        Err(_) | Ok(0) => Ttl::DoNotStore,
        Ok(ms) => Ttl::For(Duration::from_millis(ms).min(TTL_MAX)),
    }
}

/// Strictly after `now_ms`. A wall time that the zone skips that day counts as the moment
/// that takes its place; one that it shows twice counts twice.
fn next_time_of_day(time: Time, now_ms: i64, zone: &TimeZone) -> Option<i64> {
    let now = Timestamp::from_millisecond(now_ms).ok()?;
    let today = now.to_zoned(zone.clone()).date();
    [today, today.tomorrow().ok()?].into_iter().find_map(|day| {
        let shown = zone.to_ambiguous_timestamp(day.to_datetime(time));
        let ends = match shown.offset() {
            AmbiguousOffset::Fold { .. } => [shown.earlier().ok(), shown.later().ok()],
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => {
                [shown.compatible().ok(), None]
            }
        };
        let end = ends.into_iter().flatten().find(|end| *end > now);
        end.map(Timestamp::as_millisecond)
    })
}

fn start_of_day(date: Date, zone: &TimeZone) -> Option<i64> {
    let start = zone.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
    start.compatible().ok().map(Timestamp::as_millisecond)
}

/// Splits into three numbers of exactly these counts of digits.
fn fields(text: &str, separator: char, digits: [usize; 3]) -> Option<[i16; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}
