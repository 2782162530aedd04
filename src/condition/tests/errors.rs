use super::*;

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
