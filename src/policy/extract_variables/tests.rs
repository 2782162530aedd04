use bytes::Bytes;
use expect_test::{Expect, expect};
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::message::{Body, Fault, Message, MessageContext, Phase, Value};
use crate::policy::testing::{Rig, findings, run, text, uses};
use crate::variable::VarRef;

fn policy(parts: &str) -> String {
    format!(r#"<ExtractVariables name="EV">{parts}</ExtractVariables>"#)
}

fn set_body(message: &mut Message, content_type: &'static str, body: &'static str) {
    message.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    message.body = Body::from(Bytes::from_static(body.as_bytes()));
}

/// A request with that body, the policy run on it.
fn extract(
    parts: &str,
    content_type: &'static str,
    body: &'static str,
) -> Result<MessageContext, Fault> {
    extract_with(parts, |cx| set_body(&mut cx.request, content_type, body))
}

fn extract_with(
    parts: &str,
    prepare: impl FnOnce(&mut MessageContext),
) -> Result<MessageContext, Fault> {
    let mut rig = Rig::new();
    let step = rig.link(&policy(parts));
    let mut cx = rig.context();
    prepare(&mut cx);
    run(&step, &mut cx)?;
    Ok(cx)
}

#[track_caller]
fn check_fault(result: Result<MessageContext, Fault>, code: &str, text: &str) {
    let fault = result.map(drop).unwrap_err();
    assert_eq!(
        (fault.code.as_ref(), fault.text.as_str(), fault.status.as_u16()),
        (code, text, 500)
    );
}

const JSON: &str = "application/json";
const XML: &str = "application/xml";

#[track_caller]
fn check_json(variable: &str, body: &'static str, expected: Option<&str>) {
    let parts = format!(
        "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>\
         <JSONPayload>{variable}</JSONPayload>"
    );
    let cx = extract(&parts, JSON, body).unwrap();
    assert_eq!(text(&cx, "x").as_deref(), expected, "{variable} of {body}");
}

#[test]
fn json_values_become_texts() {
    let variable =
        |path: &str| format!("<Variable name='x'><JSONPath>{path}</JSONPath></Variable>");
    for (path, body, expected) in [
        ("$.a", r#"{"a":"b"}"#, Some("b")),
        ("$.a", r#"{"a":1.50}"#, Some("1.5")),
        ("$.a", r#"{"a":[1,"2"]}"#, Some(r#"[1,"2"]"#)),
        ("$.a", r#"{"a":{"b":true}}"#, Some(r#"{"b":true}"#)),
        ("$.a", r#"{"a":null}"#, None),
        ("$.a", "{}", None),
        ("$.a[*].b", r#"{"a":[{"b":"c"}]}"#, Some(r#"["c"]"#)),
        ("$.a[?(@.b == 'd')]", r#"{"a":[{"b":"c"}]}"#, Some("[]")),
        ("$.a[*].b", r#"{"c":[]}"#, None),
        ("$..a", r#"{"c":[]}"#, Some("[]")),
        ("$.", r#"{"a":1}"#, Some(r#"{"a":1}"#)),
        ("a.b", r#"{"a":{"b":2}}"#, Some("2")),
    ] {
        check_json(&variable(path), body, expected);
    }
}

#[test]
fn json_values_have_types() {
    let cast = |datatype: &str, value: &str| -> Result<Option<Value>, String> {
        let mut rig = Rig::new();
        let step = rig.link(&policy(&format!(
            "<JSONPayload><Variable name='x' type='{datatype}'><JSONPath>$.a</JSONPath></Variable></JSONPayload>"
        )));
        let mut cx = rig.context();
        set_body(&mut cx.request, JSON, "");
        cx.request.set_content(Bytes::from(format!(r#"{{"a":{value}}}"#)));
        run(&step, &mut cx).map_err(|fault| fault.text)?;
        Ok(cx.get_value(&VarRef::parse("x")))
    };
    for (datatype, value, expected) in [
        ("integer", "36.9", "Integer(36)"),
        ("integer", "-36.9", "Integer(-36)"),
        ("integer", "2147483647", "Integer(2147483647)"),
        ("integer", "\" 42 \"", "Integer(42)"),
        ("long", "9223372036854775807", "Long(9223372036854775807)"),
        ("long", "1e3", "Long(1000)"),
        ("LONG", "7", "Long(7)"),
        ("float", "37.5", "Float(37.5)"),
        ("double", "37.42291810", "Double(37.4229181)"),
        ("double", "\"-1.5e2\"", "Double(-150.0)"),
        ("boolean", "true", "Boolean(true)"),
        ("boolean", "\"FALSE\"", "Boolean(false)"),
    ] {
        let found = cast(datatype, value).unwrap().unwrap();
        assert_eq!(format!("{found:?}"), expected, "{datatype} of {value}");
    }
    let texts =
        |datatype, value| cast(datatype, value).unwrap().unwrap().view().into_text().into_owned();
    assert_eq!(texts("nodeset", "\"b\""), "\"b\"");
    assert_eq!(texts("nodeset", "[1]"), "[1]");
    assert_eq!(texts("other", "1"), "1");
    for (datatype, value, reason) in [
        ("boolean", "36.231", "Unable to cast value 36.231 as BOOLEAN."),
        ("integer", "2147483648", "Unable to cast value 2147483648 as INTEGER."),
        ("integer", "\"some\"", "Unable to cast value some as INTEGER."),
        ("integer", "\"36.9\"", "Unable to cast value 36.9 as INTEGER."),
        ("long", "1e30", "Unable to cast value 1e+30 as LONG."),
        ("long", "[1]", "Unable to cast value [1] as LONG."),
        ("double", "\"inf\"", "Unable to cast value inf as DOUBLE."),
        ("float", "true", "Unable to cast value true as FLOAT."),
        ("boolean", "\"yes\"", "Unable to cast value yes as BOOLEAN."),
    ] {
        assert_eq!(cast(datatype, value).unwrap_err(), reason, "{datatype} of {value}");
    }
    assert!(cast("integer", "null").unwrap().is_none());
}

#[test]
fn xml_values_have_types() {
    let cast = |datatype: &str, path: &str| -> Result<String, String> {
        let parts = format!(
            "<XMLPayload><Namespaces><Namespace prefix='o'>urn:o</Namespace></Namespaces>\
             <Variable name='x' type='{datatype}'><XPath>{path}</XPath></Variable></XMLPayload>"
        );
        let body = "<o:a xmlns:o='urn:o' n='7'><b>1</b><b>2</b><c>true</c><d>x<e/></d></o:a>";
        let cx = extract(&parts, XML, body).map_err(|fault| fault.text)?;
        Ok(text(&cx, "x").unwrap())
    };
    for (datatype, path, expected) in [
        ("string", "/o:a/b", "1"),
        ("string", "/o:a/@n", "7"),
        ("string", "/o:a/b/text()", "1"),
        ("integer", "count(/o:a/b)", "2"),
        ("long", "/o:a/b[2]", "2"),
        ("double", "/o:a/b", "1.0"),
        ("float", "'1.5'", "1.5"),
        ("boolean", "/o:a/c", "true"),
        ("boolean", "/o:a/b = 3", "false"),
        ("nodeset", "//d/e", r#"<e xmlns:o="urn:o"/>"#),
        ("nodeset", "//b/text()", "12"),
    ] {
        assert_eq!(cast(datatype, path).as_deref(), Ok(expected), "{datatype} of {path}");
    }
    assert_eq!(cast("integer", "//c"), Err("Unable to cast value true as INTEGER.".to_owned()));
    let failed = "Failed to execute the ExtractVariables: EV";
    assert_eq!(cast("string", "//nobody"), Err(failed.to_owned()));
}

#[test]
fn a_source_without_value_faults_unless_it_may_not_be_there() {
    let path = "<URIPath><Pattern>/{x}</Pattern></URIPath>";
    let json = "<JSONPayload><Variable name='x'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    let source =
        |name: &str, parts: &str| extract(&format!("<Source>{name}</Source>{parts}"), JSON, "{}");
    for name in ["response", "error", "mine", "service.config.costs"] {
        check_fault(
            source(name, path),
            "steps.extractvariables.SourceMessageNotAvailable",
            &format!("{name} message is not available for ExtractVariable: EV"),
        );
    }
    for name in ["response.content", "mine.content"] {
        check_fault(
            source(name, json),
            "steps.extractvariables.JsonPathParsingFailure",
            &format!("ExtractVariables EV: Json path parsing failed for for flow variables {name}"),
        );
    }
    let ignoring = format!("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{path}");
    assert!(source("response", &ignoring).is_ok());
}

#[test]
fn payloads_that_cannot_be_read_fault() {
    let json = "<JSONPayload><Variable name='x'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    let xml = "<XMLPayload><Variable name='x'><XPath>/a</XPath></Variable></XMLPayload>";
    let deep: &'static str = format!("{}{}", "[".repeat(101), "]".repeat(101)).leak();
    for (parts, content_type, body) in [
        (json, JSON, ""),
        (json, JSON, "[1"),
        (json, JSON, deep),
        (xml, XML, ""),
        (xml, XML, "<a>"),
    ] {
        check_fault(
            extract(parts, content_type, body),
            "steps.extractvariables.ExecutionFailed",
            "Failed to execute the ExtractVariables: EV",
        );
    }
    let of_text = format!("<Source>request.content</Source>{json}");
    check_fault(
        extract(&of_text, "text/plain", "[1"),
        "steps.extractvariables.JsonPathParsingFailure",
        "ExtractVariables EV: Json path parsing failed for for flow variables request.content",
    );
}

#[test]
fn only_payloads_of_their_content_type_are_read() {
    let both = "<JSONPayload><Variable name='j'><JSONPath>$.a</JSONPath></Variable></JSONPayload>\
                <XMLPayload><Variable name='x'><XPath>/a</XPath></Variable></XMLPayload>";
    let found = |content_type, body| {
        let cx = extract(both, content_type, body).unwrap();
        (text(&cx, "j"), text(&cx, "x"))
    };
    for (content_type, is_read) in [
        ("application/json", true),
        ("Application/JSON; charset=UTF-8", true),
        ("application/problem+json", false),
        ("text/plain", false),
    ] {
        assert_eq!(found(content_type, r#"{"a":1}"#).0.is_some(), is_read, "{content_type}");
    }
    for (content_type, is_read) in [
        ("application/xml", true),
        ("text/xml;charset=utf-8", true),
        ("application/soap+xml", true),
        ("image/svg+xml", false),
        ("application/x", false),
    ] {
        assert_eq!(found(content_type, "<a>1</a>").1.is_some(), is_read, "{content_type}");
    }
}

#[test]
fn a_path_that_leads_nowhere_faults_unless_it_may() {
    let parts =
        "<JSONPayload><Variable name='x'><JSONPath>$.Name</JSONPath></Variable></JSONPayload>";
    check_fault(
        extract(parts, JSON, r#"{"firstName":"John"}"#),
        "steps.extractvariables.InvalidJSONPath",
        "Invalid JSON path $.Name in policy EV.",
    );
    let several = "<JSONPayload><Variable name='x'><JSONPath>$.Name</JSONPath>\
                   <JSONPath>$.firstName</JSONPath></Variable></JSONPayload>";
    let cx = extract(several, JSON, r#"{"firstName":"John"}"#).unwrap();
    assert_eq!(text(&cx, "x").as_deref(), Some("John"));
}

#[test]
fn json_paths_are_templates() {
    let parts = "<Variable name='wanted'><Pattern>id-{id}</Pattern></Variable>\
                 <JSONPayload><Variable name='x'><JSONPath>$.all[?(@.id == '{id}')].n</JSONPath></Variable></JSONPayload>";
    let body = r#"{"all":[{"id":"1","n":"one"},{"id":"2","n":"two"}]}"#;
    let with = |wanted: Option<&str>| {
        extract_with(parts, |cx| {
            set_body(&mut cx.request, JSON, body);
            if let Some(wanted) = wanted {
                cx.set(&VarRef::parse("wanted"), Value::from(wanted)).unwrap();
            }
        })
    };
    let cx = with(Some("id-2")).unwrap();
    assert_eq!(text(&cx, "x").as_deref(), Some(r#"["two"]"#));
    for wanted in [None, Some("id-')]...")] {
        check_fault(
            with(wanted),
            "steps.extractvariables.InvalidJSONPath",
            "Invalid JSON path $.all[?(@.id == '{id}')].n in policy EV.",
        );
    }
}

#[test]
fn names_take_a_prefix_and_the_last_write_counts() {
    let parts = "<VariablePrefix>p</VariablePrefix>\
                 <QueryParam name='token'><Pattern>{t}</Pattern></QueryParam>\
                 <Header name='Token'><Pattern>{t}</Pattern></Header>";
    let with = |query: &str, header: Option<&'static str>| {
        let cx = extract_with(parts, |cx| {
            assert!(cx.request.set_query(query));
            if let Some(header) = header {
                let name = HeaderName::from_static("token");
                cx.request.headers.insert(name, HeaderValue::from_static(header));
            }
        });
        text(&cx.unwrap(), "p.t")
    };
    assert_eq!(with("token=q", None).as_deref(), Some("q"));
    assert_eq!(with("token=q", Some("h")).as_deref(), Some("h"));
    assert_eq!(with("", None), None);
}

#[test]
fn values_are_indexed() {
    let parts = "<QueryParam name='w'><Pattern>{first}</Pattern></QueryParam>\
                 <QueryParam name='w.2'><Pattern>{second}</Pattern></QueryParam>\
                 <QueryParam name='w.3'><Pattern>{third}</Pattern></QueryParam>\
                 <Header name='H.values'><Pattern>{all}</Pattern></Header>\
                 <FormParam name='f.2'><Pattern>{form}</Pattern></FormParam>";
    let cx = extract_with(parts, |cx| {
        assert!(cx.request.set_query("w=Boston&w=New+York"));
        let name = HeaderName::from_static("h");
        cx.request.headers.append(name.clone(), HeaderValue::from_static("a"));
        cx.request.headers.append(name, HeaderValue::from_static("b"));
        set_body(&mut cx.request, "application/x-www-form-urlencoded", "f=1&f=2%20");
    })
    .unwrap();
    let found = |name| text(&cx, name);
    assert_eq!(found("first").as_deref(), Some("Boston"));
    assert_eq!(found("second").as_deref(), Some("New York"));
    assert_eq!(found("third"), None);
    assert_eq!(found("form").as_deref(), Some("2 "));
    assert!(
        matches!(cx.get_value(&VarRef::parse("all")), Some(Value::Collection(all)) if all.len() == 2)
    );
}

#[test]
fn the_pattern_with_most_segments_counts() {
    let parts = "<URIPath><Pattern>/**/{rest}</Pattern><Pattern>/weather/{day}/{hour}</Pattern>\
                 <Pattern>/{kind}/{again}/{hour}</Pattern></URIPath>";
    let cx = extract_with(parts, |cx| {
        cx.inbound_target = PathAndQuery::from_static("/weather/today/noon");
    })
    .unwrap();
    assert_eq!(text(&cx, "day").as_deref(), Some("today"));
    assert_eq!((text(&cx, "rest"), text(&cx, "again")), (None, None));
}

#[test]
fn responses_have_no_path_and_no_parameters() {
    let parts = "<URIPath><Pattern>/{a}/{b}</Pattern></URIPath>\
                 <QueryParam name='q'><Pattern>{q}</Pattern></QueryParam>\
                 <Header name='h'><Pattern>{h}</Pattern></Header>";
    let cx = extract_with(parts, |cx| {
        let mut response = Message::response(StatusCode::OK);
        response.headers.insert("h", HeaderValue::from_static("here"));
        cx.response = Some(response);
        cx.phase = Phase::ProxyResponse;
    })
    .unwrap();
    assert_eq!((text(&cx, "b"), text(&cx, "q")), (None, None));
    assert_eq!(text(&cx, "h").as_deref(), Some("here"));
}

#[test]
fn payloads_are_cleared_on_demand() {
    let json = "<JSONPayload><Variable name='x'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    let cleared = format!("<Source clearPayload='true'>request</Source>{json}");
    let cx = extract(&cleared, JSON, r#"{"a":1}"#).unwrap();
    assert_eq!(text(&cx, "x").as_deref(), Some("1"));
    assert_eq!(text(&cx, "request.content").as_deref(), Some(""));
    let cx = extract_with(&format!("<Source clearPayload='true'>mine</Source>{json}"), |cx| {
        cx.set(&VarRef::parse("mine"), Value::from(r#"{"a":2}"#)).unwrap();
    })
    .unwrap();
    assert_eq!((text(&cx, "x").as_deref(), text(&cx, "mine")), (Some("2"), None));
}

#[test]
fn evaluation_stops_with_the_first_variable() {
    let parts = |stops: bool| {
        format!(
            "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>\
             <XMLPayload stopPayloadProcessing='{stops}'>\
             <Variable name='none'><XPath>/a/nobody</XPath></Variable>\
             <Variable name='b'><XPath>/a/b</XPath></Variable>\
             <Variable name='c'><XPath>/a/c</XPath></Variable></XMLPayload>"
        )
    };
    let found = |stops| {
        let cx = extract(&parts(stops), XML, "<a><b>1</b><c>2</c></a>").unwrap();
        (text(&cx, "none"), text(&cx, "b"), text(&cx, "c"))
    };
    let one = Some("1".to_owned());
    assert_eq!(found(false), (None, one.clone(), Some("2".to_owned())));
    assert_eq!(found(true), (None, one, None));
}

#[test]
fn variables_that_cannot_be_set_fault() {
    let query =
        |name: &str| format!("<QueryParam name='q'><Pattern>{{{name}}}</Pattern></QueryParam>");
    check_fault(
        extract(&query("proxy.name"), JSON, ""),
        "steps.extractvariables.ImmutableVariable",
        "Variable proxy.name is immutable in ExtractVariables: EV",
    );
    let nested = format!("{}{}", query("var.color"), query("var.color.next"));
    check_fault(
        extract(&nested, JSON, ""),
        "steps.extractvariables.SetVariableFailed",
        "Failed to set variable var.color.next value 1 from ExtractVariables: EV",
    );
    // Nothing stands in the way before the shorter name is set.
    let reversed = format!("{}{}", query("var.color.next"), query("var.color"));
    assert!(extract(&reversed, JSON, "").is_ok());
    let cx = extract(&query("request.queryparam.copy"), JSON, "").unwrap();
    assert_eq!(cx.request.query(), "q=1&copy=1");
    check_fault(
        extract(&query("response.content"), JSON, ""),
        "steps.extractvariables.SetVariableFailed",
        "Failed to set variable response.content value 1 from ExtractVariables: EV",
    );
}

#[test]
fn only_what_is_looked_into_is_brought_into_memory() {
    let needs = |parts: &str| {
        let mut rig = Rig::new();
        rig.link(&policy(parts));
        rig.needs_bodies_of
    };
    assert!(needs("<URIPath><Pattern>/{a}</Pattern></URIPath><QueryParam name='q'><Pattern>{q}</Pattern></QueryParam><Header name='h'><Pattern>{h}</Pattern></Header>").is_empty());
    let json = "<JSONPayload><Variable name='x'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    assert_eq!(needs(json), ["message"]);
    let form = "<Source>request</Source><FormParam name='f'><Pattern>{f}</Pattern></FormParam>";
    assert_eq!(needs(form), ["request.formparam.f"]);
    let cleared =
        "<Source clearPayload='true'>request</Source><URIPath><Pattern>/{a}</Pattern></URIPath>";
    assert_eq!(needs(cleared), ["request"]);
}

#[test]
fn what_it_takes_apart_is_known() {
    let parts = "<Source>request</Source><FormParam name='f'><Pattern>{f}</Pattern></FormParam>\
                 <JSONPayload><Variable name='x'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    let found = uses(&policy(parts)).payloads;
    let formats: Vec<String> =
        found.iter().map(|p| format!("{} {:?}", p.source, p.format)).collect();
    assert_eq!(formats, ["request Form", "request Json"]);
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
        p.xml:1:2: error[GW350]: ExtractVariables EV: at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, JSONPayload is mandatory.
    "#]],
    );
    check_findings(
        "\n<URIPath><Pattern>/a/b/</Pattern><Pattern>{*}</Pattern></URIPath>\n<QueryParam><Pattern>{q}</Pattern></QueryParam>",
        expect![[r#"
            p.xml:2:19: error[GW350]: Pattern /a/b/ should have atleast one variable in ExtractVariables stepDefinition EV.
            p.xml:2:43: error[GW350]: Pattern {*} is invalid in ExtractVariables stepDefinition EV.
            p.xml:3:1: error[GW350]: Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in QueryParam
        "#]],
    );
    check_findings(
        "\n<XMLPayload><Namespaces><Namespace prefix='a'>urn:a</Namespace>\n<Namespace prefix='a'>urn:b</Namespace>\n\
         <Namespace prefix='c'/></Namespaces>\n<Variable name='x'/>\n<Variable name='x'><XPath/></Variable>\n\
         <Variable name='x' type='nodeset'><XPath>123</XPath></Variable>\n<Variable name='x'><XPath>/d:a</XPath></Variable>\n\
         <Variable><XPath>/a</XPath></Variable></XMLPayload>",
        expect![[r#"
            p.xml:3:1: error[GW350]: ExtractVariables EV: Duplicate prefix a.
            p.xml:4:1: error[GW350]: ExtractVariables EV: Non-empty prefix c cannot be mapped to empty uri.
            p.xml:5:1: error[GW350]: ExtractVariables EV: no xpaths to evaluate in variable name.
            p.xml:6:20: error[GW350]: ExtractVariables EV: XPath expression is empty in variable name.
            p.xml:7:42: error[GW350]: ExtractVariables EV: Result of xpath 123 cannot be converted to nodeset.
            p.xml:8:27: error[GW350]: ExtractVariables EV: Failed to compile xpath /d:a.
            p.xml:9:1: error[GW350]: Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in Variable
        "#]],
    );
    check_findings(
        "\n<JSONPayload><Variable name='x'/>\n<Variable name='x'><JSONPath/></Variable>\n\
         <Variable name='x'><JSONPath>$.a[</JSONPath></Variable>\n</JSONPayload>",
        expect![[r#"
            p.xml:2:14: error[GW350]: ExtractVariables EV: no jsonpaths to evaluate in variable name.
            p.xml:3:20: error[GW350]: ExtractVariables EV: JSONPath expression is empty in variable name.
            p.xml:4:30: error[GW350]: ExtractVariables EV: Failed to compile jsonpath $.a[.
        "#]],
    );
    check_findings(
        "\n<URIPath/>\n<JSONPayload/>\n<JSONPayload/>\n<QueryParam name='q'><Pattern>{proxy.name}</Pattern></QueryParam>\n\
         <XMLPayload><Variable name='a' type='word'><XPath>/a</XPath></Variable></XMLPayload>\n\
         <Header name='h'><Pattern>{h}</Pattern><Value/></Header>\n\
         <JSONPayload><Variable name='j'><JSONPath>$['{'].{a}}</JSONPath></Variable></JSONPayload>",
        expect![[r#"
            p.xml:2:1: warning[PO033]: `URIPath` has no Pattern
            p.xml:3:1: warning[PO033]: `JSONPayload` has no Variable
            p.xml:4:1: warning[PO033]: `JSONPayload` has no Variable
            p.xml:4:1: warning[PO033]: a second `JSONPayload`
            p.xml:5:31: warning[GW353]: `proxy.name` is read-only: setting it faults
            p.xml:6:38: warning[PO033]: `word` is no type of a Variable
            p.xml:7:41: warning[GW102]: `Value` is unknown in `Header` and has no effect
            p.xml:8:1: warning[PO033]: a second `JSONPayload`
            p.xml:8:43: warning[PO040]: the braces of `$['{'].{a}}` do not match
        "#]],
    );
}

#[test]
fn a_small_body_makes_no_huge_variable() {
    // Each element holds those inside it, and repeats the declaration of the first.
    let json = format!("{}\"{}\"{}", "{\"id\":".repeat(90), "x".repeat(200_000), "}".repeat(90));
    let xml = format!("<a xmlns:n='{}'>{}</a>", "u".repeat(200_000), "<b/>".repeat(90));
    for (content_type, body, variable) in [
        (
            JSON,
            json,
            "<JSONPayload><Variable name='x'><JSONPath>$..id</JSONPath></Variable></JSONPayload>",
        ),
        (
            XML,
            xml,
            "<XMLPayload><Variable name='x' type='nodeset'><XPath>//b</XPath></Variable></XMLPayload>",
        ),
    ] {
        let result = extract_with(variable, |cx| {
            cx.request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            cx.request.body = Body::from(Bytes::from(body));
        });
        check_fault(
            result,
            "steps.extractvariables.ExecutionFailed",
            "Failed to execute the ExtractVariables: EV",
        );
    }
}
