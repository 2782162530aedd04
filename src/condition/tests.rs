use std::net::SocketAddr;
use std::sync::Arc;

use evalexpr::ContextWithMutableVariables;
use http::Method;
use http::uri::PathAndQuery;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::ast::{Expr, Numeral, Operand, Relation};
use super::*;
use crate::clock::Clock;
use crate::message::{Client, Facts, Glance, Message, Value};
use crate::variable::{Slots, VarRef};

fn cx(variables: &[(&str, Value)]) -> MessageContext {
    let local = SocketAddr::from(([127, 0, 0, 1], 8080));
    let client = Client { peer: local, local };
    let request = Message::request(Method::GET, PathAndQuery::from_static("/v1/cats?q=tom"));
    let mut cx = MessageContext::new(Arc::new(Facts::default()), Clock::manual(0), client, request);
    for (name, value) in variables {
        cx.set(&VarRef::parse(name), value.clone()).unwrap();
    }
    cx
}

#[track_caller]
fn parse(condition: &str) -> Condition {
    match Condition::parse(condition) {
        Ok(Some(parsed)) => parsed,
        other => panic!("{condition}: {other:?}"),
    }
}

#[track_caller]
fn check_values(condition: &str, variables: &[(&str, Value)], expected: bool) {
    let cx = cx(variables);
    let parsed = parse(condition);
    assert_eq!(parsed.holds(&cx), expected, "{condition} with {variables:?}");
    let printed = parsed.to_string();
    let again = parse(&printed);
    assert_eq!(again.expr, parsed.expr, "{condition} printed as {printed}");
}

#[track_caller]
fn check(condition: &str, variables: &[(&str, &str)], expected: bool) {
    let variables: Vec<(&str, Value)> =
        variables.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
    check_values(condition, &variables, expected);
}

/// The message's and the source's text of what is wrong, and the help.
#[track_caller]
fn check_error(condition: &str, at: &str, message: &str, help: &str) {
    let error = Condition::parse(condition).expect_err(condition);
    assert_eq!(error.message, message, "{condition}");
    assert_eq!(&condition[error.start..error.end], at, "{condition}");
    assert!(
        error.help.as_deref().unwrap_or("").contains(help),
        "{condition}: {:?} has no {help}",
        error.help
    );
}

/// The codes and the source's text of each finding.
#[track_caller]
fn check_findings(condition: &str, expected: &[(&str, &str)]) {
    let findings = parse(condition).findings();
    let found: Vec<_> =
        findings.iter().map(|found| (found.code, &condition[found.start..found.end])).collect();
    assert_eq!(found, expected, "{condition}");
}

// --- grammar ---

#[test]
fn empty_texts_are_absent() {
    for text in ["", " ", "\n\t "] {
        assert!(Condition::parse(text).unwrap().is_none(), "{text:?}");
    }
}

#[test]
fn operators_have_symbols_and_words() {
    for (operators, right, expected) in [
        (&["=", "==", "Equals", "Is"][..], "\"b\"", true),
        (&["!=", "NotEquals", "IsNot"], "\"b\"", false),
        (&[":=", "EqualsCaseInsensitive"], "\"B\"", true),
        (&["~", "Matches", "Like"], "\"*b\"", true),
        (&["!~"], "\"*b\"", false),
        (&["~~", "JavaRegex"], "\"[b]\"", true),
        (&["~/", "MatchesPath", "LikePath"], "\"b\"", true),
        (&["=|", "StartsWith"], "\"b\"", true),
    ] {
        for operator in operators {
            check(&format!("a {operator} {right}"), &[("a", "b")], expected);
            check(&format!("a {} {right}", operator.to_lowercase()), &[("a", "b")], expected);
            check(&format!("a {} {right}", operator.to_uppercase()), &[("a", "b")], expected);
            if !operator.starts_with(char::is_alphabetic) {
                check(&format!("a{operator}{right}"), &[("a", "b")], expected);
            }
        }
    }
    for (operators, five, six, seven) in [
        (&[">", "GreaterThan", "&gt;"][..], false, false, true),
        (&[">=", "GreaterThanOrEquals", "&gt;="], false, true, true),
        (&["<", "LesserThan", "&lt;"], true, false, false),
        (&["<=", "LesserThanOrEquals", "&lt;="], true, true, false),
    ] {
        for operator in operators {
            for (left, expected) in [(5, five), (6, six), (7, seven)] {
                let condition = format!("n {operator} 6");
                check_values(&condition, &[("n", Value::Integer(left))], expected);
                check_values(&condition.to_lowercase(), &[("n", Value::Integer(left))], expected);
            }
        }
    }
    for (condition, expected) in [
        ("t and t", true),
        ("t AND f", false),
        ("t&&f", false),
        ("t &amp;&amp; t", true),
        ("f or t", true),
        ("f Or f", false),
        ("f||t", true),
        ("!f", true),
        ("not f", true),
        ("NOT (t)", false),
        ("not(t)", false),
        ("!!t", true),
        ("t&&!f", true),
    ] {
        check(condition, &[("t", "true")], expected);
    }
}

