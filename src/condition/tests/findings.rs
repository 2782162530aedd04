use super::*;

#[test]
fn findings_point_at_what_is_odd() {
    for (condition, expected) in [
        ("request.verb = \"GET\"", &[][..]),
        ("a = 'GET'", &[("CC007", "'GET'")]),
        ("a = 'request.verb'", &[]),
        ("'a b' = \"c\"", &[]),
        ("a Matches b", &[("CC007", "b")]),
        ("a JavaRegex b", &[("CC007", "b")]),
        ("a MatchesPath b", &[("CC007", "b")]),
        ("a := b", &[("CC007", "b")]),
        ("a := 5", &[]),
        ("a = b", &[]),
        ("a StartsWith b", &[]),
        ("a Matches 5", &[("CC007", "5")]),
        ("a ~ null", &[("CC007", "null")]),
        ("true", &[("CC001", "true")]),
        ("a and \"x\"", &[("CC001", "\"x\"")]),
        ("a or \"b\" = \"b\"", &[("CC001", "\"b\" = \"b\"")]),
        ("proxy.pathsuffix MatchesPath \"a/*\"", &[("GW122", "\"a/*\"")]),
        ("proxy.pathsuffix MatchesPath \"/a?b=*\"", &[("GW123", "\"/a?b=*\"")]),
        ("request.path MatchesPath \"/a\"", &[]),
        ("mine MatchesPath \"a/*\"", &[]),
    ] {
        check_findings(condition, expected);
    }
}

#[test]
fn conditions_that_never_or_always_hold_are_findings() {
    let absurd = |text: &str| {
        let condition = Condition::parse(text).expect("it parses").expect("it is not empty");
        let findings = condition.findings();
        let found = findings.into_iter().find(|finding| finding.code == "CC006");
        found.map(|finding| finding.message.contains("never"))
    };
    for (text, never) in [
        (r#"a != "x" or a != "y""#, Some(false)),
        (r#"a = "x" and a = "y""#, Some(true)),
        (r#"a = "x" and (b = "y" or a != "x") and b != "y""#, Some(true)),
        ("a > 1 or !(a > 1)", Some(false)),
        (r#"a ~ "x*" and a !~ "x*""#, Some(true)),
        ("a = 1 or true", Some(false)),
        // What depends, what a number may equal in two spellings, and a literal alone.
        (r#"a = "x" or a = "y""#, None),
        (r#"a = "x" and b = "y""#, None),
        (r#"a = "1" and a = "1.0""#, None),
        (r#"a = "true" and a = "TRUE""#, None),
        ("false", None),
        ("a", None),
    ] {
        assert_eq!(absurd(text), never, "{text}");
    }
    // The table has ten comparisons at most.
    for (comparisons, never) in [(10, Some(true)), (11, None)] {
        let many: String = (2..=comparisons).map(|n| format!(" and v{n} = 1")).collect();
        assert_eq!(absurd(&format!("a = 1 and a != 1{many}")), never, "{comparisons}");
    }
}

#[test]
fn long_and_complex_conditions_are_findings() {
    let long = |chars: usize| format!(" a = \"{}\" ", "é".repeat(chars - 6));
    check_findings(&long(256), &[]);
    let text = long(257);
    check_findings(&text, &[("CC003", text.trim())]);
    check_findings("a = b and a = b and a = b and a = b", &[]);
    let text = "a = b and a = b and a = b and a = b and c";
    check_findings(text, &[("CC004", text)]);
}
