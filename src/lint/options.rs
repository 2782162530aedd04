//! What is asked of lint: by the configuration, by an `.apigeelintrc` beside a bundle, or by the
//! command line.
//!
//! Source: apigeelint's README, "Command line options" and ".apigeelintrc": a line is `--option value`,
//! `#` starts a comment, and the command line wins. Findings: `GW170` what is not understood, `GW171`
//! what has no effect here.

use std::collections::BTreeSet;

use crate::bundle::Bundle;
use crate::diag::{Diagnostics, Span};
use crate::lint::EnvironmentView;
use crate::profile::Profile;
use crate::xml::fields::nearest;

/// A line, or a value in one, that says nothing.
const NOT_UNDERSTOOD: &str = "GW170";
/// An option that means something to apigeelint alone.
const NO_EFFECT: &str = "GW171";

/// What [`LintOptions::condition_terms_max`] is where nobody says it; apigeelint's own default.
const CONDITION_TERMS_MAX: usize = 12;
/// What [`LintOptions::policy_count_max`] is where nobody says it; apigeelint's own default.
const POLICY_COUNT_MAX: usize = 100;

/// What one of them says. `None` and `false` leave it to the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintOptions {
    /// Codes whose warnings and notes nobody wants to hear.
    pub excluded: Option<BTreeSet<String>>,
    /// A condition may have so many terms (CC004).
    pub condition_terms_max: Option<usize>,
    /// A bundle may have so many policies (BN006).
    pub policy_count_max: Option<usize>,
    /// A bundle may have so many warnings. Only the exit code of a command asks for it.
    pub warnings_max: Option<usize>,
    /// Which platform judges.
    pub profile: Option<Profile>,
    /// Whether comments that switch codes off are passed over.
    pub ignores_comments: bool,
}

/// What an `.apigeelintrc` beside a bundle is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RcFile {
    Ignored,
    /// Its profile is not: a gateway is of one platform.
    ReadForDeployment,
    Read,
}

impl LintOptions {
    /// What holds where nobody says anything.
    pub fn defaults() -> Self {
        Self {
            excluded: Some(BTreeSet::new()),
            condition_terms_max: Some(CONDITION_TERMS_MAX),
            policy_count_max: Some(POLICY_COUNT_MAX),
            ..Self::default()
        }
    }

    pub fn condition_terms_max(&self) -> usize {
        self.condition_terms_max.unwrap_or(CONDITION_TERMS_MAX)
    }

    pub fn policy_count_max(&self) -> usize {
        self.policy_count_max.unwrap_or(POLICY_COUNT_MAX)
    }

    pub fn excludes(&self, code: &str) -> bool {
        self.excluded.as_ref().is_some_and(|codes| codes.contains(code))
    }

    /// This, and where it says nothing the other.
    pub fn or(self, other: Self) -> Self {
        Self {
            excluded: self.excluded.or(other.excluded),
            condition_terms_max: self.condition_terms_max.or(other.condition_terms_max),
            policy_count_max: self.policy_count_max.or(other.policy_count_max),
            warnings_max: self.warnings_max.or(other.warnings_max),
            profile: self.profile.or(other.profile),
            ignores_comments: self.ignores_comments || other.ignores_comments,
        }
    }
}

/// The environment as it judges a bundle: the command line wins over the `.apigeelintrc`, and both
/// over the configuration, whose excluded codes add up with theirs.
pub fn view_for(
    bundle: &mut Bundle,
    view: &EnvironmentView,
    diags: &mut Diagnostics,
) -> EnvironmentView {
    let mut file = match view.rc_file {
        RcFile::Ignored => LintOptions::default(),
        RcFile::Read | RcFile::ReadForDeployment => read(bundle, diags),
    };
    if view.rc_file == RcFile::ReadForDeployment {
        file.profile = None;
    }
    let said = view.flags.clone().or(file);
    let excluded = [&said.excluded, &view.lint.excluded];
    let excluded: BTreeSet<String> = excluded.into_iter().flatten().flatten().cloned().collect();
    let mut lint = said.or(view.lint.clone());
    lint.excluded = Some(excluded);
    EnvironmentView { profile: lint.profile.unwrap_or(view.profile), lint, ..view.clone() }
}

fn read(bundle: &mut Bundle, diags: &mut Diagnostics) -> LintOptions {
    match bundle.rc_file() {
        Some(Ok((file, text))) => {
            let whole = Span::new(file, 0, text.len());
            parse(&text, whole, diags)
        }
        Some(Err(message)) => {
            diags.warning(NOT_UNDERSTOOD, None, message);
            LintOptions::default()
        }
        None => LintOptions::default(),
    }
}