#[test]
fn not_binds_tighter_than_and_and_and_than_or() {
    for (condition, expected) in [
        ("t or f and f", true),
        ("f and f or t", true),
        ("(t or f) and f", false),
        ("f and (f or t)", false),
        ("t or t and f or f", true),
        ("!f and f", false),
        ("!(f and f)", true),
        ("not f or t", true),
        ("not (f or t)", false),
        ("not t = \"false\" and t", true),
        ("!t = \"false\"", true),
        ("((t))", true),
        ("( t = \"true\" )and( f = null )", true),
    ] {
        check(condition, &[("t", "true")], expected);
    }
}

#[test]
fn not_stands_between_operands_too() {
    for (condition, expected) in [
        ("a not Matches \"b*\"", false),
        ("a not Matches \"c*\"", true),
        ("a not JavaRegex \"b.\"", true),
        ("a not MatchesPath \"b\"", false),
        ("a NOT StartsWith \"b\"", false),
        ("a is not null", true),
        ("a is not \"b\"", false),
        ("unset is not null", false),
        ("a not = \"b\"", false),
    ] {
        check(condition, &[("a", "b")], expected);
    }
}

#[test]
fn single_quotes_hold_variable_names() {
    let variables = [("help!me", "1"), ("and", "2"), ("a b", "3")];
    check("'help!me' = \"1\"", &variables, true);
    check("'and' = \"2\"", &variables, true);
    check("'a b' = \"3\"", &variables, true);
    check("\"1\" = 'help!me'", &variables, true);
    check("x = 'GET'", &[("x", "GET")], false);
    check("x = 'GET'", &[("x", "1"), ("GET", "1")], true);
    check("'request.header.help!me' = null", &[], true);
}

#[test]
fn numbers_have_signs_fractions_and_suffixes() {
    for (condition, value, expected) in [
        ("n = 5", Value::Integer(5), true),
        ("n=5", Value::Integer(5), true),
        ("n = -5", Value::Integer(-5), true),
        ("n=-5", Value::Integer(-5), true),
        ("n = 5.5", Value::Double(5.5), true),
        ("n = 5l", Value::Long(5), true),
        ("n = 5L", Value::Integer(5), true),
        ("n = 0.1f", Value::Float(0.1), true),
        ("n = 0.1F", Value::from("0.1"), true),
        ("n = 0.1", Value::Float(0.1), false), // Double beats Float: 0.1f is another Double.
        ("n = 0.1d", Value::Double(0.1), true),
        ("n = 5D", Value::Double(5.0), true),
        ("n = 007", Value::Integer(7), true),
        ("n > 9223372036854775806", Value::Long(i64::MAX), true),
        ("n < 9223372036854775808", Value::Long(5), true),
        ("5 < n", Value::Integer(6), true),
    ] {
        check_values(condition, &[("n", value)], expected);
    }
}

#[test]
fn literals_alone_are_conditions() {
    for (condition, expected) in [
        ("true", true),
        ("TRUE", true),
        ("false", false),
        ("null", false),
        ("5", false),
        ("\"true\"", true),
        ("\"x\"", false),
        ("\"a\" = \"a\"", true),
        ("true = false", false),
        ("1 < 2", true),
        ("null = null", true),
        ("\"/a/b\" MatchesPath \"/a/*\"", true),
    ] {
        check(condition, &[], expected);
    }
}

// Inferred: the documentation does not have a variable alone.
#[test]
fn a_variable_alone_must_be_true() {
    for (value, expected) in [
        (Value::from("true"), true),
        (Value::from("TRUE"), false),
        (Value::from("1"), false),
        (Value::from(""), false),
        (Value::Boolean(true), true),
        (Value::Boolean(false), false),
        (Value::Integer(1), false),
    ] {
        check_values("flag", &[("flag", value.clone())], expected);
        check_values("!flag", &[("flag", value)], !expected);
    }
    check("flag", &[], false);
}

#[test]
fn and_and_or_stop_where_they_are_settled() {
    // A message identifier is made when it is read first.
    for (condition, read) in [
        ("f and messageid = \"x\"", false),
        ("t and messageid = \"x\"", true),
        ("t or messageid = \"x\"", false),
        ("f or messageid = \"x\"", true),
    ] {
        let cx = cx(&[("t", Value::Boolean(true))]);
        parse(condition).holds(&cx);
        assert_eq!(format!("{cx:?}").contains("message_id: OnceCell(<uninit>)"), !read);
    }
}

#[test]
fn verbs_are_texts() {
    for (condition, expected) in [
        ("request.verb = \"GET\"", true),
        ("request.verb = \"get\"", false),
        ("request.verb := \"get\"", true),
        ("request.verb != \"GET\"", false),
        ("request.verb = \"PURGE\"", false),
        ("request.verb != \"\"", true),
        ("request.verb = \"a verb\"", false),
        ("\"GET\" = request.verb", true),
    ] {
        check(condition, &[], expected);
    }
}

// --- types ---

#[test]
fn booleans_equal_their_texts() {
    for (value, expected) in [
        (Value::Boolean(true), true),
        (Value::from("true"), true),
        (Value::from("True"), false),
        (Value::Boolean(false), false),
        (Value::from("false"), false),
        (Value::Integer(1), false),
        (Value::from("1"), false),
    ] {
        for condition in ["x = true", "x is true", "x = \"true\"", "true = x", "x == TRUE"] {
            check_values(condition, &[("x", value.clone())], expected);
        }
        check_values("x != true", &[("x", value)], !expected);
    }
    check_values("x := \"TRUE\"", &[("x", Value::Boolean(true))], true);
}

