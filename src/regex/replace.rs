//! Matches in a text replaced, as `Matcher.replaceAll` and `replaceFirst` do.
//!
//! Source: the documentation of `java.util.regex.Matcher` (Java SE 11): in the replacement `$1`
//! and `${name}` are groups, of further digits as many belong to the number as there are
//! groups, and a backslash takes the next character as it is.

use smallvec::SmallVec;

use crate::regex::{Engine, JavaRegex};

/// A longer result is none.
const REPLACED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Each may take the limit of steps.
const BACKTRACKING_MATCHES_MAX: usize = 1000;

/// Which matches are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrences {
    First,
    All,
}

/// Start and end of each group, in bytes; group 0 is the match.
type Groups = SmallVec<[Option<(usize, usize)>; 4]>;

/// A piece of the replacement.
enum Part<'r> {
    Text(&'r str),
    Group(usize),
}

impl JavaRegex {
    /// Puts the text with its matches replaced behind `out`. `None` where the replacement names
    /// a group that is not there, or where the result or the work exceeds its bound; what `out`
    /// then holds behind its old text means nothing.
    pub fn replace(
        &self,
        text: &str,
        replacement: &str,
        occurrences: Occurrences,
        out: &mut String,
    ) -> Option<()> {
        let parts = self.parts(replacement)?;
        let bytes_max = out.len().checked_add(REPLACED_BYTES_MAX)?;
        let mut finder = self.finder(&parts);
        let (mut copied, mut at, mut matches) = (0, 0, 0);
        while at <= text.len() && finder.find(text, at)? {
            let (start, end) = finder.groups.first().copied().flatten()?;
            out.push_str(text.get(copied..start)?);
            for part in &parts {
                match part {
                    Part::Text(part) => out.push_str(part),
                    Part::Group(number) => {
                        // A group that took no part in the match is empty.
                        let group = finder.groups.get(*number).copied().flatten();
                        out.push_str(
                            group.and_then(|(start, end)| text.get(start..end)).unwrap_or(""),
                        );
                    }
                }
                if out.len() > bytes_max {
                    return None;
                }
            }
            copied = end;
            matches += 1;
            if occurrences == Occurrences::First {
                break;
            }
            if matches == BACKTRACKING_MATCHES_MAX && matches!(self.0, Engine::Backtracking(_)) {
                return None;
            }
            at = if start == end { end + next_width(text, end) } else { end };
        }
        out.push_str(text.get(copied..)?);
        (out.len() <= bytes_max).then_some(())
    }

    fn parts<'r>(&self, replacement: &'r str) -> Option<SmallVec<[Part<'r>; 4]>> {
        let mut parts = SmallVec::new();
        let mut rest = replacement;
        while let Some(at) = rest.find(['$', '\\']) {
            let (before, special) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before));
            }
            if let Some(escaped) = special.strip_prefix('\\') {
                let (taken, behind) = escaped.split_at(escaped.chars().next()?.len_utf8());
                parts.push(Part::Text(taken));
                rest = behind;
            } else {
                let (number, behind) = self.group(special.get(1..)?)?;
                parts.push(Part::Group(number));
                rest = behind;
            }
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest));
        }
        Some(parts)
    }

    /// The group that stands behind a `$`, and what stands behind it.
    fn group<'r>(&self, text: &'r str) -> Option<(usize, &'r str)> {
        let count = self.group_count();
        if let Some(named) = text.strip_prefix('{') {
            let (name, behind) = named.split_once('}')?;
            return Some((self.group_named(name)?, behind));
        }
        let mut number = None;
        let mut rest = text;
        while let Some(digit) = rest.chars().next().and_then(|c| c.to_digit(10)) {
            let longer = number.unwrap_or(0) * 10 + digit as usize;
            if longer >= count {
                break;
            }
            number = Some(longer);
            rest = rest.get(1..)?;
        }
        Some((number?, rest))
    }

    /// Group 0 is one of them.
    fn group_count(&self) -> usize {
        match &self.0 {
            Engine::Linear(regex) => regex.captures_len(),
            Engine::Backtracking(regex) => regex.captures_len(),
        }
    }

    fn group_named(&self, name: &str) -> Option<usize> {
        match &self.0 {
            Engine::Linear(regex) => regex.capture_names().position(|found| found == Some(name)),
            Engine::Backtracking(regex) => {
                regex.capture_names().position(|found| found == Some(name))
            }
        }
    }

    fn finder(&self, parts: &[Part<'_>]) -> Finder<'_> {
        let wants_groups = parts.iter().any(|part| matches!(part, Part::Group(1..)));
        let locations = match &self.0 {
            Engine::Linear(regex) if wants_groups => Some(regex.capture_locations()),
            _ => None,
        };
        Finder { engine: &self.0, locations, groups: Groups::new() }
    }
}

/// The next match with its groups.
struct Finder<'r> {
    engine: &'r Engine,
    /// Where the pattern's groups go; `None` where only the whole match is asked for.
    locations: Option<regex::CaptureLocations>,
    groups: Groups,
}

impl Finder<'_> {
    /// Whether there is a match at or behind `at`; `None` where finding one takes too long.
    fn find(&mut self, text: &str, at: usize) -> Option<bool> {
        self.groups.clear();
        match (self.engine, &mut self.locations) {
            (Engine::Linear(regex), None) => {
                let found = regex.find_at(text, at);
                self.groups.extend(found.map(|found| Some((found.start(), found.end()))));
            }
            (Engine::Linear(regex), Some(locations)) => {
                if regex.captures_read_at(locations, text, at).is_some() {
                    self.groups.extend((0..locations.len()).map(|group| locations.get(group)));
                }
            }
            (Engine::Backtracking(regex), _) => {
                if let Some(found) = regex.captures_from_pos(text, at).ok()? {
                    let place = |group: usize| found.get(group).map(|m| (m.start(), m.end()));
                    self.groups.extend((0..found.len()).map(place));
                }
            }
        }
        Some(!self.groups.is_empty())
    }
}

/// The width of the character at a place; 1 at the end, so that a loop gets past it.
fn next_width(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}
