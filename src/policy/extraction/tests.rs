use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

use super::*;

/// What the holes take, by name; `None` where the pattern does not match.
type Expected<'a> = Option<&'a [(&'a str, &'a str)]>;

fn named<'t>(
    names: &'t [String],
    taken: Option<pattern::Taken<'t>>,
) -> Option<Vec<(&'t str, &'t str)>> {
    taken.map(|taken| names.iter().map(String::as_str).zip(taken).collect())
}

#[track_caller]
fn check(pattern: &str, value: &str, expected: Expected<'_>) {
    let (parsed, names) = Pattern::parse(pattern, Case::Exact).expect("the pattern parses");
    let found = named(&names, parsed.matches(value));
    assert_eq!(found.as_deref(), expected, "{pattern} in {value}");
}

#[track_caller]
fn check_path(pattern: &str, path: &str, expected: Expected<'_>) {
    let (parsed, names) = PathPattern::parse(pattern, Case::Exact).expect("the pattern parses");
    let found = named(&names, parsed.matches(path));
    assert_eq!(found.as_deref(), expected, "{pattern} in {path}");
}

#[test]
fn a_pattern_matches_the_whole_value() {
    check("{x}", "anything at all", Some(&[("x", "anything at all")]));
    check("Bearer {token}", "Bearer abc", Some(&[("token", "abc")]));
    check("Bearer {token}", "bearer abc", None);
    check("Bearer {token}", "A Bearer abc", None);
    check("DBN{code}", "DBN88271", Some(&[("code", "88271")]));
    check("{a}@example.net", "ann@example.net", Some(&[("a", "ann")]));
    check("{a}@example.net", "ann@example.network", None);
    check("hello {first} {last}", "hello Ann B Cee", Some(&[("first", "Ann"), ("last", "B Cee")]));
}

#[test]
fn holes_take_as_little_as_they_can() {
    check("{a}||{b}||{c}", "1||||3", Some(&[("a", "1"), ("b", ""), ("c", "3")]));
    check("{a}-{b}", "1-2-3", Some(&[("a", "1"), ("b", "2-3")]));
    check("{a}{b}", "xy", Some(&[("a", ""), ("b", "xy")]));
    check("{a}x{b}x", "axx", Some(&[("a", "a"), ("b", "")]));
    check("{a}x{b}x", "ax", None);
    check("*;charset={encoding}", "text/xml;charset=UTF-16", Some(&[("encoding", "UTF-16")]));
}

#[test]
fn special_characters_are_escaped() {
    check("%{user%} {name}", "{user} Steve", Some(&[("name", "Steve")]));
    check("%{user%} {name}", "user Steve", None);
    check("%*{a}", "*x", Some(&[("a", "x")]));
    check("100% of {a}", "100% of it", Some(&[("a", "it")]));
    check("{a} }", "x }", Some(&[("a", "x")]));
}

#[test]
fn case_is_ignored_where_the_pattern_says_so() {
    for (pattern, value, expected) in [
        ("Bearer {a}", "bEARER AbC", Some("AbC")),
        ("{a}@Example.NET", "Ann@eXAMPLE.net", Some("Ann")),
        // Of ASCII letters only.
        ("Ä{a}", "äx", None),
    ] {
        let (parsed, _) = Pattern::parse(pattern, Case::Ignored).unwrap();
        assert_eq!(parsed.matches(value).map(|taken| taken[0]), expected, "{pattern}");
    }
    let (parsed, _) = PathPattern::parse("/Accounts/{id}", Case::Ignored).unwrap();
    assert_eq!(parsed.matches("/aCCOUNTS/Q7").map(|taken| taken[0]), Some("Q7"));
}

#[test]
fn what_is_no_pattern_is_refused() {
    for (pattern, error) in [
        ("/a/b/", PatternError::NoHole),
        ("", PatternError::NoHole),
        ("*", PatternError::NoHole),
        ("%{a%}", PatternError::NoHole),
        ("{*}", PatternError::Invalid),
        ("{}", PatternError::Invalid),
        ("{a", PatternError::Invalid),
        ("{a b}", PatternError::Invalid),
        ("{{a}}", PatternError::Invalid),
    ] {
        assert_eq!(Pattern::parse(pattern, Case::Exact).err(), Some(error), "{pattern}");
        assert_eq!(PathPattern::parse(pattern, Case::Exact).err(), Some(error), "{pattern}");
    }
    let text = |bytes: usize| format!("{{a}}{}", "x".repeat(bytes - 3));
    assert!(Pattern::parse(&text(PATTERN_BYTES_MAX), Case::Exact).is_ok());
    let too_long = Pattern::parse(&text(PATTERN_BYTES_MAX + 1), Case::Exact);
    assert_eq!(too_long.err(), Some(PatternError::Invalid));
}

