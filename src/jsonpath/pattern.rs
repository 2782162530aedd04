//! The regular expressions of `=~ /.../i`.
//!
//! Source: Jayway JsonPath, "Filter Operators"; flags as `java.util.regex.Pattern` has them. The
//! whole text must match. Time is linear; look-around and back references run under a limit
//! of steps, and a text that exceeds it does not match.

const PROGRAM_BYTES_MAX: usize = 256 * 1024;
const NESTING_MAX: u32 = 100;
const BACKTRACKS_MAX: usize = 100_000;

#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
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
            Err(_) => fancy_regex::RegexBuilder::new(&whole)
                .backtrack_limit(BACKTRACKS_MAX)
                .delegate_size_limit(PROGRAM_BYTES_MAX)
                .delegate_dfa_size_limit(PROGRAM_BYTES_MAX)
                .build()
                .map(Self::Backtracking)
                .map_err(|error| last_line(&error.to_string())),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Linear(regex) => regex.is_match(text),
            Self::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

/// The crates draw the pattern above the reason.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or(text);
    line.trim_start_matches("error: ").to_owned()
}
