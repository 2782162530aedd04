use super::*;

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
