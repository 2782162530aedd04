//! The examples of "XML to JSON policy", and what lies between them.

use proptest::prelude::{any, prop, proptest};

use super::*;
use crate::policy::testing::{Rig, findings, run, text};
use crate::policy::xml_to_json::convert::{OUTPUT_BYTES_MAX, to_json_within};

/// The text that `Options` make of a text of XML.
#[track_caller]
fn converted(settings: &str, xml: &str) -> String {
    let policy = format!(
        "<XMLToJSON name=\"X\"><Source>xml</Source><OutputVariable>json</OutputVariable>\
         {settings}</XMLToJSON>"
    );
    let mut rig = Rig::new();
    let source = rig.variable("xml");
    rig.variable("json");
    let step = rig.link(&policy);
    let mut cx = rig.context();
    cx.set(&source, xml.into()).unwrap();
    match run(&step, &mut cx) {
        Ok(_) => text(&cx, "json").expect("there is a result"),
        Err(fault) => format!("{}: {}", fault.code, fault.text),
    }
}

/// And that it is JSON.
#[track_caller]
fn check(settings: &str, xml: &str, expected: &str) {
    let json = converted(settings, xml);
    assert_eq!(json, expected, "{settings} {xml}");
    serde_json::from_str::<serde_json::Value>(&json).expect("it is JSON");
}

fn options(inner: &str) -> String {
    format!("<Options>{inner}</Options>")
}

