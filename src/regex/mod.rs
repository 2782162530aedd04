//! Java's regular expressions, matched against a whole text.
//!
//! Source: the documentation of `java.util.regex.Pattern` (Java SE 11). The pattern is
//! rewritten for the `regex` crate, whose time is linear; look-around, back references, atomic
//! groups and possessive quantifiers go to `fancy-regex` under a limit of steps, and a text
//! that exceeds it does not match.

mod translate;

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;

use crate::regex::translate::translate;

const PROGRAM_BYTES_MAX: usize = 1024 * 1024;
const NESTING_MAX: u32 = 100;
const BACKTRACKS_MAX: usize = 100_000;
/// Patterns that variables hold: how long, and how many a thread keeps.
const VARIABLE_PATTERN_BYTES_MAX: usize = 4096;
const KEPT_PATTERNS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

#[derive(Clone, Debug)]
pub enum JavaRegex {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

impl JavaRegex {
    /// The error is the reason, in a clause.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let translated = translate(pattern)?;
        let whole = format!("\\A(?:{})\\z", translated.text);
        if translated.backtracks {
            let built = fancy_regex::RegexBuilder::new(&whole)
                .backtrack_limit(BACKTRACKS_MAX)
                .delegate_size_limit(PROGRAM_BYTES_MAX)
                .delegate_dfa_size_limit(PROGRAM_BYTES_MAX)
                .build();
            return built.map(Self::Backtracking).map_err(|error| last_line(&error.to_string()));
        }
        regex::RegexBuilder::new(&whole)
            .size_limit(PROGRAM_BYTES_MAX)
            .dfa_size_limit(PROGRAM_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build()
            .map(Self::Linear)
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                other => last_line(&other.to_string()),
            })
    }

    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Linear(regex) => regex.is_match(text),
            Self::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

/// Matches against a pattern that a variable holds; what is no pattern matches nothing.
pub fn matches_variable(pattern: &str, text: &str) -> bool {
    thread_local! {
        static KEPT: RefCell<LruCache<Box<str>, Option<Rc<JavaRegex>>>> =
            RefCell::new(LruCache::new(KEPT_PATTERNS_MAX));
    }
    if pattern.len() > VARIABLE_PATTERN_BYTES_MAX {
        return false;
    }
    let regex = KEPT.with_borrow_mut(|kept| match kept.get(pattern) {
        Some(regex) => regex.clone(),
        None => {
            let regex = JavaRegex::compile(pattern).ok().map(Rc::new);
            kept.put(Box::from(pattern), regex.clone());
            regex
        }
    });
    regex.is_some_and(|regex| regex.matches(text))
}

/// The crates draw the pattern above the reason.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or(text);
    line.trim_start_matches("error: ").to_owned()
}
