use expect_test::{Expect, expect};
use http::HeaderValue;
use proptest::prelude::*;

use super::scan::{ChildCount, Limits, Threat, scan};
use crate::message::Value;
use crate::policy::testing::{Rig, findings, run};

#[track_caller]
fn check(limits: Limits, text: &str, expected: &str) {
    let found = match scan(text.as_bytes(), &limits) {
        Ok(()) => String::from("fine"),
        Err(Threat::Exceeded { what, limit, place }) => {
            format!("{what} {limit} {}:{}", place.line, place.char)
        }
        Err(Threat::Prologue) => String::from("prologue"),
        Err(Threat::Syntax { place }) => format!("syntax {}:{}", place.line, place.char),
        Err(Threat::Premature { line }) => format!("premature {line}"),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn both_sides_of_each_name_limit() {
    let none = Limits::default();
    let element = Limits { element_name: Some(5), ..none };
    check(element, "<names:names xmlns:names='n'><names/></names:names>", "fine");
    check(element, "<company>\n</company>", "Element name length 5 1:9");
    let attribute = Limits { attribute_name: Some(2), ..none };
    check(attribute, "<a abc:de='' xmlns:longer=''/>", "fine");
    check(attribute, "<a\nabc=''/>", "Attribute name length 2 2:11");
    let prefix = Limits { prefix: Some(2), ..none };
    check(prefix, "<ab:c xmlns:ab='' ab:d=''/>", "fine");
    for text in ["<abc:d/>", "<a xmlns:abc=''/>", "<a abc:d=''/>"] {
        check(prefix, text, &format!("Namespace prefix length 2 1:{}", text.len()));
    }
    let target = Limits { instruction_target: Some(3), ..none };
    check(target, "<?abc long enough?><a/>", "fine");
    check(
        target,
        "<?xml version='1.0'?>\n<?abcd?><a/>",
        "Processing Instruction target length 3 2:30",
    );
}

#[test]
fn both_sides_of_each_structure_limit() {
    let none = Limits::default();
    let depth = Limits { depth: Some(2), ..none };
    check(depth, "<a><b></b><b/></a>", "fine");
    check(depth, "<a><b><c></c></b></a>", "Node depth 2 1:9");
    check(depth, "<a><b>\n<c/></b></a>", "Node depth 2 2:11");
    let attributes = Limits { attributes: Some(1), ..none };
    check(attributes, "<a b='' xmlns='' xmlns:c=''/>", "fine");
    check(attributes, "<a b='' c=''/>", "Attribute count 1 1:14");
    let namespaces = Limits { namespaces: Some(1), ..none };
    check(namespaces, "<a b='' c='' xmlns:d=''/>", "fine");
    check(namespaces, "<a xmlns='' xmlns:d=''/>", "Namespace count 1 1:24");
    let all = ChildCount {
        max: Some(2),
        comments: true,
        elements: true,
        instructions: true,
        texts: true,
    };
    let children = Limits { children: all, ..none };
    check(children, "<a> <b/> text&amp;<![CDATA[ more]]> </a>", "fine");
    check(children, "<a>\n<b/>\n<b/>\n<b/></a>", "Children count 2 4:18");
    check(children, "<a><!-- --><?b?>text</a>", "Children count 2 1:20");
    check(children, "<a><!-- --><?b?><!-- --></a>", "Children count 2 1:24");
    let some = ChildCount { comments: false, instructions: false, texts: false, ..all };
    check(Limits { children: some, ..none }, "<a><!-- --><?b?>text<b/><b/></a>", "fine");
    check(
        Limits { children: ChildCount { elements: false, ..all }, ..none },
        "<a><b/><b/><b/></a>",
        "fine",
    );
}

#[test]
fn both_sides_of_each_value_limit() {
    let none = Limits::default();
    let text = Limits { text: Some(4), ..none };
    check(text, "<a>äöü&amp;<b>     </b>abcd</a>", "fine");
    check(text, "<a>abc<![CDATA[de]]></a>", "Text length 4 1:20");
    check(text, "<a>abcd&#65;</a>", "Text length 4 1:12");
    let attribute = Limits { attribute_value: Some(3), ..none };
    check(attribute, "<a b='&lt;&#x41;ä' xmlns='long'/>", "fine");
    check(attribute, "<a b='abcd'/>", "Attribute value length 3 1:13");
    let uri = Limits { namespace_uri: Some(3), ..none };
    check(uri, "<a xmlns='abc' b='long'/>", "fine");
    check(uri, "<a xmlns:b='abcd'/>", "Namespace uri length 3 1:19");
    let comment = Limits { comment: Some(3), ..none };
    check(comment, "<!--abc--><a/>", "fine");
    check(comment, "<a><!--abcd--></a>", "Comment length 3 1:14");
    let data = Limits { instruction_data: Some(3), ..none };
    check(data, "<?long abc?><a/>", "fine");
    check(data, "<?a abcd?><a/>", "Processing Instruction data length 3 1:10");
}

#[test]
fn what_is_no_xml_is_said() {
    let none = Limits::default();
    for (text, expected) in [
        ("", "prologue"),
        ("text", "prologue"),
        ("{}", "prologue"),
        ("<a>\n<b>\n</b>\n", "premature 4"),
        ("<a></b>", "syntax 1:7"),
        ("<a/>\n<b/>", "syntax 2:9"),
        ("<a/>text", "syntax 1:8"),
        ("<a b=1/>", "syntax 1:8"),
        ("<a b='' b=''/>", "syntax 1:14"),
        ("<a b='&unknown;'/>", "syntax 1:18"),
        ("<a>&unknown;</a>", "syntax 1:12"),
        ("<a>&#0;</a>", "syntax 1:7"),
        ("<a b='<'/>", "syntax 1:10"),
        ("<1/>", "prologue"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "prologue"),
        ("<!DOCTYPE a SYSTEM 'a.dtd'><a/>", "fine"),
        ("<a/><!-- --><?b?>\n", "fine"),
        ("\u{feff}<?xml version='1.0'?><a/>", "fine"),
    ] {
        check(none, text, expected);
    }
    let deep = "<a>".repeat(10_001);
    check(none, &deep, "Node depth 10000 1:30003");
    assert_eq!(scan(b"<a>\xff</a>", &none), Err(Threat::Prologue));
}

#[test]
fn only_xml_messages_are_looked_at() {
    let mut rig = Rig::new();
    let policy = |source: &str| {
        format!(
            r#"<XMLThreatProtection name="XTP"><StructureLimits><NodeDepth>0</NodeDepth>
               <AttributeCountPerElement>-1</AttributeCountPerElement></StructureLimits>{source}
               </XMLThreatProtection>"#
        )
    };
    let step = rig.link(&policy(""));
    assert_eq!(rig.needs_bodies_of, ["request"]);
    for (content_type, content, refused) in [
        ("text/xml; charset=utf-8", "<a/>", true),
        ("application/soap+xml", "<a b=''/>", true),
        ("application/xml", "", false),
        ("application/json", "<a/>", false),
    ] {
        let mut cx = rig.context();
        cx.request.set_content(content.into());
        cx.request.headers.insert("content-type", HeaderValue::from_static(content_type));
        assert_eq!(run(&step, &mut cx).is_err(), refused, "{content_type} {content}");
    }
    let step = rig.link(&policy("<Source>mine</Source>"));
    let mine = rig.variable("mine");
    for (value, expected) in [
        (Some("<a/>"), "NonMessageVariable Variable mine does not resolve to a Message"),
        (
            None,
            "SourceUnavailable XMLThreatProtection stepDefinition XTP: Source mine is not \
             available",
        ),
    ] {
        let mut cx = rig.context();
        if let Some(value) = value {
            cx.set(&mine, Value::from(value)).unwrap();
        }
        let fault = run(&step, &mut cx).unwrap_err();
        assert_eq!(format!("{} {}", fault.name(), fault.text), expected);
    }
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    let policy = format!("<XMLThreatProtection name=\"X\">\n{children}\n</XMLThreatProtection>");
    expected.assert_eq(&findings(&policy));
}

#[test]
fn a_limit_is_a_number() {
    check_findings(
        "<NameLimits><Element>long</Element><Name>1</Name></NameLimits>\n\
         <StructureLimits><ChildCount includeText='maybe'>many</ChildCount></StructureLimits>",
        expect![[r#"
            p.xml:2:22: error[GW104]: `long` in Element is not an integer
            p.xml:2:37: warning[GW102]: `Name` is unknown in `NameLimits` and has no effect
            p.xml:3:43: warning[GW104]: `maybe` in attribute `includeText` is neither true nor false
            p.xml:3:50: error[GW104]: `many` in ChildCount is not an integer
        "#]],
    );
}

fn xml() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z ]{0,8}".prop_map(String::from),
        Just("&amp;&#228;".to_owned()),
        "<!--[a-z]{0,5}-->",
        "<\\?[a-z]{1,3}t [a-z]{0,5}\\?>",
        "<!\\[CDATA\\[[a-z<]{0,5}\\]\\]>",
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        ("[a-z]{1,6}", proptest::option::of("[a-z]{0,6}"), proptest::collection::vec(inner, 0..4))
            .prop_map(|(name, value, children)| {
                let value = value.map(|value| format!(" b='{value}'")).unwrap_or_default();
                format!("<{name}{value}>{}</{name}>", children.concat())
            })
    })
    .prop_map(|inner| format!("<root>{inner}</root>"))
}

proptest! {
    #[test]
    fn any_bytes_are_xml_or_not(text in proptest::collection::vec(any::<u8>(), 0..60)) {
        scan(&text, &Limits::default()).ok();
    }

    #[test]
    fn what_another_reader_takes_is_xml(text in xml()) {
        prop_assert!(roxmltree::Document::parse(&text).is_ok());
        prop_assert_eq!(scan(text.as_bytes(), &Limits::default()), Ok(()));
    }

    #[test]
    fn depth_is_that_of_another_reader(text in xml()) {
        let document = roxmltree::Document::parse(&text).unwrap();
        let elements = document.descendants().filter(roxmltree::Node::is_element);
        let depth = elements.map(|node| node.ancestors().filter(roxmltree::Node::is_element).count());
        let depth = depth.max().unwrap_or(0) as u64;
        let at = |depth| scan(text.as_bytes(), &Limits { depth: Some(depth), ..Limits::default() });
        prop_assert_eq!(at(depth), Ok(()));
        prop_assert!(at(depth - 1).is_err());
    }
}
