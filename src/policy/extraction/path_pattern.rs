//! `URIPath/Pattern`: segments with holes, matched against a whole path.
//!
//! Source: Apigee docs, "ExtractVariables policy": `{name}` and `*` stand for one segment, `**`
//! for several. Unknown: what they mean beside other text in one segment; any run of characters
//! of that segment. Unknown: a path's trailing slash where the pattern has none; it is passed
//! over after the path as it stands has not matched, as conditions have it.
//!
//! Runs of segments between `**` are looked for from left to right, each once, as the pieces of
//! a [`Pattern`](super::Pattern) are.

use smallvec::SmallVec;

use crate::policy::extraction::PatternError;
use crate::policy::extraction::pattern::{self, Case, Pieces, Taken, Token};

#[derive(Clone, Debug)]
pub(in crate::policy) struct PathPattern {
    runs: Vec<Run>,
    case: Case,
    segments: usize,
    /// Whether it ends in a slash itself.
    trailing_slash: bool,
}

/// Segments side by side.
#[derive(Clone, Debug, Default)]
struct Run {
    /// How many `**` stand before it, each for one segment or more.
    skips: usize,
    segments: Vec<Pieces>,
}

type Segments<'t> = SmallVec<[&'t str; 16]>;

impl PathPattern {
    /// With the names of its holes.
    pub(in crate::policy) fn parse(
        text: &str,
        case: Case,
    ) -> Result<(Self, Vec<String>), PatternError> {
        let tokens = pattern::tokens(text)?;
        let mut runs = vec![Run::default()];
        let mut count = 0;
        for segment in split(&tokens) {
            count += usize::from(!segment.is_empty());
            if let [Token::Star, Token::Star] = segment.as_slice() {
                match runs.last_mut() {
                    Some(run) if run.segments.is_empty() && run.skips > 0 => run.skips += 1,
                    _ => runs.push(Run { skips: 1, segments: Vec::new() }),
                }
            } else if let Some(run) = runs.last_mut() {
                run.segments.push(Pieces::new(&segment, case));
            }
        }
        let trailing_slash = text.ends_with('/');
        Ok((Self { runs, case, segments: count, trailing_slash }, pattern::holes(tokens)?))
    }

    /// Of patterns that match, the one with most segments counts.
    pub(in crate::policy) fn segments(&self) -> usize {
        self.segments
    }

    pub(in crate::policy) fn matches<'t>(&self, path: &'t str) -> Option<Taken<'t>> {
        self.matches_exactly(path).or_else(|| {
            let path = path.strip_suffix('/').filter(|_| !self.trailing_slash)?;
            self.matches_exactly(path)
        })
    }

    fn matches_exactly<'t>(&self, path: &'t str) -> Option<Taken<'t>> {
        let folded = self.case.fold(path);
        let texts: Segments<'t> = path.split('/').collect();
        let folded: Segments<'_> = folded.split('/').collect();
        let path = Path { texts: &texts, folded: &folded };
        let mut taken = Taken::new();
        let (first, rest) = self.runs.split_first()?;
        if !first.matches(path, 0, &mut taken) {
            return None;
        }
        let mut at = first.segments.len();
        let Some((last, middle)) = rest.split_last() else {
            return (at == texts.len()).then_some(taken);
        };
        for run in middle {
            let before = taken.len();
            at += run.skips;
            while !run.matches(path, at, &mut taken) {
                taken.truncate(before);
                at += 1;
                if at + run.segments.len() > texts.len() {
                    return None;
                }
            }
            at += run.segments.len();
        }
        let start = texts.len().checked_sub(last.segments.len())?;
        let fits = start >= at + last.skips;
        (fits && last.matches(path, start, &mut taken)).then_some(taken)
    }
}

#[derive(Clone, Copy)]
struct Path<'p, 't> {
    texts: &'p [&'t str],
    folded: &'p [&'p str],
}

impl Run {
    /// Whether its segments stand in the path from there on.
    fn matches<'t>(&self, path: Path<'_, 't>, at: usize, taken: &mut Taken<'t>) -> bool {
        self.segments.iter().enumerate().all(|(index, pieces)| {
            let place = at + index;
            let (Some(text), Some(folded)) = (path.texts.get(place), path.folded.get(place)) else {
                return false;
            };
            // A wildcard stands for a segment, and nothing between two slashes is none.
            let is_there = !text.is_empty() || !pieces.has_wildcard();
            is_there && pieces.matches(text, folded, taken)
        })
    }
}

/// The tokens between slashes.
fn split(tokens: &[Token]) -> Vec<Vec<Token>> {
    let mut segments = vec![Vec::new()];
    for token in tokens {
        let Token::Text(text) = token else {
            push(&mut segments, token.clone());
            continue;
        };
        for (index, part) in text.split('/').enumerate() {
            if index > 0 {
                segments.push(Vec::new());
            }
            if !part.is_empty() {
                push(&mut segments, Token::Text(part.to_owned()));
            }
        }
    }
    segments
}

fn push(segments: &mut [Vec<Token>], token: Token) {
    if let Some(last) = segments.last_mut() {
        last.push(token);
    }
}
