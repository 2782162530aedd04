//! The examples of "JSON to XML policy", and what lies between them.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Value, json};

use super::*;
use crate::json;
use crate::policy::json_to_xml::convert::to_xml_within;
use crate::policy::testing::{Rig, findings, run, text};

/// What `Options` make of a text of JSON, without its declaration.
#[track_caller]
fn converted(options: &str, json: &str) -> String {
    let policy = format!(
        "<JSONToXML name=\"J\"><Source>json</Source><OutputVariable>xml</OutputVariable>\
         <Options><OmitXmlDeclaration>true</OmitXmlDeclaration>{options}</Options></JSONToXML>"
    );
    let mut rig = Rig::new();
    let source = rig.variable("json");
    rig.variable("xml");
    let step = rig.link(&policy);
    let mut cx = rig.context();
    cx.set(&source, json.into()).unwrap();
    match run(&step, &mut cx) {
        Ok(_) => text(&cx, "xml").expect("there is a result"),
        Err(fault) => format!("{}: {}", fault.code, fault.text),
    }
}

/// And that it is XML, for a reader of another make too.
#[track_caller]
fn check(options: &str, json: &str, expected: &str) {
    let xml = converted(options, json);
    assert_eq!(xml, expected, "{options} {json}");
    roxmltree::Document::parse(&xml).expect("it is XML");
}

