//! The regular expressions of `=~ /.../i`.
//!
//! Source: Jayway JsonPath, "Filter Operators"; flags as `java.util.regex.Pattern` has them. The
//! whole text must match. Time is linear; look-around and back references run under a limit of
//! steps, which count against those of the search, and a text that exceeds it ends the search.

use crate::jsonpath::JsonPathLimit;
use crate::jsonpath::eval::{BYTES_PER_STEP, Search};

const PROGRAM_BYTES_MAX: usize = 256 * 1024;
const NESTING_MAX: u32 = 100;
const BACKTRACKS_MAX: usize = 100_000;
/// What nearly all texts that look-around is written for need; those that need more are tried
/// again, and pay for it.
const BRIEF_BACKTRACKS_MAX: usize = 256;
/// How many places of a text and returns to a choice count as one step of the search, where the
/// text is short.
const TURNS_PER_STEP: usize = 16;

#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Linear(regex::Regex),
    Backtracking { brief: fancy_regex::Regex, thorough: fancy_regex::Regex },
}

impl Pattern {
    /// The error is the reason, in a clause.
    pub(super) fn compile(body: &str, flags: &str) -> Result<Self, String> {
        let mut known = String::new();
        for flag in flags.chars() {
            match flag {
                'i' | 'm' | 's' | 'x' => known.push(flag),
                // Unix lines and Unicode case have no counterpart that matters here.
                'd' | 'u' | 'U' => {}
                other => return Err(format!("`{other}` is no flag of a pattern")),
            }
        }
        let flags = if known.is_empty() { known } else { format!("(?{known})") };
        // The line end closes a comment that the flag `x` allows.
        let whole = format!("{flags}\\A(?:{body}\n)\\z");
        let whole = if flags.contains('x') { whole } else { whole.replace("\n)\\z", ")\\z") };
        let linear = regex::RegexBuilder::new(&whole)
            .size_limit(PROGRAM_BYTES_MAX)
            .dfa_size_limit(PROGRAM_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build();
        match linear {
            Ok(regex) => Ok(Self::Linear(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err("it is too large".to_owned()),
            Err(_) => Ok(Self::Backtracking {
                brief: backtracking(&whole, BRIEF_BACKTRACKS_MAX)?,
                thorough: backtracking(&whole, BACKTRACKS_MAX)?,
            }),
        }
    }

    /// The search has paid for reading the text once.
    pub(super) fn matches(
        &self,
        text: &str,
        search: &mut Search<'_>,
    ) -> Result<bool, JsonPathLimit> {
        let (brief, thorough) = match self {
            Self::Linear(regex) => return Ok(regex.is_match(text)),
            Self::Backtracking { brief, thorough } => (brief, thorough),
        };
        // What stands inside a look-around may read the rest of the text at each place of it, and
        // again at each return to a choice.
        let reads = 1 + text.len() / BYTES_PER_STEP;
        let steps = |turns: usize| turns.saturating_mul(reads) / TURNS_PER_STEP;
        search.spend(steps(text.len().saturating_add(BRIEF_BACKTRACKS_MAX)))?;
        if let Ok(found) = brief.is_match(text) {
            return Ok(found);
        }
        search.spend(steps(BACKTRACKS_MAX))?;
        thorough.is_match(text).map_err(|_| JsonPathLimit::Steps)
    }
}

fn backtracking(whole: &str, backtracks_max: usize) -> Result<fancy_regex::Regex, String> {
    fancy_regex::RegexBuilder::new(whole)
        .backtrack_limit(backtracks_max)
        .delegate_size_limit(PROGRAM_BYTES_MAX)
        .delegate_dfa_size_limit(PROGRAM_BYTES_MAX)
        .build()
        .map_err(|error| last_line(&error.to_string()))
}

/// The crates draw the pattern above the reason.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or(text);
    line.trim_start_matches("error: ").to_owned()
}
