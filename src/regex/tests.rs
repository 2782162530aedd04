use proptest::prelude::{any, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::*;

fn replace(
    text: &str,
    pattern: &str,
    replacement: &str,
    occurrences: Occurrences,
) -> Option<String> {
    let regex = JavaRegex::compile(pattern, Reach::Part).expect("the pattern compiles");
    let mut out = String::from("> ");
    regex.replace(text, replacement, occurrences, &mut out)?;
    Some(out.split_off(2))
}

#[track_caller]
fn check(text: &str, pattern: &str, replacement: &str, expected: Option<&str>) {
    let replaced = replace(text, pattern, replacement, Occurrences::All);
    assert_eq!(replaced.as_deref(), expected, "{pattern} by {replacement} in {text}");
}

#[test]
fn matches_are_replaced_as_java_does() {
    check("a cat, a rat", "[cr]at", "dog", Some("a dog, a dog"));
    check("none", "x", "y", Some("none"));
    check("", "x", "y", Some(""));
    check("", "", "y", Some("y"));
    check("abc", "", "-", Some("-a-b-c-"));
    check("é", "", "-", Some("-é-"));
    check("ab", "a*", "x", Some("xxbx")); // Also an empty match right behind another.
    check("a.b.c", r"\.", "", Some("abc"));
    check("aXbX", "(?i)x", "", Some("ab"));
    check("ééé", "é$", "e", Some("éée"));
    check("1234567", r"(?<=\d)(?=(\d{3})+$)", ",", Some("1,234,567"));
    check("a\n", "a$", "b", Some("a\n")); // Java: "b\n".
}

#[test]
fn only_the_first_match_is_replaced_on_request() {
    for (text, pattern, expected) in
        [("aXbX", "X", "a-bX"), ("ab", "", "-ab"), ("ab", "c", "ab"), ("aa", "(?!b)a", "-a")]
    {
        let replaced = replace(text, pattern, "-", Occurrences::First);
        assert_eq!(replaced.as_deref(), Some(expected), "{pattern} in {text}");
    }
}

#[test]
fn replacements_name_groups() {
    check("tom cat", r"(\w+) (\w+)", "$2, $1", Some("cat, tom"));
    check("tom", "(?<name>.)om", "${name}im$0", Some("timtom"));
    check("tom", "(?<name>.)om(?!x)", "${name}im", Some("tim"));
    check("tom", "(t)(om)", "$10$21", Some("t0om1")); // There is no group 10.
    check("ab", "(a)|(b)", "<$1$2>", Some("<a><b>"));
    check("a", "a", r"\$1\\\é", Some(r"$1\é"));
    check("a", "a", "$1", None);
    check("a", "a", "${x}", None);
    check("a", "a", "${x", None);
    check("a", "a", "$", None);
    check("a", "a", "$x", None);
    check("a", "a", r"\", None);
}

#[test]
fn replacing_takes_bounded_room_and_work() {
    let text = "a".repeat(64 * 1024);
    check(&text, "a", &"b".repeat(1024), None);
    check(&text, ".*", &"$0".repeat(1024), None);
    check(&"a".repeat(40), r"(a|aa)+\1b(?!x)", "", None);
    let many = "a".repeat(1001);
    check(many.get(..999).unwrap(), "a(?!b)", "", Some(""));
    check(&many, "a(?!b)", "", None);
}

#[test]
fn generated_texts_match_their_pattern() {
    for pattern in [
        "",
        "abc",
        "[0-9]{3}",
        "([a-z]|[A-Z]|[0-9]){16}",
        r"\d+-\w*\.(jpg|png)?",
        "^[^a]{2,4}$",
        "(?i)cat",
        "é+[à-ü]",
        ".{20}",
        r"\p{Upper}\x41\Q.*\E",
        "[^ -~]{3}",
        "(?s).",
    ] {
        let generator = Generator::compile(pattern).unwrap();
        let regex = JavaRegex::compile(pattern, Reach::Whole).unwrap();
        for _ in 0..50 {
            let mut out = String::new();
            generator.generate(&mut out).unwrap();
            assert!(regex.matches(&out), "{out} by {pattern}");
        }
    }
}

#[test]
fn what_generates_nothing_has_a_reason() {
    for (pattern, reason) in [
        ("[a", "a character class is not closed"),
        ("a(?=b)", "look-around and back references generate nothing"),
        (r"(a)\1", "look-around and back references generate nothing"),
        (r"a\b", "a word boundary generates nothing"),
        ("[a&&b]", "a character class is empty"),
        (&"a".repeat(VARIABLE_PATTERN_BYTES_MAX + 1), "it is too large"),
    ] {
        assert_eq!(Generator::compile(pattern).unwrap_err(), reason, "{pattern}");
    }
}

#[test]
fn generating_takes_bounded_room_and_work() {
    for (pattern, is_in_bounds) in [
        ("a{65536}", true),
        ("a{65537}", false),
        ("(a{1000}){1000}", false),
        ("(?:(?:a?){0,1000000}){1000000}", false),
        ("(((a{0,4000000000}){4000000000}){4000000000})", false),
    ] {
        let generated = Generator::compile(pattern).unwrap().generate(&mut String::new());
        assert_eq!(generated.is_some(), is_in_bounds, "{pattern}");
    }
}

#[test]
fn kept_patterns_are_known_by_their_reach() {
    assert!(JavaRegex::kept("a", Reach::Part).unwrap().matches("cat"));
    assert!(!JavaRegex::kept("a", Reach::Whole).unwrap().matches("cat"));
    assert!(JavaRegex::kept("[", Reach::Part).is_none());
    let long = "a".repeat(VARIABLE_PATTERN_BYTES_MAX + 1);
    assert!(JavaRegex::kept(&long, Reach::Part).is_none());
}

proptest! {
    #[test]
    fn any_pattern_replaces_and_generates_without_a_panic(
        pattern in r"([ab()|*+?.^$é\[\]{},0-9]|\\.){0,12}",
        text in "[abé0 ]{0,20}",
        replacement in r"[a$\\{}0-9é]{0,6}",
    ) {
        if let Ok(regex) = JavaRegex::compile(&pattern, Reach::Part) {
            regex.replace(&text, &replacement, Occurrences::All, &mut String::new());
        }
        if let Ok(generator) = Generator::compile(&pattern) {
            generator.generate(&mut String::new());
        }
    }

    #[test]
    fn plain_texts_are_replaced_as_the_standard_library_does(
        text in "[abé]{0,30}", from in "[abé]{1,2}", to in "[abé]{0,3}",
    ) {
        let replaced = replace(&text, &from, &to, Occurrences::All);
        prop_assert_eq!(replaced, Some(text.replace(&from, &to)));
    }

    #[test]
    fn any_text_quoted_generates_itself(text in any::<String>()) {
        let mut out = String::new();
        let generator = Generator::compile(&format!("\\Q{text}"));
        if !text.contains("\\E") {
            generator.unwrap().generate(&mut out);
            prop_assert!(out == text);
        }
    }
}

#[test]
fn giving_up_is_no_answer() {
    let regex = JavaRegex::compile("^(a|a?)+(b)\\2c$", Reach::Part).unwrap();
    assert_eq!(regex.decides("abbc"), Ok(true));
    assert_eq!(regex.decides("abc"), Ok(false));
    let long = "a".repeat(60);
    assert_eq!((regex.decides(&long), regex.matches(&long)), (Err(RegexTooCostly), false));
    let linear = JavaRegex::compile("^(a|a?)+c$", Reach::Part).unwrap();
    assert_eq!(linear.decides(&long), Ok(false));
}
