use super::*;

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

/// Double beats Float, Float Long, Long Integer, Integer Boolean; a text that is a number meets
/// a number as one.
#[test]
fn two_numbers_meet_as_the_wider_one() {
    let five = [
        Value::Integer(5),
        Value::Long(5),
        Value::Float(5.0),
        Value::Double(5.0),
        Value::from("5"),
    ];
    for value in five {
        for literal in ["5", "5l", "5f", "5d", "5.0", "\"5\""] {
            let variables = [("n", value.clone())];
            check_values(&format!("n = {literal}"), &variables, true);
            check_values(&format!("n >= {literal}"), &variables, true);
            check_values(&format!("n > {literal}"), &variables, false);
        }
        let variables = [("n", value.clone())];
        for literal in ["6", "6l", "5.5", "5.5f", "\"5.5\""] {
            check_values(&format!("n < {literal}"), &variables, true);
            check_values(&format!("n != {literal}"), &variables, true);
        }
        check_values("n = true", &variables, false);
        check_values("n != false", &variables, true);
    }
    // An Integer that a Float cannot hold becomes the nearest one, as in Java.
    check_values("n = 16777216f", &[("n", Value::Integer(16_777_217))], true);
    check_values("n = 16777216d", &[("n", Value::Integer(16_777_217))], false);
    check_values("n = 9007199254740992d", &[("n", Value::Long(9_007_199_254_740_993))], true);
    check_values("n = 9007199254740992", &[("n", Value::Long(9_007_199_254_740_993))], false);
}
