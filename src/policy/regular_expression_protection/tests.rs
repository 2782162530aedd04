use bytes::Bytes;
use expect_test::{Expect, expect};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::message::{Message, MessageContext, Value};
use crate::policy::testing::{Rig, findings, run, uses};
use crate::variable::VarRef;

fn policy(parts: &str) -> String {
    format!(r#"<RegularExpressionProtection name="RE">{parts}</RegularExpressionProtection>"#)
}

/// The errorcode's last word and the faultstring, where it faults.
fn look(parts: &str, prepare: impl FnOnce(&mut MessageContext)) -> Option<(String, String)> {
    let mut rig = Rig::new();
    let step = rig.link(&policy(parts));
    let mut cx = rig.context();
    prepare(&mut cx);
    let fault = run(&step, &mut cx).err()?;
    assert_eq!(fault.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(fault.code.starts_with("steps.regexprotection."));
    Some((fault.name().to_owned(), fault.text))
}

#[track_caller]
fn check_threat(parts: &str, prepare: impl FnOnce(&mut MessageContext), regex: &str, input: &str) {
    let text = format!("Regular Expression Threat Detected in RE: regex: {regex} input: {input}");
    assert_eq!(look(parts, prepare), Some(("ThreatDetected".to_owned(), text)), "{parts}");
}

fn set_body(cx: &mut MessageContext, content_type: &'static str, body: impl Into<Bytes>) {
    cx.request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    cx.request.set_content(body.into());
}

#[test]
fn a_pattern_is_found_anywhere() {
    let parts = "<QueryParam name='q'><Pattern>(?i)\\b(delete|exec)\\b</Pattern></QueryParam>";
    let query =
        |text: &'static str| move |cx: &mut MessageContext| assert!(cx.request.set_query(text));
    check_threat(parts, query("q=1;+Delete+from"), "(?i)\\b(delete|exec)\\b", "1; Delete from");
    assert_eq!(look(parts, query("q=deleted")), None);
    assert_eq!(look(parts, query("other=delete")), None);
    assert_eq!(look(parts, query("")), None);
    // No value hides behind another.
    check_threat(parts, query("q=fine&q=exec"), "(?i)\\b(delete|exec)\\b", "exec");
    let second = "<QueryParam name='q.2'><Pattern>exec</Pattern></QueryParam>";
    assert_eq!(look(second, query("q=exec&q=fine")), None);
}

#[test]
fn every_part_of_a_message_is_looked_into() {
    let evil = "<Pattern>evil</Pattern>";
    check_threat(
        "<URIPath><Pattern>today$</Pattern></URIPath>",
        |_| {},
        "today$",
        "/weather/today",
    );
    check_threat(
        "<URIPath><Pattern>&lt;</Pattern></URIPath>",
        |cx| assert!(cx.request.set_target("/a%3Cb", "")),
        "<",
        "/a<b",
    );
    check_threat(
        &format!("<Header name='H'>{evil}</Header>"),
        |cx| {
            let name = HeaderName::from_static("h");
            cx.request.headers.append(name, HeaderValue::from_static("fine, evil"));
        },
        "evil",
        "evil",
    );
    check_threat(
        "<Header name='H'><Pattern>e, evil</Pattern></Header>",
        |cx| {
            let name = HeaderName::from_static("h");
            cx.request.headers.append(name, HeaderValue::from_static("fine, evil"));
        },
        "e, evil",
        "fine, evil",
    );
    let form = "application/x-www-form-urlencoded";
    let parts = format!("<FormParam name='f'>{evil}</FormParam>");
    check_threat(&parts, |cx| set_body(cx, form, "f=1&f=evil"), "evil", "evil");
    assert_eq!(look(&parts, |cx| set_body(cx, "text/plain", "f=evil")), None);
    check_threat(
        &format!("<Variable name='mine'>{evil}</Variable>"),
        |cx| cx.set(&VarRef::parse("mine"), Value::from("is evil")).unwrap(),
        "evil",
        "is evil",
    );
}

#[test]
fn each_value_of_a_json_path_is_looked_into() {
    let json = |expression: &str, pattern: &str, escapes: &str| {
        format!(
            "<JSONPayload{escapes}><JSONPath><Expression>{expression}</Expression>\
             <Pattern>{pattern}</Pattern></JSONPath></JSONPayload>"
        )
    };
    let body = r#"{"a":[{"b":"fine"},{"b":"<script>"}],"u":"http://x","n":7}"#;
    let with = |content_type: &'static str| {
        move |cx: &mut MessageContext| set_body(cx, content_type, body)
    };
    let typed = "application/json";
    check_threat(&json("$.a[*].b", "^&lt;", ""), with(typed), "^<", "<script>");
    check_threat(&json("$.n", "7", ""), with(typed), "7", "7");
    check_threat(&json("$.a[1]", "\"b\"", ""), with(typed), "\"b\"", r#"{"b":"<script>"}"#);
    check_threat(&json("$.", "fine", ""), with("application/problem+json"), "fine", body);
    assert_eq!(look(&json("$.a[0].b", "script", ""), with(typed)), None);
    assert_eq!(look(&json("$.none", ".", ""), with(typed)), None);
    assert_eq!(look(&json("$", ".", ""), with("text/plain")), None);
    assert_eq!(look(&json("$", r"http:\\/", " escapeSlashCharacter='false'"), with(typed)), None);
    let escaped = look(&json("$", r"http:\\/", ""), with(typed)).unwrap();
    assert_eq!(escaped.0, "ThreatDetected");
}

#[test]
fn each_node_of_an_xpath_is_looked_into() {
    let xml = |expression: &str, datatype: &str, pattern: &str| {
        format!(
            "<XMLPayload><Namespaces><Namespace prefix='o'>urn:o</Namespace></Namespaces><XPath>\
             <Expression>{expression}</Expression><Type>{datatype}</Type><Pattern>{pattern}</Pattern>\
             </XPath></XMLPayload>"
        )
    };
    let body = "<a xmlns='urn:o'><b>fine</b><b k='v'>evil</b></a>";
    let typed = |cx: &mut MessageContext| set_body(cx, "text/xml", body);
    check_threat(&xml("//o:b", "string", "^evil$"), typed, "^evil$", "evil");
    check_threat(&xml("//o:b", "nodeset", "k="), typed, "k=", r#"<b xmlns="urn:o" k="v">evil</b>"#);
    check_threat(&xml("count(//o:b)", "integer", "2"), typed, "2", "2");
    assert_eq!(look(&xml("//o:b", "string", "k="), typed), None);
    assert_eq!(look(&xml("//o:b", "string", "."), |cx| set_body(cx, "text/html", body)), None);
}

#[test]
fn nothing_slips_by_undecided() {
    let failed = |reason: &str| {
        let text = format!(
            "Failed to execute the RegularExpressionProtection StepDefinition RE. Reason: {reason}"
        );
        Some(("ExecutionFailed".to_owned(), text))
    };
    // A back reference makes the pattern one with backtracking, and this text makes it long.
    let parts = "<Variable name='request.content'><Pattern>^(a|a?)+(b)\\2c$</Pattern></Variable>";
    let long = look(parts, |cx| set_body(cx, "text/plain", "a".repeat(60)));
    let reason =
        "the regular expression takes more than 100000 steps in this text: ^(a|a?)+(b)\\2c$";
    assert_eq!(long, failed(reason));
    let json = "<JSONPayload><JSONPath><Expression>$.{v}</Expression><Pattern>x</Pattern></JSONPath></JSONPayload>";
    let typed = |cx: &mut MessageContext| set_body(cx, "application/json", "[1");
    assert_eq!(look(json, typed), failed("EOF while parsing a list at line 1 column 2"),);
    let unresolved = look(json, |cx| set_body(cx, "application/json", "[1]"));
    assert_eq!(unresolved, failed("the JSON path is invalid: $.{v}"));
    let xml =
        "<XMLPayload><XPath><Expression>/a</Expression><Pattern>x</Pattern></XPath></XMLPayload>";
    // A small body is not written over and over.
    let reason = "what the paths find is longer than 16777216 bytes";
    let nested = "{\"id\":".repeat(90) + &format!("\"{}\"", "y".repeat(200_000)) + &"}".repeat(90);
    let every = json.replace("$.{v}", "$..id");
    assert_eq!(look(&every, |cx| set_body(cx, "application/json", nested)), failed(reason));
    let declared = format!("<a xmlns:n='{}'>{}</a>", "u".repeat(200_000), "<b/>".repeat(90));
    let every = xml.replace("/a<", "//b<").replace("<Pattern>x", "<Type>nodeset</Type><Pattern>!");
    assert_eq!(look(&every, |cx| set_body(cx, "application/xml", declared)), failed(reason));
    let broken = look(xml, |cx| set_body(cx, "application/xml", "<a>"));
    assert_eq!(broken.map(|found| found.0).as_deref(), Some("ExecutionFailed"));
}

#[test]
fn what_is_not_there_faults() {
    let variable = "<Variable name='mine'><Pattern>x</Pattern></Variable>";
    let missing =
        Some(("VariableResolutionFailed".to_owned(), "Failed to resolve variable mine".to_owned()));
    assert_eq!(look(variable, |_| {}), missing);
    let ignoring = format!("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{variable}");
    assert_eq!(look(&ignoring, |_| {}), None);
    let source = format!("<Source>response</Source>{ignoring}");
    let text =
        "response message is not available for RegularExpressionProtection StepDefinition RE";
    assert_eq!(
        look(&source, |_| {}),
        Some(("SourceMessageNotAvailable".to_owned(), text.to_owned()))
    );
    let source = format!("<Source>mine</Source>{variable}");
    let no_message = look(&source, |cx| cx.set(&VarRef::parse("mine"), Value::from("x")).unwrap());
    let text = "Variable mine does not resolve to a Message";
    assert_eq!(no_message, Some(("NonMessageVariable".to_owned(), text.to_owned())));
    let of_response = "<Source>response</Source><URIPath><Pattern>.</Pattern></URIPath>\
                       <QueryParam name='q'><Pattern>.</Pattern></QueryParam>";
    let response = |cx: &mut MessageContext| cx.response = Some(Message::response(StatusCode::OK));
    assert_eq!(look(of_response, response), None);
}

#[test]
fn a_threat_is_shown_up_to_a_bound() {
    let parts = "<Variable name='request.content'><Pattern>a</Pattern></Variable>";
    let (_, text) = look(parts, |cx| set_body(cx, "text/plain", "a".repeat(5000))).unwrap();
    assert!(text.len() < 1200 && text.ends_with("a..."));
}

#[test]
fn what_it_takes_apart_is_known() {
    let parts = "<FormParam name='f'><Pattern>x</Pattern></FormParam>\
                 <XMLPayload><XPath><Expression>/a</Expression><Pattern>x</Pattern></XPath></XMLPayload>";
    let found = uses(&policy(parts)).payloads;
    let formats: Vec<String> =
        found.iter().map(|p| format!("{} {:?}", p.source, p.format)).collect();
    assert_eq!(formats, ["message Form", "message Xml"]);
}

#[track_caller]
fn check_findings(parts: &str, expected: Expect) {
    expected.assert_eq(&findings(&policy(parts)));
}

#[test]
fn findings_are_in_apigees_words() {
    check_findings(
        "",
        expect![[r#"
        p.xml:1:2: error[GW351]: RegularExpressionProtection RE: at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, JSONPayload is mandatory
    "#]],
    );
    check_findings(
        "\n<URIPath><Pattern>foo){2}</Pattern></URIPath>\n<QueryParam name='q'/>\n<Header><Pattern>x</Pattern></Header>\n\
         <FormParam name='f'><Pattern/></FormParam>",
        expect![[r#"
            p.xml:2:19: error[GW351]: RegularExpressionProtection RE: Invalid Regular Expression foo){2}
            p.xml:3:1: error[GW351]: RegularExpressionProtection RE: No patterns to enforce in QueryParam
            p.xml:4:1: error[GW351]: RegularExpressionProtection RE: Required attribute name is missing in Header
            p.xml:5:1: error[GW351]: RegularExpressionProtection RE: No patterns to enforce in FormParam
        "#]],
    );
    check_findings(
        "\n<JSONPayload/>\n<XMLPayload/>\n\
         <JSONPayload><JSONPath><Pattern>x</Pattern></JSONPath>\n<JSONPath><Expression>$[</Expression><Pattern>x</Pattern></JSONPath>\n\
         <JSONPath><Expression>$</Expression></JSONPath></JSONPayload>\n\
         <XMLPayload><Namespaces><Namespace prefix='a'>u</Namespace><Namespace prefix='a'>u</Namespace>\n<Namespace prefix='b'/></Namespaces>\n\
         <XPath><Expression/><Pattern>x</Pattern></XPath>\n<XPath><Expression>/c:a</Expression><Pattern>x</Pattern></XPath>\n\
         <XPath><Expression>1</Expression><Type>nodeset</Type><Pattern>x</Pattern></XPath>\n\
         <XPath><Expression>1</Expression><Type>word</Type><Pattern>x</Pattern></XPath></XMLPayload>",
        expect![[r#"
            p.xml:2:1: error[GW351]: RegularExpressionProtection RE: No patterns to enforce in JSONPayload
            p.xml:3:1: error[GW351]: RegularExpressionProtection RE: No patterns to enforce in XMLPayload
            p.xml:4:14: error[GW351]: RegularExpressionProtection RE: Empty JSONPath expression
            p.xml:5:23: error[GW351]: RegularExpressionProtection RE: Failed to compile jsonpath $[
            p.xml:6:1: error[GW351]: RegularExpressionProtection RE: No patterns to enforce in JSONPath
            p.xml:7:60: error[GW351]: RegularExpressionProtection RE: Duplicate prefix a
            p.xml:8:1: error[GW351]: RegularExpressionProtection RE: Non-empty prefix b cannot be mapped to empty uri
            p.xml:9:8: error[GW351]: RegularExpressionProtection RE: Empty XPath expression
            p.xml:10:20: error[GW351]: RegularExpressionProtection RE: Failed to compile xpath /c:a
            p.xml:11:20: error[GW351]: RegularExpressionProtection RE: Result of xpath 1 cannot be converted to nodeset
            p.xml:12:40: warning[GW104]: `word` is no type of an XPath
        "#]],
    );
}