#[test]
fn numbers_meet_texts_as_numbers() {
    for (condition, value, expected) in [
        ("n = \"400\"", Value::Integer(400), true),
        ("n = 400", Value::Integer(400), true),
        ("n != \"400\"", Value::Integer(400), false),
        ("n = \"x\"", Value::Integer(400), false),
        ("n != \"x\"", Value::Integer(400), true),
        ("n > \"x\"", Value::Integer(400), false),
        ("n < \"x\"", Value::Integer(400), false),
        ("n > \"0\"", Value::Long(1), true),
        ("n > 9", Value::from("10"), true),
        ("n = 10", Value::from("10"), true),
        ("n = 10", Value::from("10.0"), true),
        ("n = 1000", Value::from("1e3"), true),
        ("n = 10", Value::from("ten"), false),
        ("n != 10", Value::from("ten"), true),
        ("n > 9", Value::from("ten"), false),
        ("n <= 9", Value::from(""), false),
        ("n > 9", Value::from("inf"), false),
        ("n > 9", Value::from("1e999"), false),
        ("n := 10", Value::from("10"), true),
        ("n StartsWith \"40\"", Value::Integer(404), true),
        ("n Matches \"4*\"", Value::Integer(404), true),
        ("n JavaRegex \"4..\"", Value::Integer(404), true),
        ("n = 1.5", Value::Double(1.5), true),
        ("n = \"1.5\"", Value::Float(1.5), true),
    ] {
        check_values(condition, &[("n", value)], expected);
    }
}

#[test]
fn texts_are_equal_by_letter_and_ordered_as_numbers_where_both_are() {
    for (left, right, less, equal) in [
        ("9", "10", true, false),
        ("a9", "a10", false, false),
        ("9", "a", true, false),
        ("a", "a", false, true),
        ("a", "A", false, false),
        ("", "a", true, false),
        ("10", "10.0", false, false), // Neither less nor, as texts, equal.
        ("123", "0123", false, false),
    ] {
        let variables = [("a", left), ("b", right)];
        check("a < b", &variables, less);
        check("a = b", &variables, equal);
        check("a != b", &variables, !equal);
        check(&format!("a < \"{right}\""), &variables, less);
        check(&format!("a = \"{right}\""), &variables, equal);
    }
}

#[test]
fn case_is_passed_over_on_request() {
    for (left, right, expected) in [
        ("GET", "get", true),
        ("Ä", "ä", true),
        ("Σ", "ς", true),
        ("straße", "STRASSE", false),
        ("get", "getx", false),
        ("ää", "ä", false),
    ] {
        check(&format!("a := \"{right}\""), &[("a", left)], expected);
    }
}

#[test]
fn objects_compare_false_with_everything_but_null() {
    let items = Value::Collection(Arc::from([bytestring::ByteString::from("x")]));
    let variables = [("items", items)];
    for (condition, expected) in [
        ("items = \"x\"", false),
        ("items != \"x\"", false),
        ("items = items", false),
        ("items > 0", false),
        ("items Matches \"*\"", false),
        ("items !~ \"x\"", false),
        ("items StartsWith \"[\"", false),
        ("items = null", false),
        ("items != null", true),
        ("request != null", true),
        ("request = \"x\"", false),
        ("response = null", true),
        ("items", false),
    ] {
        check_values(condition, &variables, expected);
    }
}

// --- nulls ---

/// The columns: left null, right null, both null.
#[test]
fn nulls_follow_the_table() {
    for (operator, left, right, both) in [
        ("=", false, false, true),
        ("==", false, false, true),
        (":=", false, false, true),
        ("!=", true, true, false),
        ("=|", false, false, false),
        (">", true, false, false),
        (">=", false, true, true),
        ("<", true, false, false),
        ("<=", true, false, true),
        ("~", false, false, false),
        ("~~", false, false, false),
        ("~/", false, false, false),
        ("!~", true, false, false),
    ] {
        let set = [("set", "5")];
        check(&format!("unset {operator} set"), &set, left);
        check(&format!("unset {operator} \"5\""), &set, left);
        check(&format!("null {operator} set"), &set, left);
        check(&format!("set {operator} unset"), &set, right);
        check(&format!("set {operator} null"), &set, right);
        check(&format!("unset {operator} other"), &set, both);
        check(&format!("unset {operator} null"), &set, both);
        check(&format!("null {operator} null"), &set, both);
    }
}

#[test]
fn null_is_not_the_empty_text() {
    check("a = null", &[("a", "")], false);
    check("a = \"\"", &[("a", "")], true);
    check("unset = \"\"", &[], false);
    check("unset > 5", &[], true);
    check("unset < 5", &[], true);
    check("not (unset Matches \"x\")", &[], true);
    check("unset not Matches \"x\"", &[], true);
    check("request.header.x = null", &[], true);
    check("request.queryparam.q = null", &[], false);
    check("request.queryparam.x is null", &[], true);
    check("request.formparam.x is null", &[], true);
}

// --- patterns ---