#[test]
fn the_documented_options() {
    for (options, json, expected) in [
        ("<NullValue>I_AM_NULL</NullValue>", r#"{"person":"I_AM_NULL"}"#, "<person></person>"),
        ("", r#"{"person":"I_AM_NULL"}"#, "<person>I_AM_NULL</person>"),
        ("", r#"{"person":null}"#, "<person></person>"),
        ("", r#"{"person":"NULL"}"#, "<person></person>"),
        (
            "<NamespaceBlockName>#namespaces</NamespaceBlockName>\
             <DefaultNamespaceNodeName>$default</DefaultNamespaceNodeName>\
             <NamespaceSeparator>:</NamespaceSeparator>",
            r##"{"population":{"#namespaces":{"$default":"http://www.w3.org/1999/people",
                "exp":"http://www.w3.org/1999/explorers"},
                "person":"John Smith","exp:person":"Pocahontas"}}"##,
            "<population xmlns=\"http://www.w3.org/1999/people\" \
             xmlns:exp=\"http://www.w3.org/1999/explorers\"><person>John Smith</person>\
             <exp:person>Pocahontas</exp:person></population>",
        ),
        (
            "<TextNodeName>age</TextNodeName>",
            r#"{"person":{"firstName":"John","lastName":"Smith","age":25}}"#,
            "<person><firstName>John</firstName><lastName>Smith</lastName>25</person>",
        ),
        (
            "",
            r#"{"person":{"firstName":"John","age":25}}"#,
            "<person><firstName>John</firstName><age>25</age></person>",
        ),
        (
            "<AttributeBlockName>#attrs</AttributeBlockName>",
            r##"{"person":{"#attrs":{"firstName":"John","lastName":"Smith"},"occupation":"explorer"}}"##,
            "<person firstName=\"John\" lastName=\"Smith\"><occupation>explorer</occupation></person>",
        ),
        (
            "<AttributePrefix>#</AttributePrefix>",
            r##"{"person":{"#firstName":"Adam","#lastName":"Philip","location":"California"}}"##,
            "<person firstName=\"Adam\" lastName=\"Philip\"><location>California</location></person>",
        ),
        (
            "<ObjectRootElementName>Root</ObjectRootElementName>",
            r#"{"abc":"123","efg":"234"}"#,
            "<Root><abc>123</abc><efg>234</efg></Root>",
        ),
        (
            "<ArrayRootElementName>Array</ArrayRootElementName>\
             <ArrayItemElementName>Item</ArrayItemElementName>",
            r#"["explorer",{"occupation":"scout"},"sailor"]"#,
            "<Array><Item>explorer</Item><Item><occupation>scout</occupation></Item>\
             <Item>sailor</Item></Array>",
        ),
        (
            "<InvalidCharsReplacement>_</InvalidCharsReplacement>",
            r#"{"First%%%Name":"John"}"#,
            "<First_Name>John</First_Name>",
        ),
    ] {
        check(options, json, expected);
    }
}

#[test]
fn the_declaration_and_the_lines_are_options() {
    let json = r##"{"a":{"b":[1,{"c":null}],"d":{"@k":"v","#text":"t","e":1},"f":{}}}"##;
    let rig = |options: &str| {
        let policy = format!(
            "<JSONToXML name=\"J\"><Source>json</Source><OutputVariable>xml</OutputVariable>\
             {options}</JSONToXML>"
        );
        let mut rig = Rig::new();
        let source = rig.variable("json");
        rig.variable("xml");
        let step = rig.link(&policy);
        let mut cx = rig.context();
        cx.set(&source, json.into()).unwrap();
        run(&step, &mut cx).unwrap();
        text(&cx, "xml").unwrap()
    };
    assert_eq!(
        rig(""),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a><b>1</b><b><c></c></b>\
         <d k=\"v\">t<e>1</e></d><f></f></a>"
    );
    assert_eq!(
        rig("<Options><Indent>true</Indent></Options>"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\n  <b>1</b>\n  <b>\n    <c></c>\n  </b>\
         \n  <d k=\"v\">t<e>1</e></d>\n  <f></f>\n</a>\n"
    );
    let both =
        "<Options><Indent>true</Indent><OmitXmlDeclaration>true</OmitXmlDeclaration></Options>";
    assert!(rig(both).starts_with("<a>\n  <b>1</b>\n"));
}

#[test]
fn one_member_is_the_root_unless_it_is_none() {
    for (json, expected) in [
        (r#"{"a":1}"#, "<a>1</a>"),
        (r#"{"a":[1,2]}"#, "<Root><a>1</a><a>2</a></Root>"),
        (r#"{"a":[1]}"#, "<Root><a>1</a></Root>"),
        (r#"{"@a":1}"#, r#"<Root a="1"></Root>"#),
        (r##"{"#text":"x"}"##, "<Root>x</Root>"),
        (r##"{"#attrs":{"a":1}}"##, r#"<Root a="1"></Root>"#),
        ("{}", "<Root></Root>"),
        ("[]", "<Array></Array>"),
        ("[[1,2],[]]", "<Array><Item><Item>1</Item><Item>2</Item></Item><Item></Item></Array>"),
        (r#"{"a":{"b":[[1],[]]}}"#, "<a><b><Item>1</Item></b><b></b></a>"),
        (r#"{"a":{"b":[]}}"#, "<a></a>"),
    ] {
        check("", json, expected);
    }
}

#[test]
fn values_stand_as_they_are_written() {
    check(
        "",
        r#"{"a":{"n":1.50,"big":123456789012345678901,"e":1E2,"t":true,"f":false}}"#,
        "<a><n>1.50</n><big>123456789012345678901</big><e>1E2</e><t>true</t><f>false</f></a>",
    );
    check("", r#"{"a":"<&>\"'\r\n"}"#, "<a>&lt;&amp;&gt;\"'&#13;\n</a>");
    check("", r#"{"a":{"@k":"<&>\"\t\n"}}"#, "<a k=\"&lt;&amp;&gt;&quot;&#9;&#10;\"></a>");
    check("", r#"{"a":"x\u0000\u0001y\uffff"}"#, "<a>x__y_</a>");
    check(
        "<InvalidCharsReplacement>-</InvalidCharsReplacement>",
        r#"{"a b":"\u0000"}"#,
        "<a-b>-</a-b>",
    );
}

#[test]
fn names_become_names_of_xml() {
    for (name, expected) in [
        ("a", "a"),
        ("é.-_1", "é.-_1"),
        ("1a", "_1a"),
        ("-a", "_-a"),
        ("a b/c", "a_b_c"),
        ("a:b", "a_b"),
        ("", "_"),
        ("%", "_"),
        ("$ref", "_ref"),
        ("xmlns", "xmlns"),
    ] {
        let json = json!({ name: 1 }).to_string();
        check("", &json, &format!("<{expected}>1</{expected}>"));
    }
}

#[test]
fn namespaces_are_declared_once_and_well() {
    for (json, expected) in [
        // As an attribute would be.
        (r#"{"a":{"@xmlns":"urn:d","b":1}}"#, r#"<a xmlns="urn:d"><b>1</b></a>"#),
        (r#"{"p:a":{"@xmlns:p":"urn:p"}}"#, r#"<p:a xmlns:p="urn:p"></p:a>"#),
        (
            r#"{"a":{"@xmlns":{"$":"urn:d","p":"urn:p"}}}"#,
            r#"<a xmlns="urn:d" xmlns:p="urn:p"></a>"#,
        ),
        (r##"{"a":{"#attrs":{"xmlns:p":"urn:p","p:k":1}}}"##, r#"<a xmlns:p="urn:p" p:k="1"></a>"#),
        // Not declared, or out of scope.
        (r#"{"p:a":1}"#, "<p_a>1</p_a>"),
        (
            r##"{"a":{"b":{"#namespaces":{"p":"urn:p"},"p:c":1},"p:c":2}}"##,
            r#"<a><b xmlns:p="urn:p"><p:c>1</p:c></b><p_c>2</p_c></a>"#,
        ),
        // Kept for XML itself, or for nothing.
        (
            r##"{"a":{"#namespaces":{"xml":"urn:x","xmlns":"","q":""},"q:b":1}}"##,
            r#"<a xmlns=""><q_b>1</q_b></a>"#,
        ),
        (r#"{"a":{"@xml:lang":"en"}}"#, r#"<a xml:lang="en"></a>"#),
        // Two prefixes of one namespace, two JSON names of one XML name.
        (
            r##"{"a":{"#namespaces":{"p":"urn:1","q":"urn:1"},"@p:k":1,"@q:k":2,"@k":3,"@k%":4,"@k_":5}}"##,
            r#"<a xmlns:p="urn:1" xmlns:q="urn:1" p:k="1" k="3" k_="4"></a>"#,
        ),
        (
            r##"{"a":{"#namespaces":{"p%":"urn:1","p_":"urn:2"},"p%:b":1,"p_:b":2}}"##,
            r#"<a xmlns:p_="urn:1"><p_:b>1</p_:b><p__b>2</p__b></a>"#,
        ),
        // What can be no attribute is an element.
        (r#"{"a":{"@k":{"b":1},"@l":[1,2]}}"#, "<a><k><b>1</b></k><l>1</l><l>2</l></a>"),
        (
            r##"{"a":{"#attrs":{"k":{"b":1}},"#text":{"c":1}}}"##,
            "<a><k><b>1</b></k><_text><c>1</c></_text></a>",
        ),
    ] {
        check("", json, expected);
    }
    let options = "<NamespaceSeparator>***</NamespaceSeparator>";
    check(
        options,
        r##"{"a":{"#namespaces":{"p":"urn:p"},"p***b":1,"p:c":2}}"##,
        r#"<a xmlns:p="urn:p"><p:b>1</p:b><p_c>2</p_c></a>"#,
    );
}

#[test]
fn what_is_no_json_says_why() {
    for (json, reason) in [
        ("", "Expecting { or [ at line 1"),
        ("\n\n 12", "Expecting { or [ at line 3"),
        ("\"x\"", "Expecting { or [ at line 1"),
    ] {
        let expected = format!(
            "steps.json2xml.ExecutionFailed: JSONToXML[J]: Execution failed due to reason: {reason}"
        );
        assert_eq!(converted("", json), expected, "{json}");
    }
    let fault = converted("", "{\n\"a\" 1}");
    assert!(
        fault.starts_with("steps.json2xml.ExecutionFailed: JSONToXML[J]: Execution"),
        "{fault}"
    );
    assert!(fault.ends_with(" at line 2"), "{fault}");
    let deep = format!("{}{}", "[".repeat(101), "]".repeat(101));
    assert!(converted("", &deep).ends_with("the JSON nests deeper than 100 levels"));
    assert!(converted("", &deep[1..201]).starts_with("<Array>"));
}

#[test]
fn the_size_of_the_xml_is_bounded() {
    let value = json::Value::from(json!({"a": "x", "b": [{}, {}]}));
    let options = Options::default();
    let xml = to_xml(&value, &options).unwrap();
    assert!(to_xml_within(&value, &options, xml.len()).is_ok());
    assert!(to_xml_within(&value, &options, xml.len() - 1).is_err());
    // A long name stands at each item.
    let value = json::Value::from(json!({"a".repeat(1 << 20): vec![0; 64]}));
    assert!(to_xml(&value, &options).is_err());
}

#[test]
fn doubtful_options_are_told() {
    for (inner, expected) in [
        ("", ""),
        ("<Options/>", ""),
        (
            "<Options><InvalidCharsReplacement>%</InvalidCharsReplacement></Options>",
            "p.xml:1:55: warning[GW371]: `%` cannot stand in a name of XML\n",
        ),
        (
            "<Options><ObjectRootElementName>a b</ObjectRootElementName></Options>",
            "p.xml:1:53: warning[GW371]: `a b` is no name of an element\n",
        ),
    ] {
        let policy = format!("<JSONToXML name=\"J\">{inner}</JSONToXML>");
        assert_eq!(findings(&policy), expected, "{inner}");
    }
    check("<ObjectRootElementName>a b</ObjectRootElementName>", "{}", "<a_b></a_b>");
}

/// Whatever it is: names with everything in them, values of every kind.
fn any_json() -> impl Strategy<Value = Value> {
    let name = "[a-c:@#$% \u{1}é]{0,4}|#text|#attrs|#namespaces|@xmlns(:[a-c%])?|[ab]:[ab]";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c<>&\"'\r\n\u{0}\u{fffe}]{0,4}|NULL|urn:[ab]".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What comes back: objects of texts, objects and arrays of at least two items.
fn steady_json() -> impl Strategy<Value = Value> {
    let text = "[a-c<>&\"'é][a-c<>&\"' é]{0,6}".prop_map(Value::from);
    let item = text.clone().prop_recursive(3, 24, 4, |inner| {
        prop::collection::btree_map("[a-d][a-d0-9._-]{0,3}", inner, 1..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    });
    let array = prop::collection::vec(item.clone(), 2..4).prop_map(Value::from);
    let member = prop_oneof![item, array];
    prop::collection::btree_map("[a-d][a-d0-9._-]{0,3}|@[a-d]{1,3}", member, 2..5).prop_map(
        |members| {
            let fits =
                |(name, value): &(String, Value)| !name.starts_with('@') || value.is_string();
            Value::Object(members.into_iter().filter(fits).collect())
        },
    )
}

proptest! {
    #[test]
    fn any_text_ends_in_xml_or_a_fault(json in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = read_literal(&json) {
            to_xml(&value, &Options::default()).expect("it is short");
        }
    }

    #[test]
    fn what_is_made_is_well_formed(value in any_json(), indent in any::<bool>()) {
        let options = Options { indent, ..Options::default() };
        let xml = to_xml(&value.clone().into(), &options).unwrap();
        roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}: {value} {xml}"));
        crate::xmltree::XmlTree::parse(xml.as_bytes()).unwrap();
    }

    #[test]
    fn json_comes_back_from_xml(value in steady_json()) {
        let wrapped = json!({"top": value});
        let xml = to_xml(&wrapped.clone().into(), &Options::default()).unwrap();
        let back = crate::policy::xml_to_json::converted_for_tests(xml.as_bytes());
        let expected = if value.as_object().is_some_and(|members| members.is_empty()) {
            json!({"top": {}})
        } else {
            wrapped
        };
        assert_eq!(back, expected, "{xml}");
    }
}
