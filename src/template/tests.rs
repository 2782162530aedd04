use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use bytestring::ByteString;
use http::Method;
use http::uri::PathAndQuery;
use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;

use super::*;
use crate::clock::Clock;
use crate::diag::{FileId, SourceMap};
use crate::message::{Client, Facts, Message, Value};
use crate::variable::Slots;

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

fn file() -> FileId {
    SourceMap::default().add("a.xml", Arc::from(""))
}

fn parse(text: &str, prefix: &str, suffix: &str) -> (Template, Diagnostics) {
    let mut diags = Diagnostics::default();
    let span = Span::new(file(), 10, 10 + text.len());
    (Template::parse_with(text, prefix, suffix, span, &mut diags), diags)
}

/// Renders with the variables a = `1`, b.c = `two`, n = 3 (an integer) and empty = ``.
#[track_caller]
fn check_with(text: &str, prefix: &str, suffix: &str, expected: &str) {
    let variables = [
        ("a", Value::from("1")),
        ("b.c", Value::from("two")),
        ("n", Value::Integer(3)),
        ("empty", Value::from("")),
    ];
    let cx = cx(&variables);
    let (template, _) = parse(text, prefix, suffix);
    let rendered = template.render(&cx, Unresolved::Empty).unwrap();
    assert_eq!(rendered, expected, "{text}");
}

#[track_caller]
fn check(text: &str, expected: &str) {
    check_with(text, "{", "}", expected);
}

#[test]
fn references_become_values() {
    check("{a}", "1");
    check("x{a}y{b.c}z", "x1ytwoz");
    check("{a}{a}", "11");
    check("{n}", "3");
    check("{request.verb} {request.queryparam.q}", "GET tom");
    check("\"{a}\"", "\"1\"");
    check("{unset}", "");
    check("<{unset}>", "<>");
    check("{a-b_c.D9}", "");
    check("", "");
}

#[test]
fn defaults_stand_in_for_what_is_unset_but_not_for_what_is_empty() {
    check("{unset:none}", "none");
    check("{unset:}", "");
    check("{unset:a b/c:d,e}", "a b/c:d,e");
    check("{a:none}", "1");
    check("{empty:none}", "");
}

#[test]
fn other_braces_are_text() {
    for text in [
        "{}",
        "{3}",
        "{a[]}",
        "{a",
        "}a",
        "{",
        "}",
        "{{",
        "{ a}",
        "{a }",
        "{_a}",
        "{f(x) }",
        "{f( x)}",
        "{é}",
        r#"{"a": 1, "b": {"c": []}}"#,
        "{a: 1}",
        "{\n  a:\"1\"\n}",
        "{a:'1'}",
    ] {
        check(text, text);
    }
}

// Unknown in the documentation; one test to turn.
#[test]
fn doubled_braces_are_text() {
    check("{{a}}", "{{a}}");
    check("{{a}} {a}", "{{a}} 1");
    check("{{a}", "{1");
    check("{a}}", "1}");
}

