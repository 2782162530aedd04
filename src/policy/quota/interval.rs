//! A quota's interval: its type, its unit, and where it ends.
//!
//! Source: Apigee docs, "Quota policy", the table of types. Without a type an interval ends
//! with the minute, the hour, the day, the week or the month, in GMT; of `calendar` and `flexi`
//! a month has 28 days. Unknown: how an interval of several units is aligned without a type;
//! we count units since 1970. A week ends with Sunday.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::policy::quota::{DOUBTFUL, REFUSED};
use crate::store::counters::Period;
use crate::xml::{Fields, Text};

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const WEEK_MS: i64 = 7 * DAY_MS;
/// 1970-01-05, a Monday.
const FIRST_MONDAY_MS: i64 = 4 * DAY_MS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuotaType {
    /// By the clock.
    Default,
    /// From the start time on.
    Calendar {
        start_ms: Option<i64>,
    },
    /// From the first message on.
    Flexi,
    RollingWindow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl QuotaType {
    pub(super) fn read(xml: &mut Fields<'_, '_>) -> Self {
        let Some(found) = xml.attribute("type") else { return Self::Default };
        match found.value.trim().to_ascii_lowercase().as_str() {
            "default" => Self::Default,
            "calendar" => Self::Calendar { start_ms: None },
            "flexi" => Self::Flexi,
            "rollingwindow" => Self::RollingWindow,
            _ => {
                let message =
                    format!("No enum constant com.apigee.quota.types.QuotaType.{}.", found.value);
                xml.diags().error(REFUSED, found.span, message);
                Self::Default
            }
        }
    }

    pub(super) fn starting(self, start_ms: Option<i64>) -> Self {
        match self {
            Self::Calendar { .. } => Self::Calendar { start_ms },
            Self::Default | Self::Flexi | Self::RollingWindow => self,
        }
    }

    /// The interval that holds `now_ms`.
    pub(super) fn period(self, interval: i64, unit: TimeUnit, now_ms: i64) -> Period {
        let length_ms = unit.length_ms().saturating_mul(interval.max(1));
        match self {
            Self::Default | Self::Calendar { start_ms: None } => {
                Period::Until { end_ms: unit.end_of(interval.max(1), now_ms) }
            }
            Self::Calendar { start_ms: Some(start_ms) } => {
                Period::Until { end_ms: next(start_ms, length_ms, now_ms) }
            }
            Self::Flexi => Period::FromFirst { length_ms },
            Self::RollingWindow => Period::Rolling { length_ms },
        }
    }
}

/// The first of `start_ms` and what follows it in steps of `length_ms` that is after `now_ms`.
fn next(start_ms: i64, length_ms: i64, now_ms: i64) -> i64 {
    let length_ms = length_ms.max(1);
    let into = now_ms.saturating_sub(start_ms).rem_euclid(length_ms);
    now_ms.saturating_sub(into).saturating_add(length_ms)
}

impl TimeUnit {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "second" => Self::Second,
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            // Apigee X alone has it.
            "year" => Self::Year,
            _ => return None,
        })
    }

    fn length_ms(self) -> i64 {
        match self {
            Self::Second => SECOND_MS,
            Self::Minute => MINUTE_MS,
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
            Self::Week => WEEK_MS,
            Self::Month => 28 * DAY_MS,
            Self::Year => 365 * DAY_MS,
        }
    }

    /// Where so many units by the clock end.
    fn end_of(self, interval: i64, now_ms: i64) -> i64 {
        let length_ms = self.length_ms().saturating_mul(interval);
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::Day => next(0, length_ms, now_ms),
            Self::Week => next(FIRST_MONDAY_MS, length_ms, now_ms),
            Self::Month => end_of_months(interval, now_ms),
            Self::Year => end_of_months(interval.saturating_mul(12), now_ms),
        }
    }
}

fn end_of_months(months: i64, now_ms: i64) -> i64 {
    let end = || {
        let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(TimeZone::UTC);
        let current = i64::from(now.year()) * 12 + i64::from(now.month()) - 1;
        let end = next(0, months, current);
        let year = i16::try_from(end.div_euclid(12)).ok()?;
        let month = i8::try_from(end.rem_euclid(12) + 1).ok()?;
        let first = Date::new(year, month, 1).ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(first.timestamp().as_millisecond())
    };
    end().unwrap_or(i64::MAX)
}

/// `StartTime`, which belongs to `calendar` alone.
pub(super) fn read_start_time(xml: &mut Fields<'_, '_>, quota_type: QuotaType) -> Option<i64> {
    let text: Option<Text> = xml.optional("StartTime");
    let name = match quota_type {
        QuotaType::Calendar { .. } => None,
        QuotaType::Flexi => Some("flexi"),
        QuotaType::RollingWindow => Some("rollingwindow"),
        QuotaType::Default => Some("default"),
    };
    match (text, name) {
        (None, Some(_)) => None,
        (None, None) => {
            let place = xml.element().name_span;
            xml.diags()
                .warning(DOUBTFUL, place, "a Quota of type calendar has no `StartTime`")
                .note(None, "its intervals end as those without a type");
            None
        }
        (Some(text), None) => {
            let start_ms = parse_start_time(&text.value);
            if start_ms.is_none() {
                let message = format!(
                    "Invalid Starttime:{}; Start Time should be of the format yyyy-MM-dd HH:mm:ss.",
                    text.value
                );
                xml.diags().error(REFUSED, text.span, message);
            }
            start_ms
        }
        (Some(text), Some("default")) => {
            let message = "`StartTime` has no effect without the type calendar";
            xml.diags().warning(DOUBTFUL, text.span, message);
            None
        }
        (Some(text), Some(name)) => {
            let message = format!(
                "Starttime is not supported for quotatype {name}. Starttime is supported only \
                 for calendar based type."
            );
            xml.diags().error(REFUSED, text.span, message);
            None
        }
    }
}

/// `yyyy-MM-dd HH:mm:ss` in UTC, where a number may lack its leading zeros.
pub(super) fn parse_start_time(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once(' ')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.trim(), ':')?;
    let narrow = |number: i16| i8::try_from(number).ok();
    let at = DateTime::new(
        year,
        narrow(month)?,
        narrow(day)?,
        narrow(hour)?,
        narrow(minute)?,
        narrow(second)?,
        0,
    );
    Some(at.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn numbers(text: &str, separator: char) -> Option<[i16; 3]> {
    let mut parts = text.split(separator).map(|part| {
        let is_number = part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<i16>().ok()).flatten()
    });
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}
