//! Java's regular expressions: matched against a whole text, found and replaced in one, and
//! turned around to make a text.
//!
//! Source: the documentation of `java.util.regex.Pattern` (Java SE 11). The pattern is
//! rewritten for the `regex` crate, whose time is linear; look-around, back references, atomic
//! groups and possessive quantifiers go to `fancy-regex` under a limit of steps, and a text
//! that exceeds it does not match. Differs: `$` stands at the end of the text or line alone,
//! Java's also before a last line end.

mod generate;
mod replace;
mod translate;

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;

use crate::regex::translate::translate;

pub use generate::Generator;
pub use replace::Occurrences;

const PROGRAM_BYTES_MAX: usize = 1024 * 1024;
const NESTING_MAX: u32 = 100;
const BACKTRACKS_MAX: usize = 100_000;
/// Patterns that variables hold: how long, and how many a thread keeps of each reach.
const VARIABLE_PATTERN_BYTES_MAX: usize = 4096;
const KEPT_PATTERNS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

#[derive(Clone, Debug)]
pub struct JavaRegex(Engine);

#[derive(Clone, Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

/// Why a match was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression takes more than {BACKTRACKS_MAX} steps in this text")]
pub struct RegexTooCostly;

/// How much of a text a match takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Whole,
    /// Any part of it.
    Part,
}

impl JavaRegex {
    /// The error is the reason, in a clause.
    pub fn compile(pattern: &str, reach: Reach) -> Result<Self, String> {
        let translated = translate(pattern)?;
        let text = match reach {
            Reach::Whole => format!("\\A(?:{})\\z", translated.text),
            Reach::Part => translated.text,
        };
        if translated.backtracks {
            let built = fancy_regex::RegexBuilder::new(&text)
                .backtrack_limit(BACKTRACKS_MAX)
                .delegate_size_limit(PROGRAM_BYTES_MAX)
                .delegate_dfa_size_limit(PROGRAM_BYTES_MAX)
                .build();
            let built = built.map_err(|error| last_line(&error.to_string()))?;
            return Ok(Self(Engine::Backtracking(built)));
        }
        let built = regex::RegexBuilder::new(&text)
            .size_limit(PROGRAM_BYTES_MAX)
            .dfa_size_limit(PROGRAM_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build();
        let built = built.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            other => last_line(&other.to_string()),
        })?;
        Ok(Self(Engine::Linear(built)))
    }

    pub fn matches(&self, text: &str) -> bool {
        self.decides(text).unwrap_or(false)
    }

    /// As [`JavaRegex::matches`], where no answer must not count as "no".
    pub fn decides(&self, text: &str) -> Result<bool, RegexTooCostly> {
        match &self.0 {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| RegexTooCostly),
        }
    }

    /// The pattern that a variable holds; `None` where it is none. A thread keeps the last ones.
    pub fn kept(pattern: &str, reach: Reach) -> Option<Rc<Self>> {
        type Kept = LruCache<Box<str>, Option<Rc<JavaRegex>>>;
        thread_local! {
            static WHOLE: RefCell<Kept> = RefCell::new(LruCache::new(KEPT_PATTERNS_MAX));
            static PART: RefCell<Kept> = RefCell::new(LruCache::new(KEPT_PATTERNS_MAX));
        }
        if pattern.len() > VARIABLE_PATTERN_BYTES_MAX {
            return None;
        }
        let kept = match reach {
            Reach::Whole => &WHOLE,
            Reach::Part => &PART,
        };
        kept.with_borrow_mut(|kept| {
            if let Some(regex) = kept.get(pattern) {
                return regex.clone();
            }
            let regex = Self::compile(pattern, reach).ok().map(Rc::new);
            kept.put(Box::from(pattern), regex.clone());
            regex
        })
    }
}

/// The crates draw the pattern above the reason.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or(text);
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests;
