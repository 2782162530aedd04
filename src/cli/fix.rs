//! `tollgate lint --fix`: files mended where no behaviour changes, or the diff that would do it.

use std::io::{self, IsTerminal as _, Write};

use similar::TextDiff;

use crate::bundle::{FileChange, replace_file};
use crate::cli::{CliError, ignore_closed_pipe};
use crate::deploy::Fixed;
use crate::diag::harmless;

/// What to do with the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Write,
    Diff,
}

/// What was done to all bundles.
#[derive(Debug, Default)]
pub(super) struct Mended {
    findings: usize,
    files: usize,
}

impl Mended {
    /// Writes the changes of one bundle, or shows them.
    pub(super) fn take(&mut self, fixed: &Fixed, path: &str, mode: Mode) -> Result<(), CliError> {
        for change in &fixed.changes {
            match mode {
                Mode::Write => replace_file(change)?,
                Mode::Diff => show(change)?,
            }
        }
        self.findings += fixed.mended;
        self.files += fixed.changes.len();
        if fixed.unmended > 0 {
            let noun = if fixed.unmended == 1 { "finding" } else { "findings" };
            anstream::eprintln!(
                "{path}: a zip is never changed; unpack it to mend {} {noun}",
                fixed.unmended
            );
        }
        Ok(())
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.files == 0
    }

    pub(super) fn summary(&self, mode: Mode) -> String {
        if self.is_nothing() {
            return "nothing to mend".to_owned();
        }
        let counted = |count: usize, noun: &str| {
            format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
        };
        let (findings, files) = (counted(self.findings, "finding"), counted(self.files, "file"));
        match mode {
            Mode::Write => format!("mended {findings} in {files}"),
            Mode::Diff => format!("would mend {findings} in {files}"),
        }
    }
}

/// What `patch -p0` takes, in the file's own bytes.
fn show(change: &FileChange) -> Result<(), CliError> {
    let FileChange { path, before, after } = change;
    let path = path.to_string_lossy();
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = TextDiff::from_lines(before.as_ref(), after.as_ref());
    let text = diff.unified_diff().header(&path, &path).to_string();
    let mut out = io::stdout().lock();
    let text = if out.is_terminal() { harmless(&text) } else { text };
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).or_else(ignore_closed_pipe)
}
