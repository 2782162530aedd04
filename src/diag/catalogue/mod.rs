//! Every code that a finding can have: what it means and what to do about it.
//!
//! `docs/lint.md` shows these tables, and a test holds it to them. A code is never used for
//! anything else later.

mod answers;
mod conditions;
mod endpoints;
mod explanations;
mod files;
mod names;
mod policies;
mod targets;
mod unsupported;

pub use explanations::{EXPLANATIONS, Example, Explanation};

use crate::diag::Severity;

/// Codes that belong together.
#[derive(Debug)]
pub struct Section {
    /// The heading on the page.
    pub title: &'static str,
    /// By code, in ASCII order.
    pub codes: &'static [Code],
}

/// What there is to say of one code. The texts may hold backticks.
#[derive(Debug)]
pub struct Code {
    pub code: &'static str,
    /// Those that its findings can have, the worst first.
    pub severities: &'static [Severity],
    /// What such a finding says.
    pub what: &'static str,
    /// What to do, in the imperative.
    pub remedy: &'static str,
    /// A finding in its short form.
    pub example: &'static str,
}

/// In the order of the page.
pub static SECTIONS: &[&Section] = &[
    &files::SECTION,
    &names::SECTION,
    &conditions::SECTION,
    &endpoints::SECTION,
    &targets::SECTION,
    &policies::SECTION,
    &answers::SECTION,
    &unsupported::SECTION,
];

/// What this gateway does not run yet: these findings go away as it grows.
pub static WAITING: &[&str] = &[
    "GW133", // parts of endpoints and connections
    "GW200", // policy types
    "GW201", // connections
    "GW202", // IntegrationEndpoint
    "GW204", // connection properties
    "GW375", // syslog over TLS
    "GW402", // protocols and ciphers of TLS
];

/// What `tollgate lint --fix` does to a finding of a code.
#[derive(Debug)]
pub struct Mending {
    pub code: &'static str,
    pub what: &'static str,
    /// Why what the bundle does stays the same.
    pub why: &'static str,
}

const WRITTEN_TWICE: &str = "deletes the second of two elements that are written alike";
const FIRST_COUNTS: &str = "only the first is read";

/// By code. Findings of these codes are mended where that is so, and others are left.
pub static MENDINGS: &[Mending] = &[
    Mending { code: "EP002", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "FR002", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "GW103", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending {
        code: "GW134",
        what: "writes `HTTPTargetConnection`, where it is the only connection",
        why: "both names are read alike",
    },
    Mending {
        code: "GW303",
        what: "deletes the `Scope`",
        why: "a key with a `Prefix` holds no scope",
    },
    Mending {
        code: "GW307",
        what: "deletes the `CacheContext`",
        why: "its names are those of a scope, and a key with a `Prefix` holds none",
    },
    Mending {
        code: "PD005",
        what: "deletes the `VirtualHost`; deletes the second of two `HTTPProxyConnection` that are \
            written alike",
        why: "under profile `x` nothing reads it; only the first is read",
    },
    Mending {
        code: "PO008",
        what: "deletes a `DisplayName` that is empty",
        why: "it is for the reader alone",
    },
    Mending { code: "PO012", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "PO026", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending {
        code: "PO030",
        what: "writes `TimeoutInSeconds` for `TimeoutInSec`, where that has no `ref` and there is \
            no `TimeoutInSeconds` yet; deletes the second of two elements that are written alike",
        why: "both names are read alike but for the `ref`; only the first is read",
    },
    Mending { code: "PO032", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "PO034", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "PO035", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "PO041", what: "deletes the `ExclusiveCache`", why: "nothing reads it" },
    Mending { code: "PO042", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending {
        code: "ST002",
        what: "deletes an empty `Condition`, and a second `Name` or `Condition` that is written as \
            the first",
        why: "an empty Condition is none, and only the first of each is read",
    },
    Mending { code: "TD009", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "TD012", what: WRITTEN_TWICE, why: FIRST_COUNTS },
    Mending { code: "TD014", what: WRITTEN_TWICE, why: FIRST_COUNTS },
];

/// Every code, section by section.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    SECTIONS.iter().flat_map(|section| section.codes)
}

/// The row of a code, written in capitals or not.
pub fn find(code: &str) -> Option<&'static Code> {
    codes().find(|row| row.code.eq_ignore_ascii_case(code))
}

/// The code that looks most like what was written: that which begins like it for longest, and
/// among those the one whose number is least away.
pub fn nearest(written: &str) -> Option<&'static str> {
    let written = written.to_ascii_uppercase();
    let number = |code: &str| -> i64 {
        let digits: String = code.chars().filter(char::is_ascii_digit).take(6).collect();
        digits.parse().unwrap_or(0)
    };
    let family = |code: &str| code.bytes().zip(written.bytes()).take(2).all(|(a, b)| a == b);
    let rank = |row: &&Code| {
        let distance = number(row.code).abs_diff(number(&written));
        (!family(row.code), distance)
    };
    codes().min_by_key(rank).map(|row| row.code)
}

impl Code {
    pub fn explanation(&self) -> Option<&'static Explanation> {
        EXPLANATIONS.iter().find(|explanation| explanation.code == self.code)
    }

    /// Whether apigeelint has the code too.
    pub fn is_common(&self) -> bool {
        !self.code.starts_with("GW")
    }

    /// `None` where `--fix` does nothing.
    pub fn mending(&self) -> Option<&'static Mending> {
        MENDINGS.iter().find(|mending| mending.code == self.code)
    }

    /// `error, warning`.
    pub fn severities_text(&self) -> String {
        let words: Vec<&str> = self.severities.iter().map(|severity| severity.as_str()).collect();
        words.join(", ")
    }
}
