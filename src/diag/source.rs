//! The files of a bundle and the way from a byte offset to a line and a column.

use std::sync::Arc;

use crate::diag::Span;

/// A file of one [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// Both count from 1; the column counts Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

#[derive(Debug)]
struct SourceFile {
    name: String,
    text: Arc<str>,
    /// Byte offset of the start of each line.
    lines: Vec<usize>,
}

/// The text of each file that a finding may point into.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// `name` is the path inside the bundle, with `/`, such as `proxies/default.xml`.
    pub fn add(&mut self, name: impl Into<String>, text: Arc<str>) -> FileId {
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1))
            .collect();
        self.files.push(SourceFile { name: name.into(), text, lines });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("", |found| &found.name)
    }

    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |found| &found.text)
    }

    /// The bundle's source text under a span.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Where a byte offset stands; an offset past the end stands at the end.
    pub fn position(&self, file: FileId, offset: u32) -> Position {
        let Some(found) = self.file(file) else { return Position { line: 1, column: 1 } };
        let offset = (offset as usize).min(found.text.len());
        let line = found.lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|at| found.lines.get(at)).copied().unwrap_or(0);
        let column = found.text.get(start..offset).map_or(0, |head| head.chars().count()) + 1;
        Position { line: line.max(1), column }
    }

    fn file(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }
}
