//! What is written for people: harmless to the terminal that shows it.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use crate::cli::{CliError, ignore_closed_pipe};
use crate::diag::harmless;

/// To standard output, harmless where that is a terminal.
pub(super) fn print(text: impl AsRef<str>) -> Result<(), CliError> {
    let text = text.as_ref();
    let shown = if io::stdout().is_terminal() { tamed(text) } else { text.to_owned() };
    write(shown.as_bytes()).or_else(ignore_closed_pipe)
}

/// What stands in a value must not steer a terminal.
pub(super) fn tamed(text: &str) -> String {
    let is_control = |c: char| c.is_ascii_control() && c != '\n' && c != '\t';
    harmless(text).replace(is_control, "?")
}

pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// On one line, between quotes.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// As it is, or quoted where it would not stand out as one word.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '[' | ']');
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}
