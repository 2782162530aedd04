//! Located findings about a bundle: what is wrong, where it stands, what to do.
//!
//! A [`Span`] is a byte range of one file of a [`SourceMap`]; lines and columns are
//! computed only when a finding is shown. Columns count Unicode scalar values from 1.

pub mod catalogue;
mod fix;
mod github;
mod json;
mod junit;
mod sarif;
mod source;
mod text;
mod wrap;

pub use fix::{Edit, Pass, apply_fixes};
pub use github::render_github;
pub use json::bundle_json;
pub use junit::{Failing, JunitReport};
pub use sarif::SarifLog;
pub use source::{FileId, Position, SourceMap};
pub use text::{Style, harmless, render_short, render_text, visible};
pub use wrap::{plain, wrap};

#[cfg(test)]
mod tests;

/// How many findings of one bundle are kept; what comes after is only counted.
const KEPT_MAX: usize = 1000;

/// A byte range of one file: `start <= end <= text.len()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { file, start: narrow(start), end: narrow(end.max(start)) }
    }

    /// The whole-file place, for what is missing from a file.
    pub fn file_start(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }

    /// The part `start..end` of this span, in bytes from its own start.
    pub fn part(self, start: usize, end: usize) -> Self {
        let base = self.start as usize;
        let end = (base + end).min(self.end as usize);
        Self::new(self.file, (base + start).min(end), end)
    }
}

/// `Error` is what the platform itself refuses; a linter's advice is a `Warning`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One finding. `span` is `None` only for what has no file at all (an empty bundle).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: &'static str,
    pub severity: Severity,
    pub span: Option<Span>,
    pub message: String,
    pub notes: Vec<Note>,
    /// What to do about it, in the imperative.
    pub help: Option<String>,
    /// What mends it and leaves all that the bundle does as it is; empty where nothing does.
    pub fix: Vec<Edit>,
}

/// A second place, or a fact that explains the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub message: String,
    pub span: Option<Span>,
}

impl Diagnostic {
    pub fn note(&mut self, span: impl Into<Option<Span>>, message: impl Into<String>) -> &mut Self {
        self.notes.push(Note { message: message.into(), span: span.into() });
        self
    }

    pub fn help(&mut self, message: impl Into<String>) -> &mut Self {
        self.help = Some(message.into());
        self
    }

    /// One more edit of those that mend it together.
    pub fn fix(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.fix.push(Edit { span, text: text.into() });
        self
    }
}

/// All findings of one bundle, in the order they were made.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    dropped: usize,
    dropped_error: bool,
    overflow: Option<Box<Diagnostic>>,
}

impl Diagnostics {
    /// Records a finding and hands it back for notes and help.
    pub fn report(
        &mut self,
        code: &'static str,
        severity: Severity,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let found = Diagnostic {
            code,
            severity,
            span: span.into(),
            message: message.into(),
            notes: Vec::new(),
            help: None,
            fix: Vec::new(),
        };
        if self.items.len() < KEPT_MAX {
            self.items.push(found);
            let last = self.items.len() - 1;
            return &mut self.items[last];
        }
        self.dropped += 1;
        self.dropped_error |= severity == Severity::Error;
        self.overflow.insert(Box::new(found))
    }

    pub fn error(
        &mut self,
        code: &'static str,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(code, Severity::Error, span, message)
    }

    pub fn warning(
        &mut self,
        code: &'static str,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(code, Severity::Warning, span, message)
    }

    pub fn has_errors(&self) -> bool {
        self.dropped_error || self.items.iter().any(|item| item.severity == Severity::Error)
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter()
    }

    /// How many findings of that severity are kept.
    pub fn count(&self, severity: Severity) -> usize {
        self.items.iter().filter(|item| item.severity == severity).count()
    }

    /// How many were made past the limit and not kept.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Drops the kept findings that are not wanted; those that are may change.
    pub fn retain(&mut self, is_wanted: impl FnMut(&mut Diagnostic) -> bool) {
        self.items.retain_mut(is_wanted);
    }

    /// Orders by file, place and code, errors of one place first; equal findings once.
    pub fn sort(&mut self) {
        self.items.sort_by(|a, b| {
            (a.span, a.severity, a.code, &a.message).cmp(&(b.span, b.severity, b.code, &b.message))
        });
        self.items.dedup();
    }

    pub fn append(&mut self, other: Diagnostics) {
        for item in other.items {
            if self.items.len() < KEPT_MAX {
                self.items.push(item);
            } else {
                self.dropped += 1;
                self.dropped_error |= item.severity == Severity::Error;
            }
        }
        self.dropped += other.dropped;
        self.dropped_error |= other.dropped_error;
    }
}