#[track_caller]
fn check_pattern(operator: &str, pattern: &str, text: &str, expected: bool) {
    check(&format!("v {operator} \"{pattern}\""), &[("v", text)], expected);
    check(&format!("v {operator} p"), &[("v", text), ("p", pattern)], expected);
}

#[test]
fn matches_wildcards() {
    for (pattern, text, expected) in [
        ("/*at", "/cat", true),
        ("/*at", "/bat", true),
        ("/*at", "/at", true),
        ("/*at", "/a/b/at", true), // `*` runs over slashes too.
        ("/cat", "/cat/paws", false),
        ("/cat*", "/cat/paws", true),
        ("*", "", true),
        ("", "", true),
        ("", "a", false),
        ("**", "a/b", true),
        ("a**c", "abbc", true),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXcYb", false),
        ("*aab", "aaaab", true),
        ("/c%*at", "/c*at", true),
        ("/c%*at", "/cbat", false),
        ("100%%", "100%", true),
        ("a%", "a%", true),
        ("c?t", "cat", false), // `?` and braces are themselves.
        ("c?t", "c?t", true),
        ("{id}", "{id}", true),
        ("{id}", "7", false),
        ("*é*", "caféx", true),
        ("CAT", "cat", false),
    ] {
        check_pattern("Matches", pattern, text, expected);
        check(&format!("v !~ \"{pattern}\""), &[("v", text)], !expected);
    }
}

#[test]
fn matches_path_wildcards() {
    for (pattern, text, expected) in [
        ("/*", "/cat", true),
        ("/*", "/cat/tom", false), // `*` stands for one element,
        ("/**", "/cat/tom", true), // `**` for one or more.
        ("/*/cat", "/pet/cat", true),
        ("/*/a/", "/x/a/", true),
        ("/*/a/*", "/x/a/b", true),
        ("/*/a/**", "/x/a/b/c/d", true),
        ("/a/**/feed/**", "/a/b/feed/rss/1234", true),
        ("/a/**/feed/**", "/a/b/c/feed/d/feed/e", true),
        ("/a/**/feed/**", "/a/feed/x", false),
        ("/a/**/b/*", "/a/x/b/y/b/z", true),
        ("/a/**/b/*/c", "/a/b/b/b/c", true),
        ("/a/**/b/*/c", "/a/b/b/c", false),
        ("/animals/*", "/animals/cats/wild", false),
        ("/animals/*", "/animals", false),
        ("/animals/**", "/animals", false),
        ("/a/{id}", "/a/7", true),
        ("/a/{id}/b", "/a/7/b", true),
        ("/a/{id}", "/a/7/b", false),
        ("/%{user%}", "/{user}", true),
        ("/%{user%}", "/x", false),
        ("/a%*", "/a*", true),
        ("/a%*", "/ab", false),
        ("/a%/b", "/a/b", true),
        ("/a{b", "/a{b", true),
        ("/cat", "/Cat", false),
        ("/", "/", true),
        ("/", "/a", false),
        ("/a?", "/ab", false),
        ("/é/*", "/é/ü", true),
    ] {
        check_pattern("MatchesPath", pattern, text, expected);
    }
}

// Recalled, not read again: the slash at the end makes an empty last element.
#[test]
fn a_slash_at_the_end_is_an_empty_element() {
    check_pattern("MatchesPath", "/animals/*", "/animals/", true);
    check_pattern("MatchesPath", "/animals/**", "/animals/", true);
    check_pattern("MatchesPath", "/*", "/", true);
}

// Inferred: a slash at the end of the value does not matter to a pattern without one.
#[test]
fn a_slash_at_the_end_of_the_value_is_passed_over() {
    check_pattern("MatchesPath", "/a", "/a/", true);
    check_pattern("MatchesPath", "/a/*", "/a/b/", true);
    check_pattern("MatchesPath", "/a/", "/a", false);
    check_pattern("MatchesPath", "/a", "/a//", false);
    check_pattern("MatchesPath", "/", "//", false);
}

// Inferred: an empty path suffix is not the path `/`.
#[test]
fn the_empty_path_matches_the_empty_pattern_only() {
    check_pattern("MatchesPath", "/", "", false);
    check_pattern("MatchesPath", "/**", "", false);
    check_pattern("MatchesPath", "", "", true);
}

// Inferred: a relative pattern takes relative values only.
#[test]
fn a_pattern_without_leading_slash_matches_no_absolute_path() {
    check_pattern("MatchesPath", "cat", "/cat", false);
    check_pattern("MatchesPath", "**", "/cat", false);
    check_pattern("MatchesPath", "*/cat", "/cat", false);
    check_pattern("MatchesPath", "a/*", "a/b", true);
}

// Unknown in the documentation: wildcards beside other text in one element.
#[test]
fn wildcards_inside_an_element_stay_in_it() {
    check_pattern("MatchesPath", "/*.json", "/a.json", true);
    check_pattern("MatchesPath", "/*.json", "/a/b.json", false);
    check_pattern("MatchesPath", "/{id}.json", "/a.b.json", true);
    check_pattern("MatchesPath", "/v*/a*b", "/v1/aXbXb", true);
    check_pattern("MatchesPath", "/a**/b", "/ax/b", true);
    check_pattern("MatchesPath", "/a**/b", "/ax/y/b", false);
}

