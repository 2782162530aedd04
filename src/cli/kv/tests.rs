use std::path::Path;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::arguments::FileFormat;
use super::document::{Document, Form, write};
use super::pair::{Beside, Pair};
use super::select::{Time, TimeError};

fn read(format: FileFormat, text: &str) -> Result<Vec<Pair>, String> {
    let document = Document { name: Path::new("file"), form: format };
    document.read(text.as_bytes(), "/").map_err(|error| error.to_string())
}

/// Each pair as `key = value`, with ` json` where the value is JSON.
#[track_caller]
fn check(format: FileFormat, text: &str, expected: &[&str]) {
    let pairs = read(format, text).expect(text);
    let lines: Vec<String> = pairs
        .iter()
        .map(|pair| {
            let kind = if pair.beside == Beside::Json { " json" } else { "" };
            format!("{} = {}{kind}", pair.key, pair.value.as_deref().unwrap_or("null"))
        })
        .collect();
    assert_eq!(lines, expected, "{text}");
}

#[track_caller]
fn refused(format: FileFormat, text: &str, expected: &str) {
    assert_eq!(read(format, text).expect_err(text), expected, "{text}");
}

#[test]
fn scalars_stay_as_they_are_written() {
    check(
        FileFormat::Yaml,
        "a: no\nb: 1.10\nc: ~\nd: 0x10\ne: 'x y'\nf: |\n  one\n  two\n12: true\n",
        &["a = no", "b = 1.10", "c = null", "d = 0x10", "e = x y", "f = one\ntwo\n", "12 = true"],
    );
    check(
        FileFormat::Json,
        r#"{"a": 1.10, "b": true, "c": null, "d": 123456789012345678901234567890, "e": ""}"#,
        &["a = 1.10", "b = true", "c = null", "d = 123456789012345678901234567890", "e = "],
    );
    check(
        FileFormat::Properties,
        "# note\na.b=1\nc: two\\\n   more\na.b = 3\n",
        &["a.b = 3", "c = twomore"],
    );
}

#[test]
fn objects_are_parts_of_names_and_lists_are_json() {
    let expected = ["a/b = 1", "a/c/d = x", "e = [1.50,\"no\",{\"f\":null}] json", "g = {} json"];
    check(
        FileFormat::Json,
        r#"{"a": {"b": 1, "c": {"d": "x"}}, "e": [1.50, "no", {"f": null}], "g": {}}"#,
        &expected,
    );
    check(FileFormat::Yaml, "a: {b: 1, c: {d: x}}\ne:\n- 1.50\n- no\n- f:\ng: {}\n", &expected);
}

#[test]
fn yaml_merges_and_repeats() {
    check(
        FileFormat::Yaml,
        "base: &b {x: 1, y: 2}\none:\n  y: 3\n  <<: *b\ntwo:\n  <<: [*b, {z: 4}]\n",
        &[
            "base/x = 1",
            "base/y = 2",
            "one/y = 3",
            "one/x = 1",
            "two/x = 1",
            "two/y = 2",
            "two/z = 4",
        ],
    );
}

#[test]
fn says_where_a_file_is_wrong() {
    let yaml = FileFormat::Yaml;
    refused(yaml, "a: 1\na: 2\n", "file:2:1: `a` stands here twice");
    refused(yaml, "a: 1\n---\nb: 2\n", "file:2:1: a second document begins; a file has one");
    refused(yaml, "a: !secret x\n", "file:1:4: the tag `!secret` is not known");
    refused(yaml, "? [a]\n: b\n", "file:1:3: a name is a text, neither a list nor an object");
    refused(yaml, "a: &a [*a]\n", "file:1:8: an alias stands inside what it stands for");
    refused(yaml, "a: {<<: 1}\n", "file:1:9: `<<` takes an object, or a list of objects");
    refused(yaml, "- a\n", "file: it is no object of names and values");
    refused(FileFormat::Json, "[]", "file: it is no object of names and values");
    refused(FileFormat::Json, "{\"a\": 1,}", "file:1:9: trailing comma");
    refused(FileFormat::Json, "{\"a\": [1,\n", "file:2:1: EOF while parsing a value");
    refused(
        FileFormat::Properties,
        "a=1\nb=\\u12\n",
        "file:2:1: `\\u` in the property `b` has no four hexadecimal digits",
    );
}

#[test]
fn anchors_stay_within_bounds() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        let list = [before.as_str(); 8].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
    }
    let refusal = read(FileFormat::Yaml, &bomb).expect_err("a bomb");
    assert!(refusal.ends_with("it has more than 1000000 values"), "{refusal}");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1000), ["*a"; 12_000].join(", "));
    let refusal = read(FileFormat::Yaml, &long).expect_err("a bomb");
    assert!(refusal.ends_with("its anchors stand for more than 10485760 bytes"), "{refusal}");
    let nested = |depth: usize| format!("a: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    assert!(read(FileFormat::Yaml, &nested(99)).is_ok());
    let refusal = read(FileFormat::Yaml, &nested(100)).expect_err("too deep");
    assert!(refusal.ends_with("it nests deeper than 100 levels"), "{refusal}");
}

