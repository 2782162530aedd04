//! Caches, keys and values for people, and as JSON.

use std::io::{self, IsTerminal as _};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::cli::cache::arguments::CacheFormat;
use crate::cli::terminal::{print, tamed, word, write};
use crate::cli::{CliError, FINE};

pub(super) fn json(value: &Value) -> Result<u8, CliError> {
    print(format!("{value:#}\n"))?;
    Ok(FINE)
}

/// A table, a line for each cache.
pub(super) fn caches(caches: &[Value]) -> Result<u8, CliError> {
    if caches.is_empty() {
        anstream::eprintln!("the environment has no named cache");
        return Ok(FINE);
    }
    let mut rows = vec![["NAME", "ENTRIES", "BYTES", "EXPIRY", "DEFINED BY"].map(str::to_owned)];
    rows.extend(caches.iter().map(|cache| {
        let stats = &cache["stats"];
        [
            word(text(&cache["name"])),
            stats["entries"].to_string(),
            stats["bytes"].to_string(),
            expiry(&cache["expirySettings"]),
            owner(text(&cache["owner"])).to_owned(),
        ]
    }));
    print(table(&rows))?;
    Ok(FINE)
}

pub(super) fn stats(caches: &[Value]) -> Result<u8, CliError> {
    if caches.is_empty() {
        anstream::eprintln!("the environment has no named cache");
    }
    let blocks: Vec<String> = caches.iter().map(block).collect();
    print(blocks.join("\n"))?;
    Ok(FINE)
}

/// A text and a line's end, or base64 where the bytes are no text.
pub(super) fn value(value: &[u8]) -> Result<(), CliError> {
    match std::str::from_utf8(value) {
        Ok(text) => print(format!("{text}\n")),
        Err(_) => {
            let bytes = value.len();
            anstream::eprintln!(
                "{bytes} bytes that are no text, as base64; --raw or --file writes them as they are"
            );
            print(format!("{}\n", BASE64_STANDARD.encode(value)))
        }
    }
}

/// What a dry run said.
pub(super) fn would_clear(said: &Value) -> Result<u8, CliError> {
    let count = said["wouldClear"].as_u64().unwrap_or_default();
    let keys = said["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut text = format!("would remove {} from {}", entries(count), word(text(&said["name"])));
    text.push_str(if keys.is_empty() { "\n" } else { ":\n" });
    for key in keys {
        text.push_str(&format!("  {}\n", key_text(key, false)));
    }
    let more = count.saturating_sub(u64::try_from(keys.len()).unwrap_or(u64::MAX));
    if more > 0 {
        text.push_str(&format!("  and {more} more\n"));
    }
    print(text)?;
    Ok(FINE)
}

pub(super) fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// A list of keys that is written as it is read: a line each, or one object.
pub(super) struct Keys {
    format: CacheFormat,
    base64: bool,
    count: usize,
    is_closed: bool,
}

impl Keys {
    pub(super) fn begin(format: CacheFormat, base64: bool) -> Self {
        Self { format, base64, count: 0, is_closed: false }
    }

    /// Nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn page(&mut self, keys: &[Value]) -> Result<(), CliError> {
        let mut text = String::new();
        for key in keys {
            match self.format {
                CacheFormat::Text => text.push_str(&key_text(key, self.base64)),
                CacheFormat::Json => {
                    text.push_str(if self.count == 0 { "{\"keys\": [\n  " } else { ",\n  " });
                    text.push_str(&key.to_string());
                }
            }
            if self.format == CacheFormat::Text {
                text.push('\n');
            }
            self.count += 1;
        }
        self.write(&text)
    }

    pub(super) fn end(mut self) -> Result<u8, CliError> {
        if self.format == CacheFormat::Json {
            self.write(if self.count == 0 { "{\"keys\": []}\n" } else { "\n]}\n" })?;
        }
        Ok(FINE)
    }

    fn write(&mut self, text: &str) -> Result<(), CliError> {
        let shown = if io::stdout().is_terminal() { tamed(text) } else { text.to_owned() };
        if self.is_closed {
            return Ok(());
        }
        match write(shown.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.is_closed = true,
            written => written.map_err(CliError::Write)?,
        }
        Ok(())
    }
}

/// A key as it is, quoted where it would not stand out; one that is no text as base64.
fn key_text(key: &Value, base64: bool) -> String {
    match (key["key"].as_str(), key["keyBase64"].as_str()) {
        (Some(text), _) if base64 => BASE64_STANDARD.encode(text),
        (Some(text), _) => word(text),
        (None, Some(text)) if base64 => text.to_owned(),
        (None, text) => format!("[base64] {}", text.unwrap_or_default()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn owner(owner: &str) -> &'static str {
    match owner {
        "file" => "the configuration file",
        "policy" => "a policy that uses it",
        _ => "a client",
    }
}

/// How long an entry lives of which nobody says it.
fn expiry(settings: &Value) -> String {
    let of = |name: &str| settings[name]["value"].as_str();
    match (of("timeoutInSec"), of("timeOfDay"), of("expiryDate")) {
        (Some(seconds), ..) => format!("{seconds} s"),
        (None, Some(time), Some(date)) => format!("until {time} or {date}"),
        (None, Some(time), None) => format!("until {time}"),
        (None, None, Some(date)) => format!("until {date}"),
        (None, None, None) => "300 s".to_owned(),
    }
}

fn block(stats: &Value) -> String {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let misses: Vec<(&str, u64)> = [
        ("never stored", "neverStored"),
        ("expired", "expired"),
        ("evicted", "evicted"),
        ("invalidated", "invalidated"),
        ("timed out", "timeout"),
        ("unavailable", "unavailable"),
    ]
    .map(|(shown, name)| (shown, number(&stats["misses"][name])))
    .into();
    let missed: u64 = misses.iter().map(|(_, count)| count).sum();
    let reasons: Vec<String> = misses
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(shown, count)| format!("{count} {shown}"))
        .collect();
    let reasons =
        if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    let (hits, refused) = (number(&stats["hits"]), number(&stats["storesRefused"]));
    let lookups = hits.saturating_add(missed);
    // Of large counts the share is as good as exact.
    let share = match lookups {
        0 => String::new(),
        _ => format!(" ({:.1} % of lookups)", 100.0 * hits as f64 / lookups as f64),
    };
    let refused = if refused == 0 { String::new() } else { format!(", {refused} refused") };
    format!(
        "{}\n  entries    {} of {}\n  bytes      {} of {}\n  hits       {hits}{share}\n  \
         misses     {missed}{reasons}\n  stores     {}{refused}\n  evictions  {}\n",
        word(text(&stats["name"])),
        stats["entries"],
        stats["entriesMax"],
        stats["bytes"],
        stats["bytesMax"],
        stats["stores"],
        stats["evictions"],
    )
}

/// Columns side by side; the second and the third hold numbers.
fn table(rows: &[[String; 5]]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for [name, entries, bytes, expiry, owner] in rows {
        let [w0, w1, w2, w3] = widths;
        text.push_str(&format!(
            "{name:<w0$}  {entries:>w1$}  {bytes:>w2$}  {expiry:<w3$}  {owner}\n"
        ));
    }
    text
}
