use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use bytestring::ByteString;
use http::Method;
use http::uri::PathAndQuery;
use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;

use super::functions::FUNCTIONS;
use super::*;
use crate::clock::Clock;
use crate::diag::{FileId, SourceMap};
use crate::message::{Client, Facts, Message, Value};
use crate::variable::Slots;

pub(super) fn cx(variables: &[(&str, Value)]) -> MessageContext {
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

pub(super) fn parse(text: &str, prefix: &str, suffix: &str) -> (Template, Diagnostics) {
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
    for (text, literal) in [
        ("", true),
        ("a {} b", true),
        ("{a}", false),
        ("{toUpperCase(a)}", false),
        ("{foo(x)}", true),
    ] {
        let (template, _) = parse(text, "{", "}");
        assert_eq!(template.as_literal(), literal.then_some(text), "{text}");
    }
    assert_eq!(Template::literal("{a}").as_literal(), Some("{a}"));
}

/// Code, message and the text at its place.
#[track_caller]
fn check_findings(text: &str, expected: &[(&str, &str, &str)]) -> Template {
    let (template, diags) = parse(text, "{", "}");
    let found: Vec<_> = diags
        .iter()
        .map(|found| {
            let span = found.span.unwrap();
            let place = &text[span.start as usize - 10..span.end as usize - 10];
            (found.code, found.message.as_str(), place)
        })
        .collect();
    assert_eq!(found, expected, "{text}");
    template
}

#[test]
fn what_is_no_call_is_reported_where_it_stands() {
    let text = "id {foo(x)} {toUpperCase()} {substring(a)} {md5Hex(a'b)} {a}";
    let template = check_findings(
        text,
        &[
            ("GW121", "`foo` is no message template function; the call stays text", "{foo(x)}"),
            ("GW121", "`toUpperCase` takes one argument; the call stays text", "{toUpperCase()}"),
            ("GW121", "`substring` takes 2 to 3 arguments; the call stays text", "{substring(a)}"),
            ("GW121", "`md5Hex` is not called as documented; the call stays text", "{md5Hex(a'b)}"),
        ],
    );
    let cx = cx(&[("a", Value::from("1"))]);
    let rendered = template.render(&cx, Unresolved::Fails).unwrap();
    assert_eq!(rendered, text.replace("{a}", "1"));
}

#[test]
fn calls_as_documented_have_no_findings() {
    for text in [
        "{toUpperCase(a)}",
        "{toUpperCase('a b')}",
        "{toLowerCase(foo.bar:FOO)}",
        "{substring(a,-8,n)}",
        "{randomLong(1,n)}",
        "{createUuid()}",
        "{xeger('[0-9]{3}')}",
        "{timeFormat('yyyy',n)}",
        "{timeFormat(days,n)}",
        "{hmacSha256(a,b.c,hex,'base16')}",
        "{hmacSha256(a,b.c,keyEncoding)}",
        "{firstnonnull(a,b.c,'')}",
    ] {
        check_findings(text, &[]);
    }
}

#[test]
fn deviations_are_read_as_they_are_meant_and_reported() {
    let spaces = "the arguments of `firstnonnull` have spaces around them";
    for (text, messages, expected) in [
        ("{firstnonnull(a, b.c)}", vec![spaces], "1"),
        ("{firstnonnull( unset , b.c )}", vec![spaces], "two"),
        (
            "{firstnonnull(unset, \"gemini-2.5-flash\")}",
            vec![spaces, "`\"gemini-2.5-flash\"` in `firstnonnull` is in double quotes"],
            "gemini-2.5-flash",
        ),
        (
            "{toUpperCase($.a[?(@.b==1,2)])}",
            vec![
                "`$.a[?(@.b==1,2)]` in `toUpperCase` is neither in quotes nor the name of a \
                 variable; it is taken as text",
            ],
            "$.A[?(@.B==1,2)]",
        ),
        (
            "{timeFormatMs(yyyy-MM-dd,n)}",
            vec![
                "`yyyy-MM-dd` in `timeFormatMs` is neither in quotes nor the name of a variable; \
                 it is taken as text",
            ],
            "1970-01-01",
        ),
        (
            "{replaceAll(a,'[','')}",
            vec!["`[` in `replaceAll` is no pattern: a character class is not closed"],
            "",
        ),
        (
            "{timeFormat('bad',n)}",
            vec!["`bad` in `timeFormat` is no format: `b` is no letter of a format"],
            "",
        ),
        ("{substring(a,'x')}", vec!["`x` in `substring` is no whole number"], ""),
        (
            "{xeger('a(?=b)')}",
            vec![
                "`a(?=b)` in `xeger` is no pattern to generate from: look-around and back references \
             generate nothing",
            ],
            "",
        ),
        (
            "{hmacMd5(a,a,'rot13')}",
            vec!["`rot13` in `hmacMd5` is none of hex, base16, base64, utf-8, utf8"],
            "",
        ),
    ] {
        let findings: Vec<_> = messages.into_iter().map(|said| ("GW124", said, text)).collect();
        check_findings(text, &findings);
        check(text, expected);
    }
}

#[test]
fn calls_stand_among_texts_and_references() {
    check("<{toUpperCase('a}b')}>{a}", "<A}B>1");
    check("{\"v\": \"{escapeJSON(b.c)}\"}", "{\"v\": \"two\"}");
    check("{{toUpperCase(b.c)}}", "{{toUpperCase(b.c)}}");
    check("{toUpperCase(b.c)", "{toUpperCase(b.c)");
    check("{toUpperCase(b.c) }", "{toUpperCase(b.c) }");
    check("{toUpperCase('\n')}", "{toUpperCase('\n')}");
    check("{toUpperCase(toLowerCase(b.c))}", "TOLOWERCASE(B.C)");
    check_with("@toUpperCase(b.c)# {toUpperCase(b.c)}", "@", "#", "TWO {toUpperCase(b.c)}");
    check_with("@xeger('#{2}')#", "@", "#", "##");
    check_with("%%toUpperCase(b.c)%%", "%%", "%%", "TWO");
}

#[test]
fn calls_of_texts_are_texts() {
    for (text, literal) in [
        ("{md5Hex('a')}", Some("0cc175b9c0f1b6a831c399e269772661")),
        ("<{toUpperCase('a')}{toUpperCase('b')}>", Some("<AB>")),
        ("{substring('abc',-1)}", Some("c")),
        ("{toUpperCase('')}", Some("")),
        ("{toUpperCase(a)}", None),
        ("{toUpperCase(a:b)}", None),
        ("{xeger('a')}", None),
        ("{createUuid()}", None),
    ] {
        let (template, _) = parse(text, "{", "}");
        assert_eq!(template.as_literal(), literal, "{text}");
    }
}

#[test]
fn a_call_has_a_longest_form() {
    let text = |bytes: usize| format!("{{toUpperCase('{}')}}", "a".repeat(bytes));
    let longest = 8 * 1024 - "toUpperCase('')".len();
    check(&text(longest), &"A".repeat(longest));
    check(&text(longest + 1), &text(longest + 1));
}

#[test]
fn arguments_without_a_value_can_fail() {
    let cx = cx(&[("a", Value::from("1"))]);
    for (text, expected, name) in [
        ("<{toUpperCase(unset)}>", "<>", Some("unset")),
        ("{toUpperCase(unset:d)}", "D", None),
        ("{substring('abc',unset)}", "", Some("unset")),
        ("{substring('abc',1,unset)}", "", Some("unset")),
        ("{replaceAll(a,unset,'2')}", "212", Some("unset")),
        ("{replaceAll(a,'1',unset)}", "", Some("unset")),
        ("{hmacMd5(unset,a)}", "x5RgNTbYZRqig3KrY2pb0Q==", Some("unset")),
        ("{timeFormat(unset,1)}", "", Some("unset")),
        ("{xeger(unset)}", "", Some("unset")),
        ("{randomLong(unset)}", "", Some("unset")),
        ("{md5Hex(unset)}", "d41d8cd98f00b204e9800998ecf8427e", Some("unset")),
        ("{firstnonnull(unset,a)}", "1", None),
        ("{firstnonnull(unset,unset.too)}", "", None),
    ] {
        let (template, _) = parse(text, "{", "}");
        assert_eq!(template.render(&cx, Unresolved::Empty).unwrap(), expected, "{text}");
        let failed = template.render(&cx, Unresolved::Fails).err().map(|error| error.name);
        assert_eq!(failed.as_deref(), name, "{text}");
    }
}

#[test]
fn findings_in_text_with_entities_point_at_all_of_it() {
    let mut diags = Diagnostics::default();
    let span = Span::new(file(), 10, 40);
    Template::parse("&{nobody(a)}", span, &mut diags);
    assert_eq!(diags.iter().next().unwrap().span, Some(span));
}

#[test]
fn binding_reaches_every_reference() {
    let mut slots = Slots::default();
    let (mut template, _) = parse("{a} {b.c} {request.verb} {substring(c,d:1)}", "{", "}");
    template.bind(&mut slots);
    for name in ["a", "b.c", "c", "d"] {
        assert!(slots.find(name).is_some(), "{name}");
    }
    assert_eq!(slots.len(), 4);
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
    fn any_call_is_a_template(
        function in 0..FUNCTIONS.len(),
        arguments in "([a-c,'\"() :$é\\\\.\\[\\]0-9-]|a,|'x',){0,12}",
        a in any::<String>(),
        b in "[0-9-]{0,20}",
        c in r"([ab()|*+?.$é\[\]{}0-9]|\\.){0,8}",
    ) {
        let name = FUNCTIONS[function].name;
        let (template, _) = parse(&format!("{{{name}({arguments})}}"), "{", "}");
        let cx = cx(&[
            ("a", Value::from(a.as_str())),
            ("b", Value::from(b.as_str())),
            ("c", Value::from(c.as_str())),
        ]);
        template.render(&cx, Unresolved::Empty).unwrap();
        template.render(&cx, Unresolved::Fails).ok();
    }

    #[test]
    fn any_values_are_arguments(
        function in 0..FUNCTIONS.len(),
        names in proptest::collection::vec("[abcn]|unset|'x'|'0'", 0..4),
        a in any::<String>(),
        b in any::<i64>(),
        c in any::<Vec<u8>>(),
    ) {
        let name = FUNCTIONS[function].name;
        let (template, _) = parse(&format!("<{{{name}({})}}>", names.join(",")), "{", "}");
        let cx = cx(&[
            ("a", Value::from(a.as_str())),
            ("b", Value::Long(b)),
            ("c", Value::from_bytes(c.into())),
            ("n", Value::Integer(3)),
        ]);
        template.render(&cx, Unresolved::Empty).unwrap();
    }

    #[test]
    fn text_without_references_renders_as_itself(text in "[^{]*") {
        let (template, _) = parse(&text, "{", "}");
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
        let cx = cx(&[]);
        prop_assert_eq!(template.render(&cx, Unresolved::Fails).unwrap(), text.as_str());
    }
}