#[test]
fn paths_match_segment_by_segment() {
    check_path("/accounts/{id}", "/accounts/12797282", Some(&[("id", "12797282")]));
    check_path("/accounts/{id}", "/accounts/1/2", None);
    check_path("/accounts/{id}", "/accounts/", None);
    check_path("/accounts/{id}", "/accounts", None);
    check_path("/accounts/{id}", "/accounts/1/", Some(&[("id", "1")]));
    check_path("/accounts/{id}/", "/accounts/1", None);
    check_path("/a/{x}/c/{y}", "/a/b/c/d", Some(&[("x", "b"), ("y", "d")]));
    check_path("/a/*/{id}", "/a/foo/bar", Some(&[("id", "bar")]));
    check_path("/a/*/{id}", "/a/foo/bar/baz", None);
    check_path("/a/**/{id}", "/a/foo/bar/baz/c", Some(&[("id", "c")]));
    check_path("/a/**/{id}", "/a/b/c", Some(&[("id", "c")]));
    check_path("/a/**/{id}", "/a/b", None);
    check_path("/**/x/{a}/**/y", "/1/x/x/x/2/3/y", Some(&[("a", "x")]));
    check_path("/**/**/{id}", "/1/2/3", Some(&[("id", "3")]));
    check_path("/**/**/{id}", "/1/2", None);
    check_path("/{id}/**", "/1/2/3", Some(&[("id", "1")]));
    check_path("/models/{m}:generate", "/models/pro:1:generate", Some(&[("m", "pro:1")]));
    check_path(
        "/v{major}.{minor}/{id}",
        "/v1.2/3",
        Some(&[("major", "1"), ("minor", "2"), ("id", "3")]),
    );
    check_path("/{x}", "", None);
}

#[test]
fn segments_are_counted() {
    for (pattern, segments) in [("/a/{x}", 2), ("{x}", 1), ("/a/**/{x}/", 3), ("//{x}", 1)] {
        assert_eq!(
            PathPattern::parse(pattern, Case::Exact).unwrap().0.segments(),
            segments,
            "{pattern}"
        );
    }
}

#[test]
fn long_values_are_cut_where_they_are_shown() {
    assert_eq!(shown("abc"), "abc");
    let text = "ä".repeat(SHOWN_BYTES_MAX);
    assert_eq!(shown(&text).len(), SHOWN_BYTES_MAX + 3);
}

/// The regular expression that the documentation describes.
fn oracle(tokens: &[pattern::Token], any: &str) -> String {
    let part = |token: &pattern::Token| match token {
        pattern::Token::Text(text) => regex::escape(text),
        pattern::Token::Star => any.to_owned(),
        pattern::Token::Hole(_) => format!("({any})"),
    };
    tokens.iter().map(part).collect()
}

fn pattern_text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "b", "ab", "/", "{x}", "{y}", "*", "%{", "**"]),
        0..8,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), value in any::<String>(), is_exact in any::<bool>()) {
        let case = if is_exact { Case::Exact } else { Case::Ignored };
        if let Ok((pattern, _)) = Pattern::parse(&text, case) {
            pattern.matches(&value);
        }
        if let Ok((pattern, _)) = PathPattern::parse(&text, case) {
            pattern.matches(&value);
        }
    }

    #[test]
    fn patterns_are_lazy_regular_expressions(text in pattern_text(), value in "[abAB{/]{0,8}") {
        let Ok((pattern, _)) = Pattern::parse(&text, Case::Exact) else { return Ok(()) };
        let tokens = pattern::tokens(&text).unwrap();
        let regex = regex::Regex::new(&format!("(?s)^{}$", oracle(&tokens, ".*?"))).unwrap();
        let expected = regex.captures(&value).map(|found| {
            found.iter().skip(1).map(|part| part.unwrap().as_str()).collect::<Vec<_>>()
        });
        prop_assert_eq!(pattern.matches(&value).map(|taken| taken.to_vec()), expected);
    }

    #[test]
    fn path_patterns_are_regular_expressions(
        segments in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "{x}", "*", "**", "{x}a", "b*{y}"]), 1..6),
        path in prop::collection::vec("[ab]{0,3}", 1..7),
    ) {
        let text = format!("/{}", segments.join("/"));
        let path = format!("/{}", path.join("/"));
        let Ok((pattern, _)) = PathPattern::parse(&text, Case::Exact) else { return Ok(()) };
        let part = |segment: &&str| match *segment {
            "**" => "[^/]*(?:/[^/]*)*?".to_owned(),
            "{x}" => "([^/]+?)".to_owned(),
            "*" => "[^/]+?".to_owned(),
            other => oracle(&pattern::tokens(other).unwrap(), "[^/]*?"),
        };
        let parts: Vec<String> = segments.iter().map(part).collect();
        let regex = regex::Regex::new(&format!("^/{}$", parts.join("/"))).unwrap();
        let find = |path: &str| regex.captures(path).map(|found| {
            found.iter().skip(1).map(|part| part.unwrap().as_str().to_owned()).collect::<Vec<_>>()
        });
        let expected = find(&path).or_else(|| find(path.strip_suffix('/')?));
        let taken = pattern.matches(&path);
        prop_assert_eq!(taken.map(|t| t.iter().map(|s| (*s).to_owned()).collect()), expected);
    }
}