#[test]
fn payloads_keep_their_own_braces() {
    check(r#"{"id": "{a}", "in": {"v": {n}}}"#, r#"{"id": "1", "in": {"v": 3}}"#);
    check("{x {a}", "{x 1");
}

#[test]
fn payload_delimiters_replace_the_braces() {
    check_with("@a#", "@", "#", "1");
    check_with("{a} @a# {\"b\": \"@b.c#\"}", "@", "#", "{a} 1 {\"b\": \"two\"}");
    check_with("@a @a#", "@", "#", "@a 1");
    check_with("me@example.org #1", "@", "#", "me@example.org #1");
    check_with("${a} {a} $", "${", "}", "1 {a} $");
    check_with("%%a%%b.c%%", "%%", "%%", "1b.c%%");
    check_with("<<a>> <<unset:x>>", "<<", ">>", "1 x");
    check_with("@@a#", "@", "#", "@1");
    check_with("éaü", "é", "ü", "1");
    check_with("{a}", "", "", "1");
}

#[test]
fn unresolved_references_can_fail() {
    let cx = cx(&[("a", Value::from("1"))]);
    for (text, expected) in [
        ("{a}{unset:d}", Ok("1d")),
        ("text", Ok("text")),
        ("{a}{unset}", Err("unset")),
        ("{unset.x}", Err("unset.x")),
    ] {
        let (template, _) = parse(text, "{", "}");
        let rendered = template.render(&cx, Unresolved::Fails);
        let rendered = rendered.as_deref().map_err(|error| error.name.as_str());
        assert_eq!(rendered, expected, "{text}");
    }
}

#[test]
fn texts_and_single_references_are_borrowed() {
    let cx = cx(&[("a", Value::from("1")), ("n", Value::Integer(3))]);
    for (text, borrowed) in
        [("plain {", true), ("", true), ("{a}", true), ("{unset:d}", true), ("{a} ", false)]
    {
        let (template, _) = parse(text, "{", "}");
        let rendered = template.render(&cx, Unresolved::Empty).unwrap();
        assert_eq!(matches!(rendered, Cow::Borrowed(_)), borrowed, "{text}");
    }
}

#[test]
fn only_texts_are_literal() {
    for (text, literal) in
        [("", true), ("a {} b", true), ("{a}", false), ("{toUpperCase(a)}", true)]
    {
        let (template, _) = parse(text, "{", "}");
        assert_eq!(template.as_literal(), literal.then_some(text), "{text}");
    }
    assert_eq!(Template::literal("{a}").as_literal(), Some("{a}"));
}

#[test]
fn functions_are_reported_where_they_stand() {
    let (template, diags) = parse("id {toUpperCase(a)} {foo(x)} {a}", "{", "}");
    let found: Vec<_> = diags
        .iter()
        .map(|found| (found.code, found.message.as_str(), found.span.unwrap()))
        .collect();
    let file = found[0].2.file;
    assert_eq!(
        found,
        [
            (
                "GW120",
                "message template function `toUpperCase` is not supported yet",
                Span::new(file, 13, 29)
            ),
            (
                "GW121",
                "`foo` is no message template function; the call stays text",
                Span::new(file, 30, 38)
            ),
        ]
    );
    assert_eq!(template.unsupported(), Some("toUpperCase"));
    let cx = cx(&[("a", Value::from("1"))]);
    let rendered = template.render(&cx, Unresolved::Fails).unwrap();
    assert_eq!(rendered, "id {toUpperCase(a)} {foo(x)} 1");
}

#[test]
fn findings_in_text_with_entities_point_at_all_of_it() {
    let mut diags = Diagnostics::default();
    let span = Span::new(file(), 10, 40);
    Template::parse("&{toUpperCase(a)}", span, &mut diags);
    assert_eq!(diags.iter().next().unwrap().span, Some(span));
}

#[test]
fn binding_reaches_every_reference() {
    let mut slots = Slots::default();
    let (mut template, _) = parse("{a} {b.c} {request.verb}", "{", "}");
    template.bind(&mut slots);
    assert!(slots.find("a").is_some() && slots.find("b.c").is_some());
    assert_eq!(slots.len(), 2);
}

#[test]
fn shared_texts_render_without_a_copy() {
    let text = ByteString::from("a value");
    let cx = cx(&[("a", Value::String(text.clone()))]);
    let (template, _) = parse("{a}", "{", "}");
    let rendered = template.render(&cx, Unresolved::Empty).unwrap();
    assert_eq!(rendered.as_ptr(), text.as_ptr());
}

proptest! {
    #[test]
    fn any_text_is_a_template(text in any::<String>(), prefix in "[@{#a]{0,2}", suffix in "[}#a]{0,2}") {
        let (template, _) = parse(&text, &prefix, &suffix);
        template.render(&cx(&[]), Unresolved::Fails).ok();
    }

    #[test]
    fn braces_in_any_order_are_a_template(text in "[{}a:(), é]{0,40}") {
        let (template, _) = parse(&text, "{", "}");
        template.render(&cx(&[]), Unresolved::Empty).ok();
    }

    #[test]
    fn text_without_references_renders_as_itself(text in "[^{]*") {
        let (template, _) = parse(&text, "{", "}");
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
        let cx = cx(&[]);
        prop_assert_eq!(template.render(&cx, Unresolved::Fails).unwrap(), text.as_str());
    }
}