#[test]
fn glob_matching_takes_bounded_time() {
    let pattern = format!("{}b", "*a".repeat(200));
    check_pattern("Matches", &pattern, &"a".repeat(20_000), false);
    let pattern = format!("/**{}/b", "/*a*a/**".repeat(20));
    check_pattern("MatchesPath", &pattern, &"/aaaa".repeat(4_000), false);
}

#[test]
fn java_regex_takes_the_whole_text() {
    for (pattern, text, expected) in [
        ("/ca?t", "/cat", true),
        ("/ca?t", "/ct", true),
        ("/[cbr]at", "/rat", true),
        ("/[cbr]at", "/rats", false),
        ("cat", "a cat", false),
        ("a|ab", "ab", true),
        ("cat", "CAT", false),
        ("(?i)cat", "CAT", true),
        ("(?i:c)at", "Cat", true),
        ("(?i:c)at", "CAT", false),
        ("^cat$", "cat", true),
        ("", "", true),
        (".*", "a\nb", false),
        ("(?s).*", "a\nb", true),
        ("(?s:.)(.)", "\nb", true),
        ("(?s:.)(.)", "\n\n", false),
        ("(?x) a b # c )", "ab", true),
        ("(?x: a # c\n)b", "ab", true),
        (r"\Qa.b*\E+", "a.b**", true),
        (r"\Qa.b", "a.b", true),
        (r"\Qa.b", "axb", false),
        (r"a*+a", "aaa", false), // Possessive: nothing is given back.
        (r"a*+b", "aab", true),
        (r"a{1,2}+a", "aa", false),
        (r"(?>a|ab)c", "abc", false),
        (r"(a)(b)?\1", "aa", true),
        (r"(?<x>a)\k<x>", "aa", true),
        (r"(?!b).*", "abc", true),
        (r"(?!b).*", "bc", false),
        (r"(?=.*\d)[a-z\d]+", "abc1", true),
        (r"\d+", "12", true),
        (r"\d+", "١٢", false), // Java's classes are ASCII.
        (r"\w+", "a_1", true),
        (r"\w+", "é", false),
        (r"[\w-]+", "a-b", true),
        (r"[^\d]", "a", true),
        (r"\h\v\R", " \n\r\n", true),
        (r"\p{Alpha}\p{Lu}\P{Digit}", "aBc", true),
        (r"\p{IsLatin}\pL\p{javaLowerCase}", "aBc", true),
        (r"\p{Punct}+", "[]^`{|}~", true),
        (r"\x41\u0042\x{43}\0104\cA\e", "ABCD\u{1}\u{1b}", true),
        (r"application\/json(\s*;\s*charset=(.)+)?", "application/json; charset=utf-8", true),
        (r"[a-z&&[^b]]+", "ac", true),
        (r"[a-z&&[^b]]+", "ab", false),
        (r"[a[0-9]]+", "a1", true),
        (r"[~~a]", "~", true),
        (r"[+--]", ",", true),
        (r"[]a]", "]", true),
        (r"\<a\>", "<a>", true),
        ("(a+)+$", "aaaa", true),
        ("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", "YWI=", true),
    ] {
        check_pattern("JavaRegex", pattern, text, expected);
    }
}

#[test]
fn a_regex_that_backtracks_too_long_does_not_match() {
    let text = "a".repeat(40);
    check_pattern("JavaRegex", "(?=(a+)+b)x", &text, false);
}

#[test]
fn what_is_no_regex_is_an_error_as_a_literal_and_no_match_as_a_value() {
    for (pattern, reason) in [
        ("[a", "a character class is not closed"),
        ("(a", "a group is not closed"),
        ("a)|(b", "a `)` closes no group"),
        ("*a", "repetition operator missing expression"),
        ("\\y", "`\\y` escapes nothing"),
        ("(?z)a", "`z` is no flag of a group"),
        ("a{1000}{1000}", "it is too large"),
        ("\\u00", "a hexadecimal digit is missing"),
    ] {
        let message = format!("`{pattern}` is no regular expression: {reason}");
        let source = format!("\"{pattern}\"");
        check_error(&format!("v ~~ {source} and a"), &source, &message, "");
        check("v ~~ p", &[("v", "a"), ("p", pattern)], false);
    }
}

// --- errors ---

