use super::*;

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
