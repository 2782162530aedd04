use evalexpr::ContextWithMutableVariables;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::*;
use crate::condition::ast::{Expr, Numeral, Operand, Relation};

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
