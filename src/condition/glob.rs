//! The patterns of Matches and MatchesPath.
//!
//! Source: Apigee docs, "Conditions reference", pattern matching. Matching takes time in
//! proportion to the text times the pattern at worst, and allocates nothing.

use crate::condition::value::same_bytes;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    pieces: Box<[Piece]>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    /// Any run without a slash, also an empty one.
    Element,
    /// Any run.
    Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Path { absolute: bool, trailing_slash: bool },
}

impl Glob {
    /// For Matches: `*` is any run of characters, `%` takes the next one literally.
    pub(super) fn text(pattern: &str) -> Self {
        let mut pieces = Pieces::default();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => pieces.push(Piece::Rest),
                '%' => pieces.push_char(chars.next().unwrap_or('%')),
                other => pieces.push_char(other),
            }
        }
        Self { pieces: pieces.finish(), kind: Kind::Text }
    }

    /// For MatchesPath: `*` or `{name}` is one element, `**` one or more, `%` takes the next
    /// character literally. Unknown: what they mean beside other text in one element; we take
    /// any run of characters of that element.
    pub(super) fn path(pattern: &str) -> Self {
        let mut pieces = Pieces::default();
        let mut elements = pattern.split('/').peekable();
        while let Some(element) = elements.next() {
            let is_last = elements.peek().is_none();
            if element == "**" {
                pieces.push(Piece::Rest);
            } else {
                path_element(element, is_last, &mut pieces);
            }
            if !is_last {
                pieces.push_char('/');
            }
        }
        let kind = Kind::Path {
            absolute: pattern.starts_with('/'),
            trailing_slash: pattern.ends_with('/'),
        };
        Self { pieces: pieces.finish(), kind }
    }

    /// Unknown: a path's trailing slash where the pattern has none; we pass over it, after the
    /// path as it stands has not matched (`/animals/*` takes `/animals/`).
    pub(super) fn matches(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match self.kind {
            Kind::Text => self.matches_bytes(bytes),
            Kind::Path { absolute, .. } if absolute != text.starts_with('/') => false,
            Kind::Path { trailing_slash, .. } => {
                self.matches_bytes(bytes)
                    || !trailing_slash
                        && bytes.strip_suffix(b"/").is_some_and(|path| self.matches_bytes(path))
            }
        }
    }

    /// On a mismatch the last run grows by one byte: first the run inside the element, which
    /// stops at a slash, then the run across elements. Earlier runs need no second try, since
    /// what lies between two runs of the same reach was found at its leftmost place.
    fn matches_bytes(&self, text: &[u8]) -> bool {
        let mut piece = 0;
        let mut at = 0;
        let mut element: Option<(usize, usize)> = None;
        let mut rest: Option<(usize, usize)> = None;
        loop {
            let remaining = text.get(at..).unwrap_or_default();
            match self.pieces.get(piece) {
                None if remaining.is_empty() => return true,
                Some(Piece::Text(literal)) if starts_with(remaining, literal.as_bytes()) => {
                    at += literal.len();
                    piece += 1;
                    continue;
                }
                Some(Piece::Element) => {
                    piece += 1;
                    let run = remaining.iter().position(|byte| *byte == b'/');
                    match (self.pieces.get(piece), run) {
                        (None, None) => return true,
                        (None, Some(_)) => element = None,
                        // Only a whole element puts the run in front of a slash.
                        (Some(Piece::Text(next)), Some(run)) if next.starts_with('/') => {
                            at += run;
                            element = None;
                            continue;
                        }
                        (Some(Piece::Text(next)), None) if next.starts_with('/') => element = None,
                        (Some(_), _) => {
                            element = Some((piece, at));
                            continue;
                        }
                    }
                }
                Some(Piece::Rest) => {
                    piece += 1;
                    if piece == self.pieces.len() {
                        return true;
                    }
                    element = None;
                    rest = Some((piece, at));
                    continue;
                }
                None | Some(Piece::Text(_)) => {}
            }
            if let Some((next, from)) = element
                && text.get(from).is_some_and(|byte| *byte != b'/')
            {
                element = Some((next, from + 1));
                (piece, at) = (next, from + 1);
            } else if let Some((next, from)) = rest
                && from < text.len()
            {
                element = None;
                rest = Some((next, from + 1));
                (piece, at) = (next, from + 1);
            } else {
                return false;
            }
        }
    }
}

#[inline(always)]
fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|head| same_bytes(head, prefix))
}

fn path_element(element: &str, is_last: bool, pieces: &mut Pieces) {
    let mut rest = element;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => pieces.push(Piece::Element),
            '{' => match rest.find('}') {
                Some(close) => {
                    rest = &rest[close + 1..];
                    pieces.push(Piece::Element);
                }
                None => pieces.push_char('{'),
            },
            '%' => match rest.chars().next() {
                Some(escaped) => {
                    rest = &rest[escaped.len_utf8()..];
                    pieces.push_char(escaped);
                }
                // An escaped slash is the slash that the pattern was split at.
                None if !is_last => {}
                None => pieces.push_char('%'),
            },
            other => pieces.push_char(other),
        }
    }
}

#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    text: String,
}

impl Pieces {
    fn push_char(&mut self, c: char) {
        self.text.push(c);
    }

    /// Runs of the same kind beside each other are one.
    fn push(&mut self, run: Piece) {
        self.flush();
        if self.done.last() != Some(&run) {
            self.done.push(run);
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.done.push(Piece::Text(text.into_boxed_str()));
        }
    }

    fn finish(mut self) -> Box<[Piece]> {
        self.flush();
        self.done.into_boxed_slice()
    }
}
