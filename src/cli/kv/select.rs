//! Which key-values a command is about, and of when.

use std::time::Duration;

use clap::Args;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::cli::kv::KvError;
use crate::serve::appconfig;
use crate::store::durable::{Moment, Query, Sight, TagFilter};

/// No label, in filters and where a label is named.
pub(super) const NO_LABEL: &str = "%00";
/// Labels that are told where a key has none of that name.
pub(super) const LABELS_TOLD: usize = 5;

#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Only these keys: app/color, app/* or one,two
    #[arg(long, value_name = "FILTER")]
    pub(super) key: Option<String>,
    /// Only these labels: prod, pr* or prod,%00 where %00 is no label
    #[arg(long, value_name = "FILTER")]
    pub(super) label: Option<String>,
    /// Only with this tag; repeat it for several
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    pub(super) tags: Vec<String>,
    /// As it was then: 2026-11-27T09:30:00Z, "2026-11-27 09:30" or "20 minutes ago"
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
}

impl Selection {
    pub(super) fn query(&self, moment: Moment, limit: usize) -> Result<Query, KvError> {
        let key = appconfig::key_filter(self.key.as_deref());
        let label = self.label.as_deref().map(|label| label.replace(NO_LABEL, "\0"));
        let label = appconfig::label_filter(label.as_deref());
        Ok(Query {
            keys: key.map_err(argument("--key"))?,
            labels: label.map_err(argument("--label"))?,
            tags: tags(&self.tags)?,
            moment,
            sight: Sight::Open,
            after: None,
            limit,
        })
    }
}

pub(super) fn tags(texts: &[String]) -> Result<TagFilter, KvError> {
    let texts: Vec<String> = texts.iter().map(|text| text.replace(NO_LABEL, "\0")).collect();
    appconfig::tag_filter(texts.iter().map(String::as_str)).map_err(argument("--tag"))
}

fn argument(what: &'static str) -> impl Fn(String) -> KvError {
    move |reason| KvError::Argument { what, reason }
}

/// A time of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(Timestamp);

/// Why a text is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    #[error(
        "`{text}` is no time; write 2026-11-27T09:30:00Z, \"2026-11-27 09:30\" or \"20 minutes ago\""
    )]
    NoTime { text: String },
    #[error("{text} is in the future")]
    Future { text: String },
}

impl Time {
    pub(super) fn from_epoch_ms(epoch_ms: i64) -> Self {
        Self(Timestamp::from_millisecond(epoch_ms).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// An instant, a date and time of the configuration's time zone, or a span ago.
    pub(super) fn parse(text: &str, now: Self, zone: &TimeZone) -> Result<Self, TimeError> {
        let text = text.trim();
        let at = instant(text)
            .or_else(|| civil(text, zone))
            .or_else(|| ago(text, now.0))
            .ok_or_else(|| TimeError::NoTime { text: text.to_owned() })?;
        if at > now.0 {
            return Err(TimeError::Future { text: text.to_owned() });
        }
        Ok(Self(at))
    }

    pub(super) fn is_before(self, now: Self, span: Duration) -> bool {
        // What is too long for the calendar reaches back to its beginning.
        now.0.checked_sub(span).is_ok_and(|earliest| self.0 < earliest)
    }

    pub(super) fn epoch_us(self) -> i64 {
        self.0.as_microsecond()
    }
}

/// With an offset, or as App Configuration's clients write it.
fn instant(text: &str) -> Option<Timestamp> {
    appconfig::parse_timestamp(text)
}

fn civil(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(zone.clone()).ok()?.timestamp())
}

/// `20 minutes ago` or `2h ago`.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let span: Span = text.parse().ok().filter(|span: &Span| span.is_negative())?;
    now.to_zoned(TimeZone::UTC).checked_add(span).ok().map(|at| at.timestamp())
}
