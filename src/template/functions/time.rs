//! Points in time as texts.
//!
//! Source: Apigee docs, "Message templates". Unknown: the zone of `timeFormat` and `timeFormatMs`,
//! of which the page says both UTC and the platform's own; it is UTC.

use crate::template::functions::kind::Arguments;
use crate::template::{UnresolvedVariable, date_format};

/// The format, and seconds since the epoch.
pub(super) fn of_seconds(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let epoch_ms = |seconds: i64| seconds.checked_mul(1000);
    format(arguments, arguments.integer(1)?.and_then(epoch_ms), out)
}

/// The format, and milliseconds since the epoch.
pub(super) fn of_milliseconds(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    format(arguments, arguments.integer(1)?, out)
}

fn format(
    arguments: &Arguments<'_>,
    epoch_ms: Option<i64>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let format = arguments.text(0)?;
    let before = out.len();
    let done = epoch_ms.and_then(|epoch_ms| date_format::write(&format, epoch_ms, out));
    if done.is_none() {
        out.truncate(before);
    }
    Ok(())
}
