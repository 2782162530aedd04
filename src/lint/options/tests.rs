use std::sync::Arc;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::diag::{Diagnostics, SourceMap, Span, render_short};
use crate::lint::options::{LintOptions, is_code, parse};
use crate::profile::Profile;

fn read(text: &str) -> (LintOptions, String) {
    let mut sources = SourceMap::default();
    let file = sources.add(".apigeelintrc", Arc::from(text));
    let mut diags = Diagnostics::default();
    let options = parse(text, Span::new(file, 0, text.len()), &mut diags);
    (options, render_short("", &diags, &sources))
}

#[test]
fn every_option_is_read() {
    let (options, said) = read(
        "# of the team\n\n--excluded TD002,PO013 , EX-AB001\n  --complexConditionTermCount 20\r\n\
         --policyCountLimit\t5\n--maxWarnings 0\n--profile apigeex\n--ignoreDirectives",
    );
    let excluded = ["EX-AB001", "PO013", "TD002"].map(str::to_owned);
    let expected = LintOptions {
        excluded: Some(excluded.into()),
        condition_terms_max: Some(20),
        policy_count_max: Some(5),
        warnings_max: Some(0),
        profile: Some(Profile::X),
        ignores_comments: true,
    };
    assert_eq!((options, said.as_str()), (expected, ""));
}

#[test]
fn a_negative_number_of_warnings_is_no_limit() {
    let (options, said) = read("--maxWarnings -1\n-e BN005");
    assert_eq!((options.warnings_max, said.as_str()), (None, ""));
    assert!(options.excludes("BN005"));
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&read(text).1);
}

#[test]
fn what_is_not_understood_has_a_place() {
    check(
        "--excluded TD002\nexcluded TD002\n\n  --excluded TD002,td003\n--exclude TD002\n--excluded=TD002\n\
         --policyCountLimit 0\n--complexConditionTermCount many\n--profile x\n--maxWarnings\n\
         --formatter table.js\n--",
        expect![[r#"
            .apigeelintrc:2:1: warning[GW170]: `excluded TD002` is no option
            .apigeelintrc:4:3: warning[GW170]: `td003` is no code of lint
            .apigeelintrc:5:1: warning[GW170]: `--exclude` is no option of lint
            .apigeelintrc:6:1: warning[GW170]: `--excluded=TD002` is no option of lint
            .apigeelintrc:7:1: warning[GW170]: `0` in `--policyCountLimit` is not greater than zero
            .apigeelintrc:8:1: warning[GW170]: `many` in `--complexConditionTermCount` is no whole number
            .apigeelintrc:9:1: warning[GW170]: `x` is no profile
            .apigeelintrc:10:1: warning[GW170]: `` in `--maxWarnings` is no whole number
            .apigeelintrc:11:1: note[GW171]: `--formatter` has no effect here
            .apigeelintrc:12:1: warning[GW170]: `--` is no option of lint
        "#]],
    );
}

#[test]
fn codes_are_two_capitals_and_three_digits() {
    for (code, is) in [
        ("BN005", true),
        ("EX-BN005", true),
        ("BN05", false),
        ("bn005", false),
        ("BN0055", false),
        ("EX-", false),
        ("", false),
        ("ÄN005", false),
    ] {
        assert_eq!(is_code(code), is, "{code}");
    }
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in r"(--(excluded|profile|maxWarnings|e|é)|[ =\t\n\r#-]|[A-Z]{2}[0-9]{3}|apigeex|é|-1|99999999999999999999){0,20}") {
        let (_, said) = read(&text);
        prop_assert!(said.lines().count() <= text.split('\n').count());
    }
}