#[test]
fn unknown_operators_are_errors() {
    for (condition, at, help) in [
        ("a === \"b\"", "===", "`=`"),
        ("a !== \"b\"", "!==", "`!=`"),
        ("a =: \"b\"", "=:", "`:=`"),
        ("a <> \"b\"", "<>", "`!=`"),
        ("a &lt;&gt; \"b\"", "&lt;&gt;", "`!=`"),
        ("a => 5", "=>", "`>=`"),
        ("a =< 5", "=<", "`<=`"),
        ("a =~ \"b\"", "=~", "`~~`"),
        ("a /~ \"b\"", "/~", "`~/`"),
        ("a & b", "&", "`&&`"),
        ("a | b", "|", "`||`"),
        ("a !~/ \"b\"", "!~/", "`!(...)`"),
        ("a &&& b", "&&&", "the operators are"),
        ("a Contains \"b\"", "Contains", "`Matches \"*text*\"`"),
        ("a EndsWith \"b\"", "EndsWith", "`Matches \"*text\"`"),
        ("a LessThan 5", "LessThan", "`LesserThan`"),
        ("a lessThanOrEquals 5", "lessThanOrEquals", "`LesserThanOrEquals`"),
        ("a GreaterThanOrEqual 5", "GreaterThanOrEqual", "`GreaterThanOrEquals`"),
        ("a Equal 5", "Equal", "`Equals`"),
        ("a MatchPath \"/b\"", "MatchPath", "`MatchesPath`"),
        ("a StartWith \"/b\"", "StartWith", "`StartsWith`"),
        ("a xor b", "xor", "`or`"),
        ("a whatever b", "whatever", "the operators are"),
    ] {
        let sign = at.replace("&lt;", "<").replace("&gt;", ">");
        check_error(condition, at, &format!("`{sign}` is no operator"), help);
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let strings = "the string that starts here has no closing `\"`";
    for (condition, at, message, help) in [
        ("a = \"b ", "\"b", strings, "close it"),
        ("a = 'b", "'b", "the string that starts here has no closing `'`", "close it"),
        ("a = ''", "''", "the variable name between the quotes is empty", "\"\""),
        ("a =", "=", "nothing follows `=`", "belongs here"),
        ("a and", "and", "nothing follows `and`", ""),
        ("not", "not", "nothing follows `not`", ""),
        ("(a", "(", "this `(` is never closed", ""),
        ("a)", ")", "this `)` closes nothing", ""),
        ("()", ")", "`)` stands where a variable or a literal is expected", ""),
        ("and = 5", "and", "`and` stands where a variable or a literal is expected", "quotes"),
        ("= 5", "=", "`=` stands where a variable or a literal is expected", "missing"),
        ("a = (b)", "(", "`(` stands where a variable or a literal is expected", "around"),
        ("a = b = c", "=", "`=` has no operand of its own before it", "two operands"),
        ("(a) = b", "=", "`=` has no operand of its own before it", ""),
        ("a \"b\"", "\"b\"", "no operator stands before `\"b\"`", "`and` or `or`"),
        ("a = 1 b = 2", "b", "no operator stands before `b`", "`and` or `or`"),
        ("a -1 > 0", "-1", "no operator stands before `-1`", "calculate"),
        ("a + 1 > 0", "+", "`+` means nothing in a condition", "calculate"),
        ("a = 5x", "5x", "`5x` is no number", "digits"),
        ("a = 5.x", "5.x", "`5.x` is no number", ""),
        ("a = 1.5l", "1.5l", "`1.5l` is no number", ""),
        ("{a} = 5", "{", "`{` means nothing in a condition", "without braces"),
        ("a = “b”", "“", "`“` means nothing in a condition", "straight"),
        ("_a = 5", "_", "`_` means nothing in a condition", "single quotes"),
        ("a not b", "not", "`not` after an operand needs a comparison behind it", ""),
    ] {
        check_error(condition, at, message, help);
    }
    let code = |text| Condition::parse(text).unwrap_err().code;
    assert_eq!((code("a = \"b"), code("a = = b")), ("CC005", "CC007"));
}

#[test]
fn length_and_nesting_have_limits() {
    let text = |bytes: usize| format!("a = \"{}\"", "x".repeat(bytes - 6));
    assert!(Condition::parse(&text(TEXT_BYTES_MAX)).is_ok());
    assert!(Condition::parse(&text(TEXT_BYTES_MAX + 1)).is_err());
    for (open, close) in [("(", ")"), ("!", ""), ("!(", ")"), ("not ", "")] {
        let text = |depth: usize| format!("{}a = 1{}", open.repeat(depth), close.repeat(depth));
        check(&text(NESTING_MAX - 2), &[("a", "1")], true);
        assert!(Condition::parse(&text(NESTING_MAX - 1)).is_ok(), "{open}");
        assert!(Condition::parse(&text(NESTING_MAX)).is_err(), "{open}");
        assert!(Condition::parse(&text(20_000)).is_err(), "{open}");
    }
    let long = vec!["a"; 10_000].join(" and ");
    check(&long, &[("a", "true")], true);
}

// --- findings ---

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

// --- printing and binding ---

#[test]
fn the_canonical_text_is_plain() {
    for (condition, expected) in [
        ("a Equals \"b\"  AND(c is not null)", "a = \"b\" and c != null"),
        ("a or (b or c) and (d and e)", "a or ((b or c) and d and e)"),
        ("not a matches \"x\"", "!(a Matches \"x\")"),
        ("a not like \"x\" or !!b", "!(a Matches \"x\") or !!b"),
        ("a &gt;= 5.0D && 'and' =| 'b c'", "a >= 5.0D and 'and' StartsWith 'b c'"),
        (
            "a ~/ \"/x\" and b ~~ \"y\" and c !~ \"z\"",
            "a MatchesPath \"/x\" and b JavaRegex \"y\" and c !~ \"z\"",
        ),
        ("TRUE = a", "true = a"),
    ] {
        assert_eq!(parse(condition).to_string(), expected, "{condition}");
    }
}

#[test]
fn bound_and_unbound_variables_read_alike() {
    let source = "a = \"1\" and b Matches \"2\" and !(c > d) and e and f =| g and h ~ i \
                  and j != null and request.verb = \"GET\" or k != l";
    let mut slots = Slots::default();
    let mut bound = parse(source);
    bound.bind(&mut slots);
    assert_eq!(slots.len(), 12);
    assert!("abcdefghijkl".chars().all(|name| slots.find(&name.to_string()).is_some()));
    let variables = [
        ("a", "1"),
        ("b", "2"),
        ("c", "3"),
        ("d", "3"),
        ("e", "true"),
        ("f", "ab"),
        ("g", "a"),
        ("h", "x"),
        ("i", "*"),
        ("j", ""),
        ("k", "k"),
        ("l", "k"),
    ];
    let facts = Arc::new(Facts { slots, ..Facts::default() });
    let local = SocketAddr::from(([127, 0, 0, 1], 8080));
    let request = Message::request(Method::GET, PathAndQuery::from_static("/"));
    let client = Client { peer: local, local };
    let mut cx = MessageContext::new(facts, Clock::manual(0), client, request);
    assert!(!bound.holds(&cx));
    for (name, value) in variables {
        cx.set(&VarRef::parse(name), Value::from(value)).unwrap();
    }
    assert!(bound.holds(&cx));
    assert!(parse(source).holds(&cx));
}

#[test]
fn a_glance_shows_what_reading_shows() {
    let names = [
        "own.text",
        "own.number",
        "own.unset",
        "request.verb",
        "proxy.pathsuffix",
        "request.header.one",
        "request.header.several",
        "request.header.comma",
        "request.header.latin",
        "request.header.empty",
        "request.header.unset",
        "request.header.comma.2",
        "request.queryparam.q",
    ];
    let mut slots = Slots::default();
    let mut variables = names.map(VarRef::parse);
    variables.iter_mut().for_each(|variable| slots.bind(variable));
    let mut cx = cx(&[]);
    cx = MessageContext::new(
        Arc::new(Facts { slots, ..Facts::default() }),
        Clock::manual(0),
        cx.client,
        cx.request,
    );
    cx.basepath_bytes = 3;
    let headers = &mut cx.request.headers;
    for (name, value) in [
        ("one", &b"gold"[..]),
        ("several", b"a"),
        ("several", b"b"),
        ("comma", b"a, b"),
        ("latin", b"caf\xe9"),
        ("empty", b""),
    ] {
        headers.append(name, http::HeaderValue::from_bytes(value).unwrap());
    }
    cx.set(&variables[0], Value::from("x")).unwrap();
    cx.set(&variables[1], Value::Integer(5)).unwrap();
    for variable in &variables {
        let text = cx.text(variable);
        match cx.glance(variable) {
            Glance::Unknown => {}
            Glance::Null => assert_eq!(text, None, "{}", variable.name()),
            Glance::Text(found) => assert_eq!(text.as_deref(), Some(found), "{}", variable.name()),
        }
    }
}

// --- properties ---

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        "[a-z][-a-zA-Z0-9_.]{0,6}".prop_map(Operand::Variable),
        "[a-z !=é(\"]{0,4}x".prop_map(Operand::Variable),
        "[^\"\\\\\\[\\](){}*+?]{0,8}".prop_map(Operand::Text),
        any::<bool>().prop_map(Operand::Boolean),
        Just(Operand::Null),
        "-?[0-9]{1,12}(\\.[0-9]{1,3})?[fdFD]?".prop_map(|text| Operand::Number(numeral(&text))),
        "-?[0-9]{1,12}[lL]".prop_map(|text| Operand::Number(numeral(&text))),
    ]
}

