//! `Pattern`: text with holes, matched against a whole value.
//!
//! Source: Apigee docs, "ExtractVariables policy", "Matching and variable creation", "Using
//! special characters in the pattern": `{name}` is a hole, `*` any run, `%` before a special
//! character takes it as it stands. A hole takes as little as it can. It is compiled to pieces
//! that are looked for from left to right, each once: where one is found first leaves most to
//! those behind it, so that no earlier choice is ever taken back.
//! Unknown: whether a hole may take nothing. It may, so that of `a||b` `{x}|{y}|{z}` takes all three.

use std::borrow::Cow;

use memchr::memmem;
use smallvec::SmallVec;

use crate::policy::extraction::PATTERN_BYTES_MAX;
use crate::variable::is_valid_name;
use crate::xml::Fields;

/// What each hole took, in the order of the holes.
pub(in crate::policy) type Taken<'t> = SmallVec<[&'t str; 8]>;

#[derive(Clone, Debug)]
pub(in crate::policy) struct Pattern {
    pieces: Pieces,
    case: Case,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum PatternError {
    /// A brace that is never closed, or no name between two.
    Invalid,
    NoHole,
}

/// Of ASCII letters, as Java has it by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Case {
    Exact,
    Ignored,
}

/// From a text to a pattern and the names of its holes.
pub(in crate::policy) type Parse<P> = fn(&str, Case) -> Result<(P, Vec<String>), PatternError>;

/// A part of a pattern's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Text(String),
    Star,
    Hole(String),
}

/// Literals with wildcards between them.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    head: Box<str>,
    gaps: Vec<Gap>,
}

/// Wildcards side by side, and the literal behind them; only the last one may be empty.
#[derive(Clone, Debug)]
struct Gap {
    wildcards: Vec<Wildcard>,
    literal: Box<str>,
    finder: memmem::Finder<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wildcard {
    Star,
    Hole,
}

impl Pattern {
    /// With the names of its holes.
    pub(in crate::policy) fn parse(
        text: &str,
        case: Case,
    ) -> Result<(Self, Vec<String>), PatternError> {
        let tokens = tokens(text)?;
        let pieces = Pieces::new(&tokens, case);
        Ok((Self { pieces, case }, holes(tokens)?))
    }

    pub(in crate::policy) fn matches<'t>(&self, text: &'t str) -> Option<Taken<'t>> {
        let mut taken = Taken::new();
        self.pieces.matches(text, &self.case.fold(text), &mut taken).then_some(taken)
    }
}

impl Case {
    /// `ignoreCase` of a Pattern.
    pub(in crate::policy) fn read(xml: &mut Fields<'_, '_>) -> Self {
        if xml.attribute_flag("ignoreCase", false) { Self::Ignored } else { Self::Exact }
    }

    /// As long as the text itself.
    pub(super) fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Ignored if text.bytes().any(|b| b.is_ascii_uppercase()) => {
                Cow::Owned(text.to_ascii_lowercase())
            }
            Self::Exact | Self::Ignored => Cow::Borrowed(text),
        }
    }
}

/// Texts are not empty, and no two stand side by side.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, PatternError> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err(PatternError::Invalid);
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '*' => tokens.push(Token::Star),
            '{' => {
                let (name, after) = rest.split_once('}').ok_or(PatternError::Invalid)?;
                let is_name = is_valid_name(name) && !name.contains(['*', '%']);
                if !is_name {
                    return Err(PatternError::Invalid);
                }
                tokens.push(Token::Hole(name.to_owned()));
                rest = after;
            }
            '%' if rest.starts_with(['{', '}', '*']) => {
                let (escaped, after) = rest.split_at(1);
                push_text(&mut tokens, escaped);
                rest = after;
            }
            other => push_text(&mut tokens, other.encode_utf8(&mut [0; 4])),
        }
    }
    Ok(tokens)
}

fn push_text(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        Some(Token::Text(last)) => last.push_str(text),
        _ => tokens.push(Token::Text(text.to_owned())),
    }
}

/// The names, of which there is one at least.
pub(super) fn holes(tokens: Vec<Token>) -> Result<Vec<String>, PatternError> {
    let name = |token| match token {
        Token::Hole(name) => Some(name),
        Token::Text(_) | Token::Star => None,
    };
    let names: Vec<String> = tokens.into_iter().filter_map(name).collect();
    if names.is_empty() { Err(PatternError::NoHole) } else { Ok(names) }
}

impl Pieces {
    pub(super) fn new(tokens: &[Token], case: Case) -> Self {
        let mut head = "".into();
        let mut wildcards = Vec::new();
        let mut gaps = Vec::new();
        for token in tokens {
            match token {
                Token::Star => wildcards.push(Wildcard::Star),
                Token::Hole(_) => wildcards.push(Wildcard::Hole),
                Token::Text(text) => {
                    let literal = case.fold(text);
                    if wildcards.is_empty() {
                        head = Box::from(&*literal);
                    } else {
                        gaps.push(Gap::new(std::mem::take(&mut wildcards), &literal));
                    }
                }
            }
        }
        if !wildcards.is_empty() {
            gaps.push(Gap::new(wildcards, ""));
        }
        Self { head, gaps }
    }

    pub(super) fn has_wildcard(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// `folded` is the text as literals are written. What holes took is added to `taken`; after
    /// a mismatch it holds some of it.
    pub(super) fn matches<'t>(&self, text: &'t str, folded: &str, taken: &mut Taken<'t>) -> bool {
        if !folded.starts_with(&*self.head) {
            return false;
        }
        let mut at = self.head.len();
        let Some((last, middle)) = self.gaps.split_last() else { return at == text.len() };
        for gap in middle {
            let rest = folded.as_bytes().get(at..).unwrap_or_default();
            let Some(run) = gap.finder.find(rest) else { return false };
            gap.take(text.get(at..at + run).unwrap_or_default(), taken);
            at += run + gap.literal.len();
        }
        let Some(end) = text.len().checked_sub(last.literal.len()).filter(|end| *end >= at) else {
            return false;
        };
        if !folded.ends_with(&*last.literal) {
            return false;
        }
        last.take(text.get(at..end).unwrap_or_default(), taken);
        true
    }
}

impl Gap {
    fn new(wildcards: Vec<Wildcard>, literal: &str) -> Self {
        let finder = memmem::Finder::new(literal).into_owned();
        Self { wildcards, literal: Box::from(literal), finder }
    }

    /// Of several wildcards the last one takes all.
    fn take<'t>(&self, run: &'t str, taken: &mut Taken<'t>) {
        let last = self.wildcards.len().saturating_sub(1);
        for (index, wildcard) in self.wildcards.iter().enumerate() {
            if *wildcard == Wildcard::Hole {
                taken.push(if index == last { run } else { "" });
            }
        }
    }
}
