//! Places of an element that an edit of its file replaces.

use crate::diag::Span;
use crate::xml::Element;

impl Element {
    /// The whole element, with its lines and their ends where nothing else stands on them.
    pub fn removal(&self) -> Span {
        let Span { file, start, end } = self.span;
        let (start, end) = (start as usize, end as usize);
        let before = self.source.get(..start).unwrap_or_default();
        let indent = before.trim_end_matches([' ', '\t']);
        let behind = self.source.get(end..).unwrap_or_default();
        let rest = behind.trim_start_matches([' ', '\t']);
        let line_end = ["\r\n", "\n"].into_iter().find(|end| rest.starts_with(end));
        match line_end {
            Some(line_end) if indent.is_empty() || indent.ends_with('\n') => {
                Span::new(file, indent.len(), end + behind.len() - rest.len() + line_end.len())
            }
            Some(_) | None => self.span,
        }
    }

    /// The places of its name: in the start tag, and in the end tag where it has one.
    pub fn tag_names(&self) -> Vec<Span> {
        let mut places = vec![self.name_span];
        let (inner_end, end) = (self.inner_span.end as usize, self.span.end as usize);
        let close = self.source.get(inner_end..end).unwrap_or_default();
        if let Some(name) = close.strip_prefix("</") {
            let length = name.trim_end_matches('>').trim_end().len();
            places.push(Span::new(self.span.file, inner_end + 2, inner_end + 2 + length));
        }
        places
    }

    /// Whether both are written alike.
    pub fn is_written_as(&self, other: &Self) -> bool {
        self.written() == other.written()
    }

    fn written(&self) -> Option<&str> {
        self.source.get(self.span.start as usize..self.span.end as usize)
    }
}
