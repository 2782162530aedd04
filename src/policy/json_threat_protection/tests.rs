use expect_test::{Expect, expect};
use http::HeaderValue;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::scan::{Limits, scan};
use crate::message::{Message, MessageKind, Value};
use crate::policy::testing::{Rig, findings, run};

#[track_caller]
fn check(limits: Limits, text: &str, expected: Result<(), &str>) {
    let found = scan(text.as_bytes(), &limits).map_err(|threat| {
        format!("{}{} {}", threat.exceeded.unwrap_or_default(), threat.syntax, threat.line)
    });
    assert_eq!(found.as_ref().copied().map_err(String::as_str), expected, "{text}");
}

#[test]
fn both_sides_of_each_limit() {
    let none = Limits::default();
    let elements = Limits { array_elements: Some(2), ..none };
    check(elements, "[1, 2]", Ok(()));
    check(elements, "{\"a\": [1,\n2,\n3]}", Err("array element count 3"));
    check(elements, "[[1,2],[3,4]]", Ok(()));
    check(Limits { array_elements: Some(0), ..none }, "[]", Ok(()));
    check(Limits { array_elements: Some(0), ..none }, "[1]", Err("array element count 1"));
    let depth = Limits { depth: Some(2), ..none };
    check(depth, "[[], {}]", Ok(()));
    check(depth, "[[\n{}]]", Err("container depth 2"));
    let entries = Limits { object_entries: Some(2), ..none };
    check(entries, r#"{"a":1,"b":{"c":1,"d":2}}"#, Ok(()));
    check(entries, "{\"a\":1,\"b\":2,\n\"c\":3}", Err("object entry count 2"));
    let name = Limits { name_length: Some(2), ..none };
    check(name, r#"{"ab":"abc"}"#, Ok(()));
    check(name, r#"{"abc":1}"#, Err("object entry name length 1"));
    let string = Limits { string_length: Some(2), ..none };
    check(string, r#"{"abc":["ab", "\u00e4\n", "ää", "😀"]}"#, Ok(()));
    check(string, r#"["abc"]"#, Err("string value length 1"));
    check(string, r#""😀a""#, Err("string value length 1"));
}

#[test]
fn what_is_no_json_is_said() {
    for (text, expected) in [
        ("{\n\"Longitude\": 6.11499,\n\"Latitude\"  50.76891\n}", "Expecting : 3"),
        ("[1 2]", "Expecting , 1"),
        (r#"{"a":1 "b":2}"#, "Expecting , 1"),
        ("[1,]", "Expecting value 1"),
        (r#"{"a":1,}"#, "Expecting string 1"),
        ("{a:1}", "Expecting string 1"),
        ("[1]\n]", "Expecting EOF 2"),
        ("", "Expecting value 1"),
        ("nul", "Expecting value 1"),
        (r#"["a"#, "Expecting \" 1"),
        (r#"["\x"]"#, "Invalid escape in string 1"),
        ("[\"\n\"]", "Control character in string 1"),
        ("01", "Expecting EOF 1"),
        ("1.", "Expecting digit 1"),
        ("[", "Expecting value 1"),
        ("{", "Expecting string 1"),
    ] {
        check(Limits::default(), text, Err(expected));
    }
    for text in ["1", " -0.5e+10 ", "\u{feff}{}", r#"["\uD83D\ude00"]"#, "null"] {
        check(Limits::default(), text, Ok(()));
    }
    let deep = "[".repeat(10_001);
    check(Limits::default(), &deep, Err("container depth 1"));
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    check(Limits::default(), &deep, Ok(()));
}

#[test]
fn only_json_messages_are_looked_at() {
    let mut rig = Rig::new();
    let policy = |source: &str| {
        format!(
            r#"<JSONThreatProtection name="JTP"><ContainerDepth>0</ContainerDepth>
               <ArrayElementCount>-1</ArrayElementCount>{source}</JSONThreatProtection>"#
        )
    };
    let step = rig.link(&policy(""));
    assert_eq!(rig.needs_bodies_of, ["request"]);
    for (content_type, content, refused) in [
        ("application/json", "[1]", true),
        ("application/problem+json; charset=utf-8", "[1]", true),
        ("Text/JSON", "[1]", true),
        ("application/json", "", false),
        ("application/json", " ", false),
        ("application/json", "5", false),
        ("application/jsonp", "[1]", false),
        ("json", "[1]", false),
        ("text/plain", "[1]", false),
    ] {
        let mut cx = rig.context();
        cx.request.set_content(content.into());
        cx.request.headers.insert("content-type", HeaderValue::from_static(content_type));
        let result = run(&step, &mut cx);
        assert_eq!(result.is_err(), refused, "{content_type} {content}");
    }
    let step = rig.link(&policy("<Source>mine</Source>"));
    let mine = rig.variable("mine");
    let mut message = Message::empty(MessageKind::Request);
    message.set_content("[1]".into());
    message.headers.insert("content-type", HeaderValue::from_static("application/json"));
    let message = Value::Message(std::rc::Rc::new(std::cell::RefCell::new(message)));
    for (value, expected) in [
        (
            Some(message),
            "ExecutionFailed JSONThreatProtection[JTP]: Execution failed. reason: \
             JSONThreatProtection[JTP]: Exceeded container depth at line 1",
        ),
        (
            Some(Value::from("[1]")),
            "NonMessageVariable JSONThreatProtection[JTP]: Variable mine does not resolve to a \
             Message",
        ),
        (None, "SourceUnavailable JSONThreatProtection[JTP]:: Source mine is not available"),
    ] {
        let mut cx = rig.context();
        if let Some(value) = value {
            cx.set(&mine, value).unwrap();
        }
        let fault = run(&step, &mut cx).unwrap_err();
        assert_eq!(format!("{} {}", fault.name(), fault.text), expected);
    }
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    let policy = format!("<JSONThreatProtection name=\"J\">\n{children}\n</JSONThreatProtection>");
    expected.assert_eq(&findings(&policy));
}

#[test]
fn a_limit_is_a_number() {
    check_findings(
        "<ContainerDepth>deep</ContainerDepth>\n<Depth>1</Depth>",
        expect![[r#"
        p.xml:2:17: error[GW104]: `deep` in ContainerDepth is not an integer
        p.xml:3:2: warning[GW102]: `Depth` is unknown in `JSONThreatProtection` and has no effect
    "#]],
    );
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            proptest::collection::vec((".{0,6}", inner), 0..5)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// The largest numbers of anything in it.
fn measure(json: &Json) -> [u64; 5] {
    let units = |text: &str| text.encode_utf16().count() as u64;
    let mut own = [0; 5];
    let children: Vec<&Json> = match json {
        Json::Array(items) => {
            own = [items.len() as u64, 1, 0, 0, 0];
            items.iter().collect()
        }
        Json::Object(entries) => {
            let names = entries.keys().map(|name| units(name)).max();
            own = [0, 1, entries.len() as u64, names.unwrap_or(0), 0];
            entries.values().collect()
        }
        Json::String(text) => return [0, 0, 0, 0, units(text)],
        _ => return own,
    };
    let depth = children.iter().map(|child| measure(child)[1]).max().unwrap_or(0);
    for child in children {
        let found = measure(child);
        for (largest, found) in own.iter_mut().zip(found) {
            *largest = (*largest).max(found);
        }
    }
    own[1] = depth + 1;
    own
}

proptest! {
    #[test]
    fn any_bytes_are_json_or_not(text in proptest::collection::vec(any::<u8>(), 0..60)) {
        let accepted = scan(&text, &Limits::default()).is_ok();
        prop_assert!(accepted || serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_err());
    }

    #[test]
    fn damaged_json_is_json_or_not(json in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = json.to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let accepted = scan(&text, &Limits::default()).is_ok();
        prop_assert!(accepted || serde_json::from_slice::<Json>(&text).is_err());
    }

    #[test]
    fn limits_are_where_the_document_ends(json in json(), less in 0_usize..5) {
        let text = json.to_string();
        let mut limits = measure(&json);
        let limit = |limits: [u64; 5]| Limits {
            array_elements: Some(limits[0]),
            depth: Some(limits[1]),
            object_entries: Some(limits[2]),
            name_length: Some(limits[3]),
            string_length: Some(limits[4]),
        };
        prop_assert_eq!(scan(text.as_bytes(), &limit(limits)), Ok(()));
        if limits[less] > 0 {
            limits[less] -= 1;
            let found = scan(text.as_bytes(), &limit(limits));
            prop_assert!(found.is_err_and(|threat| threat.exceeded.is_some()));
        }
    }
}