fn numeral(text: &str) -> Numeral {
    match parse(text).expr {
        Expr::Bare(Operand::Number(numeral)) => numeral,
        other => panic!("{text}: {other:?}"),
    }
}

fn relation() -> impl Strategy<Value = Relation> {
    prop::sample::select(vec![
        Relation::Equals,
        Relation::NotEquals,
        Relation::EqualsCaseInsensitive,
        Relation::Greater,
        Relation::GreaterOrEquals,
        Relation::Lesser,
        Relation::LesserOrEquals,
        Relation::JavaRegex,
        Relation::Matches,
        Relation::NotMatches,
        Relation::MatchesPath,
        Relation::StartsWith,
    ])
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        operand().prop_map(Expr::Bare),
        (operand(), relation(), operand()).prop_map(|(a, is, b)| Expr::Compare(a, is, b)),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Expr::Not(Box::new(inner))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
            prop::collection::vec(inner, 2..4).prop_map(Expr::any),
        ]
    })
}

/// A term that evalexpr reads too: the same text, and its symbols.
fn oracle_term() -> impl Strategy<Value = String> {
    let integer = prop_oneof![
        prop::sample::select(vec!["i1", "i2", "i3"]).prop_map(str::to_owned),
        (-3..4).prop_map(|n: i32| n.to_string()),
    ];
    let relation = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let same = prop::sample::select(vec!["==", "!="]);
    let leaf = prop_oneof![
        (prop::sample::select(vec!["i1", "i2", "i3"]), relation, integer)
            .prop_map(|(a, is, b)| format!("({a} {is} {b})")),
        prop::sample::select(vec!["b1", "b2"]).prop_map(str::to_owned),
        (prop::sample::select(vec!["b1", "b2"]), same, any::<bool>())
            .prop_map(|(a, is, b)| format!("({a} {is} {b})")),
    ];
    leaf.prop_recursive(5, 32, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} && {b}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a} || {b}")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_a_condition_or_an_error_inside_it(text in any::<String>()) {
        check_ranges(&text);
    }

    #[test]
    fn any_words_are_a_condition_or_an_error_inside_them(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b.c", "\"x\"", "'y'", "5", "-1.5f", "null", "true", "and", "or", "not", "(",
                ")", "=", "==", "!=", "!", ":=", "~", "~~", "~/", "!~", "=|", "<", ">=", "&gt;",
                "Is", "Matches", "JavaRegex", "é", "\"", "&", "===", "Contains", "\"[a\"",
            ]),
            0..12,
        )
    ) {
        check_ranges(&words.join(" "));
        check_ranges(&words.concat());
    }

    #[test]
    fn printed_conditions_parse_to_themselves(expr in expr()) {
        let printed = expr.to_string();
        let parsed = Condition::parse(&printed);
        prop_assert!(parsed.is_ok(), "{printed}: {parsed:?}");
        let parsed = parsed.unwrap().unwrap();
        prop_assert_eq!(&parsed.expr, &expr, "{}", printed);
        prop_assert_eq!(parsed.to_string(), printed);
    }

    #[test]
    fn terms_of_integers_and_booleans_agree_with_evalexpr(
        term in oracle_term(),
        integers in prop::array::uniform3(-3..4_i32),
        booleans in prop::array::uniform2(any::<bool>()),
    ) {
        let mut oracle = evalexpr::HashMapContext::new();
        let mut variables = Vec::new();
        for (name, value) in ["i1", "i2", "i3"].into_iter().zip(integers) {
            oracle.set_value(name.to_owned(), evalexpr::Value::Int(value.into())).unwrap();
            variables.push((name, Value::Integer(value)));
        }
        for (name, value) in ["b1", "b2"].into_iter().zip(booleans) {
            oracle.set_value(name.to_owned(), evalexpr::Value::Boolean(value)).unwrap();
            variables.push((name, Value::Boolean(value)));
        }
        let expected = evalexpr::eval_boolean_with_context(&term, &oracle);
        prop_assert_eq!(Ok(parse(&term).holds(&cx(&variables))), expected, "{}", term);
    }

    #[test]
    fn texts_are_compared_in_full(text in "[ab]{0,70}", at in 0..70_usize) {
        let mut other = text.clone().into_bytes();
        prop_assert!(value::same_bytes(text.as_bytes(), &other));
        if let Some(byte) = other.get_mut(at) {
            *byte = b'x';
            prop_assert!(!value::same_bytes(text.as_bytes(), &other));
        }
    }

    #[test]
    fn globs_agree_with_regular_expressions(pattern in "[ab*/]{0,8}", text in "[ab/]{0,12}") {
        let glob = |operator: &str| {
            parse(&format!("v {operator} \"{pattern}\"")).holds(&cx(&[("v", Value::from(text.as_str()))]))
        };
        let regex = |translated: &str| {
            let anchored = format!("^(?s:{translated})$");
            regex::Regex::new(&anchored).unwrap().is_match(&text)
        };
        prop_assert_eq!(glob("Matches"), regex(&pattern.replace('*', ".*")));
        let element = |element: &str| match element {
            "**" => ".*".to_owned(),
            other => other.replace('*', "[^/]*"),
        };
        let path: Vec<String> = pattern.split('/').map(element).collect();
        let path = path.join("/");
        let optional = if pattern.ends_with('/') { "" } else { "/?" };
        let alike = pattern.starts_with('/') == text.starts_with('/');
        prop_assert_eq!(glob("MatchesPath"), alike && regex(&format!("{path}{optional}")));
    }
}

fn check_ranges(text: &str) {
    match Condition::parse(text) {
        Ok(None) => assert!(text.trim().is_empty()),
        Ok(Some(condition)) => {
            condition.holds(&cx(&[]));
            for found in condition.findings() {
                assert!(text.get(found.start..found.end).is_some(), "{text}: {found:?}");
            }
        }
        Err(error) => assert!(text.get(error.start..error.end).is_some(), "{text}: {error:?}"),
    }
}

#[test]
fn asks_for_a_variable_in_any_comparison() {
    for (condition, expected) in [
        ("request.content != null", true),
        ("request.content != \"\"", true),
        ("null != request.content", true),
        ("request.content IsNot null", true),
        ("!(request.content = null)", true),
        ("request.verb = \"GET\" or (a = 1 and request.content NotEquals null)", true),
        ("!(request.verb = \"GET\" or request.content != null)", true),
        ("request.content = null", false),
        ("request.content != \"x\"", false),
        ("message.content != null", false),
        ("request.content", false),
        ("!request.content", false),
        ("null != \"\"", false),
    ] {
        let parsed = Condition::parse(condition).expect("it parses").expect("it is not empty");
        assert_eq!(parsed.asks_for("request.content"), expected, "{condition}");
    }
}
