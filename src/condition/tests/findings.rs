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
fn long_conditions_are_findings() {
    let long = |chars: usize| format!(" a = \"{}\" ", "é".repeat(chars - 6));
    check_findings(&long(256), &[]);
    let text = long(257);
    check_findings(&text, &[("CC003", text.trim())]);
}

#[test]
fn terms_are_operands_comparisons_and_what_joins_them() {
    for (condition, terms) in [
        ("a", 1),
        ("a = b", 3),
        ("!a", 2),
        ("not (a = b)", 4),
        ("a not like \"b\"", 3),
        ("a is not null", 3),
        ("a = b and c", 5),
        ("(a = b) or (c = d) or (e = f) or (g = h)", 15),
    ] {
        assert_eq!(parse(condition).terms(), terms, "{condition}");
    }
}

#[test]
fn conditions_that_say_the_same_have_one_signature() {
    for (one, other, same) in [
        ("a = b and c", "c AND a Equals b", true),
        ("a != b", "!(a = b)", true),
        ("!(a and b)", "!b or !a", true),
        ("!(a or !(b and c))", "b and !a and c", true),
        ("a and (b and c)", "(a and b) and c", true),
        ("a and a", "a", true),
        ("a !~ \"x\"", "not a Matches \"x\"", true),
        ("request.header.Accept = \"x\"", "request.header.accept = \"x\"", true),
        ("a = \"x\"", "A = \"x\"", false),
        ("a = \"x\"", "a = \"X\"", false),
        ("a or b", "a and b", false),
        ("a and b or c", "a and (b or c)", false),
        ("a", "!a", false),
        ("a = b", "b = a", false),
    ] {
        assert_eq!(parse(one).signature() == parse(other).signature(), same, "{one} / {other}");
    }
}
