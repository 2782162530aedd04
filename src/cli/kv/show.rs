//! Key-values for people, and as JSON.

use std::io::{self, IsTerminal as _};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::kv::KvFormat;
use crate::cli::terminal::{print, quoted, tamed, word, write};
use crate::cli::{CliError, FINE, ignore_closed_pipe};
use crate::store::durable::{Address, KeyValue};

/// How much of a value a line shows.
const VALUE_CHARS_MAX: usize = 200;

/// What a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Present,
    Past,
    Removal,
}

/// A list that is written as it is read. JSON is one object whose `items` an import takes.
pub(super) struct List {
    format: KvFormat,
    /// Written at once where it is large enough.
    text: String,
    is_first: bool,
    is_closed: bool,
}

/// Text that waits to be written.
const BUFFER_BYTES: usize = 64 * 1024;

impl List {
    pub(super) fn begin(format: KvFormat) -> Self {
        let text = match format {
            KvFormat::Text => String::new(),
            KvFormat::Json => "{\"items\":[".to_owned(),
        };
        Self { format, text, is_first: true, is_closed: false }
    }

    /// Nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn item(&mut self, item: &KeyValue, shown: Shown) -> Result<(), CliError> {
        match self.format {
            KvFormat::Text => self.text.push_str(&line(item, shown)),
            KvFormat::Json => {
                let mut value = item_json(item);
                if shown != Shown::Present {
                    value["removed"] = json!(shown == Shown::Removal);
                }
                self.text.push_str(if self.is_first { "\n  " } else { ",\n  " });
                self.text.push_str(&value.to_string());
            }
        }
        self.is_first = false;
        if self.text.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<u8, CliError> {
        if self.format == KvFormat::Json {
            self.text.push_str(if self.is_first { "]}\n" } else { "\n]}\n" });
        }
        self.flush()?;
        Ok(FINE)
    }

    fn flush(&mut self) -> Result<(), CliError> {
        let text = std::mem::take(&mut self.text);
        let text = if io::stdout().is_terminal() { tamed(&text) } else { text };
        if !self.is_closed {
            match write(text.as_bytes()) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.is_closed = true,
                Err(error) => return Err(CliError::Write(error)),
            }
        }
        Ok(())
    }
}

/// One key-value: its value alone, or all of it.
pub(super) fn one(item: &KeyValue, format: KvFormat) -> Result<u8, CliError> {
    match format {
        KvFormat::Json => print(format!("{:#}\n", item_json(item)))?,
        KvFormat::Text => {
            let mut value = item.content.value.clone().unwrap_or_default().to_vec();
            value.push(b'\n');
            if io::stdout().is_terminal() {
                print(String::from_utf8_lossy(&value))?;
            } else {
                write(&value).or_else(ignore_closed_pipe)?;
            }
        }
    }
    Ok(FINE)
}

fn line(item: &KeyValue, shown: Shown) -> String {
    let name = name_of(&item.at);
    let lock = if item.is_locked { "  locked" } else { "" };
    let value = value_of(item.content.value.as_ref());
    match shown {
        Shown::Present => format!("{name} = {value}{lock}\n"),
        Shown::Past => format!("{}  {name} = {value}{lock}\n", time(item.modified_us)),
        Shown::Removal => format!("{}  {name} removed\n", time(item.modified_us)),
    }
}

/// Key and label.
pub(super) fn name_of(at: &Address) -> String {
    let key = word(&text_of(&at.key));
    match &at.label {
        None => key,
        Some(label) => format!("{key} [{}]", word(&text_of(label))),
    }
}

pub(super) fn label_text(label: Option<&Bytes>) -> String {
    match label {
        None => "no label".to_owned(),
        Some(label) => format!("the label {}", word(&text_of(label))),
    }
}

/// On one line, cut where it is long.
pub(super) fn value_of(value: Option<&Bytes>) -> String {
    let Some(value) = value else { return "null".to_owned() };
    let Ok(text) = std::str::from_utf8(value) else {
        return format!("({} bytes that are no text)", value.len());
    };
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        None => quoted(text),
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or_default();
            format!("{}... ({} bytes)", quoted(start), value.len())
        }
    }
}

pub(super) fn text_of(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of App Configuration's API.
pub(super) fn item_json(item: &KeyValue) -> Value {
    let content = &item.content;
    json!({
        "etag": item.etag,
        "key": text_of(&item.at.key),
        "label": item.at.label.as_ref().map(text_of),
        "content_type": content.content_type,
        "value": content.value.as_ref().map(text_of),
        "tags": content.tags,
        "locked": item.is_locked,
        "last_modified": time(item.modified_us),
        "description": content.description,
    })
}

fn time(epoch_us: i64) -> String {
    let at = Timestamp::from_microsecond(epoch_us).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
