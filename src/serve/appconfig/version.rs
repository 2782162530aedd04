//! The `api-version` that every request names.
//!
//! Source: Microsoft's REST reference of App Configuration, "Versioning"; the versions are those
//! of its local emulator and the one that both current SDK generations send.

use crate::serve::appconfig::problem::Problem;

/// In the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V1_0,
    V2023_10,
    V2023_11,
    V2024_09,
    V2026_04,
}

static VERSIONS: &[(&str, Version)] = &[
    ("1.0", Version::V1_0),
    ("2023-10-01", Version::V2023_10),
    ("2023-11-01", Version::V2023_11),
    ("2024-09-01", Version::V2024_09),
    ("2026-04-01", Version::V2026_04),
];

impl Version {
    /// `values` are those of all `api-version` parameters, `target` the request's own.
    ///
    /// `Differs:` a missing version is refused as the reference says; the local emulator takes
    /// it for 1.0.
    pub(super) fn parse(values: &[String], target: &str) -> Result<Self, Problem> {
        let [value] = values else {
            return Err(if values.is_empty() { unspecified() } else { ambiguous(values) });
        };
        if let Some((_, version)) = VERSIONS.iter().find(|(name, _)| name == value) {
            return Ok(*version);
        }
        let title =
            if is_readable(value) { "Unsupported API version" } else { "Invalid API version" };
        let detail = format!(
            "The HTTP resource that matches the request URI '{target}' does not support the API \
             version '{value}'."
        );
        Err(Problem::invalid_version(title, detail))
    }

    /// Pages of items have an etag of their own.
    pub(super) fn has_page_etags(self) -> bool {
        self >= Self::V2023_10
    }

    pub(super) fn has_snapshots(self) -> bool {
        self >= Self::V2023_10
    }

    /// `tags` filters lists and revisions.
    pub(super) fn filters_lists_by_tags(self) -> bool {
        self >= Self::V2023_11
    }

    /// `tags` filters single reads too.
    pub(super) fn filters_items_by_tags(self) -> bool {
        self >= Self::V2024_09
    }

    pub(super) fn has_descriptions(self) -> bool {
        self >= Self::V2026_04
    }

    /// A part of a revision list may be asked for by `Range`.
    pub(super) fn has_ranges(self) -> bool {
        self == Self::V1_0
    }
}

fn unspecified() -> Problem {
    let detail = "An API version is required, but was not specified.";
    Problem::invalid_version("API version is not specified", detail.to_owned())
}

fn ambiguous(values: &[String]) -> Problem {
    let detail = format!(
        "The following API versions were requested: {}. At most, only a single API version may be \
         specified. Please update the intended API version and retry the request.",
        values.join(", ")
    );
    Problem::invalid_version("Ambiguous API version", detail)
}

/// A date or a number with a point, such as `2023-10-01` and `1.0`, maybe with a status behind.
fn is_readable(text: &str) -> bool {
    let body = text.split_once("-preview").map_or(text, |(body, _)| body);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let dated: Vec<&str> = body.split('-').collect();
    let numbered: Vec<&str> = body.split('.').collect();
    (dated.len() == 3 && dated.iter().all(|part| is_number(part)))
        || (numbered.len() <= 2 && numbered.iter().all(|part| is_number(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: &str) {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let refusal = Version::parse(&values, "/kv?x=1").expect_err("it is refused");
        assert!(refusal.body().contains(expected), "{}", refusal.body());
    }

    #[test]
    fn knows_every_version() {
        for (name, version) in VERSIONS {
            assert_eq!(Version::parse(&[(*name).to_owned()], "/kv"), Ok(*version));
        }
    }

    #[test]
    fn refuses_as_the_reference_does() {
        check(&[], r#""title":"API version is not specified","name":"api-version""#);
        check(
            &["2022-01-01"],
            r#""title":"Unsupported API version","name":"api-version","detail":"The HTTP resource that matches the request URI '/kv?x=1' does not support the API version '2022-01-01'.""#,
        );
        check(&["2022-01-01-preview"], "Unsupported API version");
        check(&["9.9"], "Unsupported API version");
        check(&["latest"], "Invalid API version");
        check(&[""], "Invalid API version");
        check(
            &["1.0", "2023-10-01"],
            "The following API versions were requested: 1.0, 2023-10-01.",
        );
    }
}