#[test]
fn the_documented_options() {
    for (inner, xml, expected) in [
        (
            "<RecognizeNumber>true</RecognizeNumber>",
            "<a><b>100</b><c>value</c></a>",
            r#"{"a":{"b":100,"c":"value"}}"#,
        ),
        (
            "<RecognizeNumber>false</RecognizeNumber>",
            "<a><b>100</b><c>value</c></a>",
            r#"{"a":{"b":"100","c":"value"}}"#,
        ),
        (
            "<RecognizeBoolean>true</RecognizeBoolean>",
            "<a><b>true</b><c>value</c></a>",
            r#"{"a":{"b":true,"c":"value"}}"#,
        ),
        ("", "<a><b>true</b><c>value</c></a>", r#"{"a":{"b":"true","c":"value"}}"#),
        (
            "<RecognizeNull>true</RecognizeNull>",
            "<a><b></b><c>value</c></a>",
            r#"{"a":{"b":null,"c":"value"}}"#,
        ),
        ("", "<a><b></b><c>value</c></a>", r#"{"a":{"b":{},"c":"value"}}"#),
        (
            "<NamespaceBlockName>#namespaces</NamespaceBlockName>\
             <DefaultNamespaceNodeName>&amp;</DefaultNamespaceNodeName>\
             <NamespaceSeparator>***</NamespaceSeparator>",
            r#"<a xmlns="http://ns.com" xmlns:ns1="http://ns1.com"><ns1:b>value</ns1:b></a>"#,
            r##"{"a":{"#namespaces":{"&":"http://ns.com","ns1":"http://ns1.com"},"ns1***b":"value"}}"##,
        ),
        (
            "",
            r#"<a xmlns="http://ns.com" xmlns:ns1="http://ns1.com"><ns1:b>value</ns1:b></a>"#,
            r#"{"a":{"b":"value"}}"#,
        ),
        (
            "<TextAlwaysAsProperty>true</TextAlwaysAsProperty><TextNodeName>TEXT</TextNodeName>",
            "<a><b>value1</b><c>value2<d>value3</d>value4</c></a>",
            r#"{"a":{"b":{"TEXT":"value1"},"c":{"TEXT":["value2","value4"],"d":{"TEXT":"value3"}}}}"#,
        ),
        (
            "<TextAlwaysAsProperty>false</TextAlwaysAsProperty><TextNodeName>TEXT</TextNodeName>",
            "<a><b>value1</b><c>value2<d>value3</d>value4</c></a>",
            r#"{"a":{"b":"value1","c":{"TEXT":["value2","value4"],"d":"value3"}}}"#,
        ),
        (
            "<AttributeBlockName>FOO_BLOCK</AttributeBlockName>\
             <AttributePrefix>BAR_</AttributePrefix>",
            r#"<a attrib1="value1" attrib2="value2"/>"#,
            r#"{"a":{"FOO_BLOCK":{"BAR_attrib1":"value1","BAR_attrib2":"value2"}}}"#,
        ),
        (
            "<AttributeBlockName>FOO_BLOCK</AttributeBlockName>",
            r#"<a attrib1="value1" attrib2="value2"/>"#,
            r#"{"a":{"FOO_BLOCK":{"attrib1":"value1","attrib2":"value2"}}}"#,
        ),
        (
            "<AttributePrefix>BAR_</AttributePrefix>",
            r#"<a attrib1="value1" attrib2="value2"/>"#,
            r#"{"a":{"BAR_attrib1":"value1","BAR_attrib2":"value2"}}"#,
        ),
        (
            "",
            r#"<a attrib1="value1" attrib2="value2"/>"#,
            r#"{"a":{"attrib1":"value1","attrib2":"value2"}}"#,
        ),
    ] {
        check(&options(inner), xml, expected);
    }
}

#[test]
fn text_stands_around_the_json() {
    let prefix = "<OutputPrefix>PREFIX_</OutputPrefix>";
    let suffix = "<OutputSuffix>_SUFFIX</OutputSuffix>";
    for (inner, expected) in [
        (format!("{prefix}{suffix}"), r#"PREFIX_{"a":"value"}_SUFFIX"#),
        (prefix.to_owned(), r#"PREFIX_{"a":"value"}"#),
        (suffix.to_owned(), r#"{"a":"value"}_SUFFIX"#),
        (String::new(), r#"{"a":"value"}"#),
    ] {
        assert_eq!(converted(&options(&inner), "<a>value</a>"), expected, "{inner}");
    }
}

const WEATHER: &str = r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Body>
    <ns2:WeatherResponse xmlns:ns2="http://example.com/weather">
      <Result>
        <State>CA</State>
        <City>Sunnyvale</City>
        <Temperature>70</Temperature>
      </Result>
    </ns2:WeatherResponse>
  </soap:Body>
</soap:Envelope>"#;

#[test]
fn levels_are_stripped_up_to_the_first_with_several_children() {
    let inside = r#"{"State":"CA","City":"Sunnyvale","Temperature":"70"}"#;
    let whole = format!(r#"{{"Envelope":{{"Body":{{"WeatherResponse":{{"Result":{inside}}}}}}}}}"#);
    let strip = |levels| options(&format!("<StripLevels>{levels}</StripLevels>"));
    check(&strip(0), WEATHER, &whole);
    check(&strip(3), WEATHER, &format!(r#"{{"Result":{inside}}}"#));
    for levels in [4, 5, 1000] {
        check(&strip(levels), WEATHER, inside);
    }
    // A text is no level, and text beside an element keeps it.
    check(&strip(9), "<a><b>x</b></a>", r#"{"b":"x"}"#);
    check(&strip(9), "<a>t<b><c>x</c></b></a>", r##"{"#text":"t","b":{"c":"x"}}"##);
    check(&strip(1), "<a/>", r#"{"a":{}}"#);
    check(&strip(-1), "<a><b>x</b></a>", r#"{"a":{"b":"x"}}"#);
}

const TEACHERS: &str = "<teachers>
  <teacher><name>teacherA</name><studentnames><name>student1</name></studentnames></teacher>
</teachers>";

#[test]
fn paths_are_arrays_even_where_they_stand_once() {
    for (paths, expected) in [
        ("", r#"{"teachers":{"teacher":{"name":"teacherA","studentnames":{"name":"student1"}}}}"#),
        (
            "<Path>teachers/teacher/studentnames/name</Path>",
            r#"{"teachers":{"teacher":{"name":"teacherA","studentnames":{"name":["student1"]}}}}"#,
        ),
        (
            "<Path>/teachers/teacher</Path>",
            r#"{"teachers":{"teacher":[{"name":"teacherA","studentnames":{"name":"student1"}}]}}"#,
        ),
        (
            "<Path unwrap=\"true\">teachers/teacher/studentnames/name</Path>",
            r#"{"teachers":{"teacher":{"name":"teacherA","studentnames":["student1"]}}}"#,
        ),
        (
            "<Path unwrap=\"true\">teachers/teacher</Path>\
             <Path unwrap=\"true\">teachers/teacher/studentnames/name</Path>",
            r#"{"teachers":[{"name":"teacherA","studentnames":["student1"]}]}"#,
        ),
        // Nothing is lost where the element around it holds something else.
        (
            "<Path unwrap=\"true\">teachers/teacher/name</Path>",
            r#"{"teachers":{"teacher":{"name":["teacherA"],"studentnames":{"name":"student1"}}}}"#,
        ),
        // The root alone cannot be unwrapped.
        (
            "<Path>teachers</Path>",
            r#"{"teachers":[{"teacher":{"name":"teacherA","studentnames":{"name":"student1"}}}]}"#,
        ),
    ] {
        let inner = format!("<TreatAsArray>{paths}</TreatAsArray>");
        check(&options(&inner), TEACHERS, expected);
    }
    // By the name as written too, and behind levels that are stripped.
    let inner = "<StripLevels>3</StripLevels><TreatAsArray>\
                 <Path>soap:Envelope/Body/ns2:WeatherResponse/Result/City</Path></TreatAsArray>";
    let expected = r#"{"Result":{"State":"CA","City":["Sunnyvale"],"Temperature":"70"}}"#;
    check(&options(inner), WEATHER, expected);
}

#[test]
fn each_format_is_a_set_of_options() {
    let xml = r#"<r xmlns="urn:d" xmlns:p="urn:p"><p:n k="7">5</p:n><e/><t>text</t></r>"#;
    for (format, expected) in [
        ("xml.com", r##"{"r":{"n":{"@k":"7","#text":"5"},"e":null,"t":"text"}}"##),
        ("yahoo", r#"{"r":{"n":{"k":7,"content":5},"e":{},"t":"text"}}"#),
        ("google", r#"{"r":{"p$n":{"k":"7","$t":"5"},"e":{},"t":{"$t":"text"}}}"#),
        (
            "badgerFish",
            r#"{"r":{"@xmlns":{"$":"urn:d","p":"urn:p"},"p:n":{"@k":"7","$":"5"},"e":{},"t":{"$":"text"}}}"#,
        ),
    ] {
        check(&format!("<Format>{format}</Format>"), xml, expected);
    }
}

#[test]
fn elements_of_one_name_are_an_array_at_the_first_place() {
    for (xml, expected) in [
        ("<a><b>1</b><c/><b>2</b></a>", r#"{"a":{"b":["1","2"],"c":{}}}"#),
        ("<a><b/><b><c>1</c></b></a>", r#"{"a":{"b":[{},{"c":"1"}]}}"#),
        // Attributes and texts of that name join them.
        (r#"<a b="0"><b>1</b></a>"#, r#"{"a":{"b":["0","1"]}}"#),
        (r#"<a k="v">x</a>"#, r##"{"a":{"k":"v","#text":"x"}}"##),
        // Of two namespaces that leave no trace.
        (r#"<a xmlns:p="urn:p"><p:b>1</p:b><b>2</b></a>"#, r#"{"a":{"b":["1","2"]}}"#),
    ] {
        check(&options(""), xml, expected);
    }
}

#[test]
fn text_keeps_its_characters() {
    for (xml, expected) in [
        ("<a> x  y </a>", r#"{"a":" x  y "}"#),
        ("<a>\n  \n</a>", r#"{"a":{}}"#),
        ("<a><![CDATA[<b>&]]></a>", r#"{"a":"<b>&"}"#),
        ("<a>&lt;\"\\&#9;&#10;</a>", r#"{"a":"<\"\\\t\n"}"#),
        ("<a>one<!-- and -->two<?p i?></a>", r#"{"a":"onetwo"}"#),
        ("<a>\u{1F600}é</a>", "{\"a\":\"\u{1F600}é\"}"),
        ("<?xml version=\"1.0\"?><!-- c --><a>x</a>", r#"{"a":"x"}"#),
        ("\u{FEFF}<a>x</a>", r#"{"a":"x"}"#),
    ] {
        check(&options(""), xml, expected);
    }
}

#[test]
fn only_what_json_would_read_as_a_number_is_one() {
    for (value, expected) in [
        ("0", "0"),
        ("-1.50", "-1.50"),
        (" 7 ", "7"),
        ("1e3", "1e3"),
        ("1E+3", "1E+3"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("007", "\"007\""),
        ("-", "\"-\""),
        ("+1", "\"+1\""),
        ("1.", "\"1.\""),
        (".5", "\".5\""),
        ("1e", "\"1e\""),
        ("0x1", "\"0x1\""),
        ("NaN", "\"NaN\""),
        ("1 2", "\"1 2\""),
        ("١", "\"١\""),
    ] {
        let xml = format!("<a>{value}</a>");
        let inner = "<RecognizeNumber>true</RecognizeNumber>";
        check(&options(inner), &xml, &format!("{{\"a\":{expected}}}"));
    }
}

#[test]
fn null_has_a_value() {
    let null = |value| {
        options(&format!("<RecognizeNull>true</RecognizeNull><NullValue>{value}</NullValue>"))
    };
    check(&null("NULL"), "<a><b/></a>", r#"{"a":{"b":null}}"#);
    check(&null("nothing"), "<a><b/></a>", r#"{"a":{"b":"nothing"}}"#);
    check(&null("NULL"), r#"<a><b k="1"/></a>"#, r#"{"a":{"b":{"k":"1"}}}"#);
    let always = options(
        "<RecognizeNull>true</RecognizeNull><TextAlwaysAsProperty>true</TextAlwaysAsProperty>",
    );
    check(&always, "<a/>", r#"{"a":null}"#);
}

#[test]
fn what_is_no_xml_says_why() {
    for (xml, reason) in [
        ("", "Premature end of document while parsing at line 1(possibly  around char 0)"),
        (
            "<?xml version=\"1.0\"?>\n<root>\n  <City>Bengaluru</City>\n",
            "Premature end of document while parsing at line 4(possibly  around char 0)",
        ),
        (
            "<a>\n<b></c></a>",
            "`</c>` where `</b>` should stand while parsing at line 2(possibly  around char 4)",
        ),
        ("<!DOCTYPE a><a/>", "the XML has a document type declaration"),
    ] {
        let expected = format!(
            "steps.xml2json.ExecutionFailed: XMLToJSON[X]: Execution failed. reason: {reason}"
        );
        assert_eq!(converted(&options(""), xml), expected, "{xml}");
    }
}

#[test]
fn the_size_of_the_json_is_bounded() {
    let tree = XmlTree::parse(b"<a><b>x</b></a>").unwrap();
    let options = Options { text_name: "#text".to_owned(), ..Options::default() };
    let json = to_json(&tree, &options).unwrap();
    assert!(to_json_within(&tree, &options, json.len()).is_ok());
    assert!(to_json_within(&tree, &options, json.len() - 1).is_err());
    // A short document may have long names in JSON.
    let long = Options { attribute_prefix: "p".repeat(1 << 20), ..Options::default() };
    let wide = format!("<a>{}</a>", r#"<b k=""/>"#.repeat(OUTPUT_BYTES_MAX >> 20));
    let tree = XmlTree::parse(wide.as_bytes()).unwrap();
    assert!(to_json(&tree, &long).is_err());
}

#[test]
fn the_deepest_document_is_converted() {
    let depth = crate::xmltree::NESTING_MAX;
    let xml = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let expected = format!("{}{{}}{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert_eq!(converted(&options(""), &xml), expected);
}

#[test]
fn what_the_platform_refuses_is_an_error() {
    for (inner, expected) in [
        (
            "",
            "p.xml:1:2: error[GW370]: XMLToJSON[X]: Either Options or Format must be specified.\n",
        ),
        (
            "<Format>google.com</Format>",
            "p.xml:1:29: error[GW370]: XMLToJSON[X]: Unknown Format google.com.\n",
        ),
        ("<Format>google</Format>", ""),
        ("<Options/>", ""),
        (
            "<Format>yahoo</Format><Options/>",
            "p.xml:1:44: warning[GW371]: `Options` beside a `Format`\n",
        ),
        (
            "<Options><NamespaceBlockName>#n</NamespaceBlockName></Options>",
            "p.xml:1:22: warning[GW371]: namespaces without a `NamespaceSeparator`\n",
        ),
        (
            "<Options><TreatAsArray><Path>/</Path></TreatAsArray></Options>",
            "p.xml:1:44: warning[GW371]: a `Path` that names no element\n",
        ),
        (
            "<Options><Wrap>1</Wrap></Options>",
            "p.xml:1:31: warning[GW102]: `Wrap` is unknown in `Options` and has no effect\n",
        ),
    ] {
        let policy = format!("<XMLToJSON name=\"X\">{inner}</XMLToJSON>");
        assert_eq!(findings(&policy), expected, "{inner}");
    }
}

proptest! {
    #[test]
    fn any_text_ends_in_json_or_a_fault(xml in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(tree) = XmlTree::parse(&xml) {
            to_json(&tree, &Options::default()).expect("it is short");
        }
    }

    #[test]
    fn what_is_made_is_json(
        xml in "(<(a|b|p:c|/a|/b)( k=\"[a-c\"&;]{0,3}\")?/?>|[a-c ]{0,2}|<!--x-->){0,12}",
        format in r"xml\.com|yahoo|google|badgerFish",
        levels in 0u32..3,
    ) {
        let text = format!("<a xmlns:p=\"urn:p\">{xml}</a>");
        if let Ok(tree) = XmlTree::parse(text.as_bytes()) {
            let mut options = Options::of_format(&format).unwrap();
            options.strip_levels = levels;
            options.arrays.push(ArrayPath { steps: vec!["a".into(), "b".into()], unwrap: true });
            let json = to_json(&tree, &options).unwrap();
            serde_json::from_str::<serde_json::Value>(&json).unwrap();
        }
    }
}