/// Options that apigeelint reads from such a file, without the dashes.
const UNDERSTOOD: [&str; 7] = [
    "excluded",
    "e",
    "complexConditionTermCount",
    "policyCountLimit",
    "maxWarnings",
    "profile",
    "ignoreDirectives",
];
/// Those that say how or where apigeelint reports, and what it does apart from that.
const OTHER: [&str; 14] = [
    "formatter",
    "f",
    "write",
    "w",
    "quiet",
    "q",
    "path",
    "s",
    "download",
    "d",
    "list",
    "norc",
    "externalPluginsDirectory",
    "po025NoRetry",
];

fn parse(text: &str, whole: Span, diags: &mut Diagnostics) -> LintOptions {
    let mut options = LintOptions::default();
    let mut at = 0;
    for line in text.split('\n') {
        let start = at + line.len() - line.trim_start().len();
        at += line.len() + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let span = whole.part(start, start + line.len());
        if let Err(problem) = options.take(line) {
            problem.report(span, diags);
        }
    }
    options
}

/// What is wrong with a line.
enum Problem {
    NotUnderstood { message: String, help: Option<String> },
    NoEffect { option: String },
}

impl Problem {
    fn value(message: String) -> Self {
        Self::NotUnderstood { message, help: None }
    }

    fn report(self, span: Span, diags: &mut Diagnostics) {
        match self {
            Self::NotUnderstood { message, help } => {
                diags.warning(NOT_UNDERSTOOD, span, message).help = help;
            }
            Self::NoEffect { option } => {
                let message = format!("`--{option}` has no effect here");
                diags.report(NO_EFFECT, crate::diag::Severity::Note, span, message);
            }
        }
    }
}

impl LintOptions {
    fn take(&mut self, line: &str) -> Result<(), Problem> {
        let Some(rest) = line.strip_prefix("--").or_else(|| line.strip_prefix('-')) else {
            return Err(Problem::NotUnderstood {
                message: format!("`{line}` is no option"),
                help: Some("write `--option value`, or `#` before a comment".to_owned()),
            });
        };
        let (option, value) = match rest.split_once(char::is_whitespace) {
            Some((option, value)) => (option, value.trim()),
            None => (rest, ""),
        };
        match option {
            "excluded" | "e" => self.excluded = Some(codes(value)?),
            "complexConditionTermCount" => self.condition_terms_max = Some(count(option, value)?),
            "policyCountLimit" => self.policy_count_max = Some(count(option, value)?),
            // As there: a negative number is none.
            "maxWarnings" => self.warnings_max = usize::try_from(number(option, value)?).ok(),
            "profile" => self.profile = Some(profile(value)?),
            "ignoreDirectives" => self.ignores_comments = true,
            _ if OTHER.contains(&option) => {
                return Err(Problem::NoEffect { option: option.to_owned() });
            }
            _ => return Err(unknown(option)),
        }
        Ok(())
    }
}

fn codes(value: &str) -> Result<BTreeSet<String>, Problem> {
    let codes: BTreeSet<String> = value.split(',').map(|code| code.trim().to_owned()).collect();
    match codes.iter().find(|code| !is_code(code)) {
        Some(wrong) => Err(Problem::value(format!("`{wrong}` is no code of lint"))),
        None => Ok(codes),
    }
}

/// Two capitals and three digits, with `EX-` before those of plug-ins.
pub fn is_code(code: &str) -> bool {
    let bytes = code.strip_prefix("EX-").unwrap_or(code).as_bytes();
    bytes.len() == 5
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).all(u8::is_ascii_digit)
}

fn number(option: &str, value: &str) -> Result<i64, Problem> {
    value
        .parse()
        .map_err(|_| Problem::value(format!("`{value}` in `--{option}` is no whole number")))
}

fn count(option: &str, value: &str) -> Result<usize, Problem> {
    match usize::try_from(number(option, value)?) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Problem::value(format!("`{value}` in `--{option}` is not greater than zero"))),
    }
}

fn profile(value: &str) -> Result<Profile, Problem> {
    match value {
        "apigee" => Ok(Profile::Edge),
        "apigeex" => Ok(Profile::X),
        _ => Err(Problem::NotUnderstood {
            message: format!("`{value}` is no profile"),
            help: Some("write `apigee` or `apigeex`".to_owned()),
        }),
    }
}

fn unknown(option: &str) -> Problem {
    let help = match option.split_once('=') {
        Some((name, _)) if UNDERSTOOD.contains(&name) => {
            Some("write a space in place of the `=`".to_owned())
        }
        _ => nearest(option, &UNDERSTOOD).map(|near| format!("did you mean `--{near}`?")),
    };
    Problem::NotUnderstood { message: format!("`--{option}` is no option of lint"), help }
}

#[cfg(test)]
mod tests;
