//! The forms that a line goes out in.
//!
//! Sources: Apigee docs, "MessageLogging policy" (`FormatMessage`, `PayloadOnly`, `DateFormat`);
//! RFC 5424 section 6; Cloud Logging docs, `LogEntry`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::json;
use crate::template::format_time;

/// The pattern of `DateFormat` where the policy has none.
pub(super) const DATE_FORMAT: &str = "yyyy-MM-dd'T'HH:mm:ss.SSSZ";

/// What stands before a message to syslog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// `FormatMessage`: the header of RFC 5424, its time by this pattern.
    Header { date_format: String },
    /// The priority alone. Unknown: what the platform sends here; its page says that the header
    /// is missing, and a server needs the priority to tell an alert from the rest.
    Priority,
    /// `PayloadOnly`.
    Nothing,
}

pub(super) fn framed(
    text: &str,
    framing: &Framing,
    priority: u8,
    instance: &str,
    now_ms: i64,
) -> String {
    match framing {
        Framing::Nothing => text.to_owned(),
        Framing::Priority => format!("<{priority}>{text}"),
        Framing::Header { date_format } => {
            // The pattern was checked when it was read.
            let time = format_time(date_format, now_ms).unwrap_or_else(|| "-".to_owned());
            // Filters of users look for this name.
            format!("<{priority}>1 {time} {instance} Apigee - - - {text}")
        }
    }
}

pub(super) struct CloudEntry<'a> {
    pub(super) log_name: &'a str,
    pub(super) severity: &'static str,
    pub(super) resource_type: &'a str,
    pub(super) labels: Vec<(&'a str, Cow<'a, str>)>,
    /// The message says that it is JSON.
    pub(super) is_json: bool,
    pub(super) text: &'a str,
    pub(super) now_ms: i64,
}

/// One line of JSON as `entries.write` of Cloud Logging takes it. A message that says that it is
/// JSON and is no object goes as text.
pub(super) fn cloud_entry(entry: CloudEntry<'_>) -> String {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    put("logName", json!(entry.log_name.trim()));
    put("timestamp", json!(format_time("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", entry.now_ms)));
    put("severity", json!(entry.severity));
    put("resource", json!({ "type": entry.resource_type }));
    if !entry.labels.is_empty() {
        let labels = entry.labels.iter();
        let labels = labels.map(|(key, value)| ((*key).to_owned(), json!(value.trim())));
        put("labels", Value::Object(labels.collect()));
    }
    let payload = entry.is_json.then(|| json::read(entry.text.as_bytes()).ok()).flatten();
    match payload.filter(json::Value::is_object) {
        Some(payload) => put("jsonPayload", json!(payload)),
        None => put("textPayload", json!(entry.text.trim())),
    }
    Value::Object(members).to_string()
}