#[test]
fn a_set_has_whole_items() {
    let text = r#"{"items": [{"key": "a", "label": "prod", "value": "1", "content_type": "text/plain",
        "tags": {"t": null}, "etag": "e", "locked": false, "last_modified": "x"},
        {"key": "b"}], "@nextLink": "/kv"}"#;
    let pairs = read(FileFormat::Json, text).expect("a set");
    assert_eq!(pairs.len(), 2);
    assert_eq!(pairs[0].label.as_deref(), Some("prod"));
    let tags = [("t".to_owned(), None)].into();
    let content_type = Some("text/plain".to_owned());
    assert_eq!(pairs[0].beside, Beside::All { content_type, tags, description: None });
    refused(
        FileFormat::Json,
        r#"{"items": [{"key": "a", "lable": "x"}]}"#,
        "file: items[0] has `lable`, which no key-value has; there are key, label, value, \
         content_type, tags, description",
    );
    refused(
        FileFormat::Json,
        r#"{"items": [{"key": "a"}, {"value": "x"}]}"#,
        "file: items[1] has no `key`",
    );
    // A list of that name in a flat file.
    check(FileFormat::Json, r#"{"items": ["a"]}"#, &["items = [\"a\"] json"]);
}

#[test]
fn takes_times_of_the_past() {
    let now = Time::from_epoch_ms(1_800_000_000_000);
    let zone = TimeZone::get("Europe/Rome").expect("a zone");
    let parse = |text| Time::parse(text, now, &zone).map(|at| at.epoch_us() / 1_000_000);
    assert_eq!(parse("2027-01-15T08:00:00Z"), Ok(1_800_000_000));
    assert_eq!(parse("2027-01-15T08:00:00+01:00"), Ok(1_799_996_400));
    assert_eq!(parse("2027-01-15 08:00"), Ok(1_799_996_400));
    assert_eq!(parse("20 minutes ago"), Ok(1_799_998_800));
    assert_eq!(parse("2h ago"), Ok(1_799_992_800));
    let next = "2027-01-15T08:00:01Z";
    assert_eq!(parse(next), Err(TimeError::Future { text: next.to_owned() }));
    for text in ["", "soon", "20 minutes", "-1"] {
        assert_eq!(parse(text), Err(TimeError::NoTime { text: text.to_owned() }), "{text}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[ -~]{0,12}",
        any::<String>(),
        Just("no".to_owned()),
        Just("1.10".to_owned()),
        Just("~".to_owned()),
        Just("- a: b # c".to_owned()),
    ]
}

fn any_pair() -> impl Strategy<Value = Pair> {
    let tags = proptest::collection::btree_map(any_text(), proptest::option::of(any_text()), 0..3);
    let label = proptest::option::of(any_text().prop_filter("a label", |text| !text.is_empty()));
    let texts = (proptest::option::of(any_text()), proptest::option::of(any_text()));
    (any_text(), label, proptest::option::of(any_text()), tags, texts).prop_map(
        |(key, label, value, tags, (content_type, description))| {
            let beside = Beside::All { content_type, tags, description };
            Pair { key, label, value, beside }
        },
    )
}

proptest! {
    #[test]
    fn no_file_panics(text in ".{0,200}") {
        for format in [FileFormat::Json, FileFormat::Yaml, FileFormat::Properties] {
            drop(read(format, &text));
        }
    }

    #[test]
    fn no_yaml_panics(text in "[-a:{}\\[\\]*&<|>?!'\"# \n]{0,60}") {
        drop(read(FileFormat::Yaml, &text));
    }

    #[test]
    fn a_set_comes_back(pairs in proptest::collection::vec(any_pair(), 0..4)) {
        for format in [FileFormat::Json, FileFormat::Yaml] {
            let text = write(&pairs, format, Form::Set);
            prop_assert_eq!(read(format, &text), Ok(pairs.clone()), "{}", text);
        }
    }

    #[test]
    fn a_flat_file_comes_back(found in proptest::collection::btree_map(any_text(), any_text(), 0..4)) {
        let flat = |(key, value): (&String, &String)| Pair {
            key: key.clone(), label: None, value: Some(value.clone()), beside: Beside::Kept,
        };
        let pairs: Vec<Pair> = found.iter().map(flat).collect();
        for format in [FileFormat::Json, FileFormat::Yaml, FileFormat::Properties] {
            let text = write(&pairs, format, Form::Flat);
            prop_assert_eq!(read(format, &text), Ok(pairs.clone()), "{}", text);
        }
    }
}
