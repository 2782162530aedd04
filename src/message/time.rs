//! The texts of points in time.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Such as `Wed, 21 Aug 2013 19:16:47 UTC` (Apigee docs, "Flow variables reference").
pub(super) fn text(epoch_ms: i64) -> String {
    zoned(epoch_ms).strftime("%a, %d %b %Y %H:%M:%S UTC").to_string()
}

pub(super) fn zoned(epoch_ms: i64) -> jiff::Zoned {
    Timestamp::from_millisecond(epoch_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC)
}
