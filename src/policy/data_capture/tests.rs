use bytes::Bytes;
use expect_test::{Expect, expect};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::message::{CAPTURED_MAX, Fault, Message, MessageContext, Value};
use crate::policy::testing::{Rig, findings, run, text, uses};
use crate::store::metrics::{Metrics, VALUE_BYTES_MAX};
use crate::variable::VarRef;

fn policy(parts: &str) -> String {
    format!(r#"<DataCapture name="DC">{parts}</DataCapture>"#)
}

fn capture(collector: &str, collect: &str) -> String {
    format!("<Capture><DataCollector>{collector}</DataCollector>{collect}</Capture>")
}

fn recorded(metrics: &Metrics) -> Vec<String> {
    let shown =
        |(name, recorded): (crate::store::metrics::MetricName, crate::store::metrics::Recorded)| {
            let texts: Vec<String> = recorded.texts.into_keys().collect();
            match recorded.numbers.count {
                0 => format!("{} {}", name.name, texts.join(",")),
                _ => format!("{} {}", name.name, recorded.numbers.sum),
            }
        };
    metrics.snapshot().into_iter().map(shown).collect()
}

struct Outcome {
    result: Result<(), Fault>,
    recorded: Vec<String>,
    errors: Option<String>,
}

fn collect(parts: &str, prepare: impl FnOnce(&mut MessageContext)) -> Outcome {
    let mut rig = Rig::new();
    let step = rig.link(&policy(parts));
    rig.variable("dataCapturePolicyErrors");
    let mut cx = rig.context();
    prepare(&mut cx);
    let result = run(&step, &mut cx).map(drop);
    let errors = text(&cx, "dataCapturePolicyErrors");
    assert!(rig.metrics.snapshot().iter().all(|(_, recorded)| *recorded == Default::default()));
    drop(cx);
    Outcome { result, recorded: recorded(&rig.metrics), errors }
}

#[track_caller]
fn check(collect_element: &str, prepare: impl FnOnce(&mut MessageContext), expected: &str) {
    let outcome = collect(&capture("dc", collect_element), prepare);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.recorded, [format!("dc {expected}")]);
    assert_eq!(outcome.errors, None);
}

#[track_caller]
fn check_fault(
    collect_element: &str,
    prepare: impl FnOnce(&mut MessageContext),
    code: &str,
    text: &str,
) {
    let outcome = collect(&capture("dc", collect_element), prepare);
    let fault = outcome.result.unwrap_err();
    assert_eq!((fault.code.as_ref(), fault.text.as_str()), (code, text));
    let name = code.rsplit('.').next().unwrap();
    let errors = format!(r#"[{{"errorType":"{name}","policyName":"DC","dataCollector":"dc"}}]"#);
    assert_eq!(outcome.errors, Some(errors));
    assert_eq!(outcome.recorded, ["dc "]);
}

fn body(content_type: &'static str, body: &'static str) -> impl FnOnce(&mut MessageContext) {
    move |cx| {
        cx.request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        cx.request.set_content(Bytes::from_static(body.as_bytes()));
    }
}

#[test]
fn values_of_every_origin_are_recorded() {
    check("<Collect ref='request.queryparam.q'/>", |_| {}, "1");
    check("<Collect ref='request.verb'/>", |_| {}, "GET");
    check("<Collect><URIPath><Pattern>/weather/{$}</Pattern></URIPath></Collect>", |_| {}, "today");
    check(
        "<Collect><QueryParam name='q'><Pattern>{$}</Pattern></QueryParam></Collect>",
        |_| {},
        "1",
    );
    check(
        "<Collect><Source>request</Source><Header name='Authorization'>\
         <Pattern>Basic {$}</Pattern><Pattern ignoreCase='true'>bearer {$}</Pattern></Header></Collect>",
        |cx| {
            cx.request.headers.insert("authorization", HeaderValue::from_static("Bearer abc"));
        },
        "abc",
    );
    check(
        "<Collect><FormParam name='f'><Pattern>hello {$}</Pattern></FormParam></Collect>",
        body("application/x-www-form-urlencoded", "f=hello+Ann"),
        "Ann",
    );
    check(
        "<Collect><JSONPayload><JSONPath>$.results[0].price</JSONPath></JSONPayload></Collect>",
        body("application/json", r#"{"results":[{"price":1120.5}]}"#),
        "1120.5",
    );
    check(
        "<Collect><XMLPayload><Namespaces><Namespace prefix='o'>urn:o</Namespace></Namespaces>\
         <XPath>local-name(/o:a/o:*[1])</XPath></XMLPayload></Collect>",
        body("text/xml", "<a xmlns='urn:o'><b/></a>"),
        "b",
    );
}

#[test]
fn the_default_stands_for_what_is_not_there() {
    for collect_element in [
        "<Collect ref='nobody' default='0'/>",
        "<Collect default='0'><Source>response</Source><Header name='h'><Pattern>{$}</Pattern></Header></Collect>",
        "<Collect default='0'><URIPath><Pattern>/{$}</Pattern></URIPath></Collect>",
        "<Collect default='0'><JSONPayload><JSONPath>$.a</JSONPath></JSONPayload></Collect>",
        "<Collect default='0'><XMLPayload><XPath>/a</XPath></XMLPayload></Collect>",
    ] {
        check(collect_element, body("application/json", "{}"), "0");
    }
}

#[test]
fn what_is_not_there_faults_unless_it_may() {
    let nothing = |_: &mut MessageContext| {};
    check_fault(
        "<Collect ref='nobody'/>",
        nothing,
        "steps.datacapture.UnresolvedVariable",
        "Failed to resolve variable nobody",
    );
    check_fault(
        "<Collect><Source>response</Source><Header name='h'><Pattern>{$}</Pattern></Header></Collect>",
        nothing,
        "steps.datacapture.UnresolvedVariable",
        "Failed to resolve variable response",
    );
    check_fault(
        "<Collect><URIPath><Pattern>/{$}</Pattern></URIPath></Collect>",
        nothing,
        "steps.datacapture.ExtractionFailure",
        "No pattern matches the path",
    );
    check_fault(
        "<Collect><QueryParam name='none'><Pattern>{$}</Pattern></QueryParam></Collect>",
        nothing,
        "steps.datacapture.ExtractionFailure",
        "No pattern matches message.queryparam.none",
    );
    let json = "<Collect><JSONPayload><JSONPath>$.a</JSONPath></JSONPayload></Collect>";
    check_fault(
        json,
        body("application/json", "{}"),
        "steps.datacapture.JSONPathQueryFailed",
        "JSONPath $.a leads nowhere",
    );
    check_fault(
        json,
        body("text/plain", "{}"),
        "steps.datacapture.InvalidMsgContentType",
        "The content type of message is not JSON",
    );
    check_fault(
        "<Collect><XMLPayload><XPath>/b</XPath></XMLPayload></Collect>",
        body("text/xml", "<a/>"),
        "steps.datacapture.XPathEvaluationFailed",
        "XPath /b leads nowhere",
    );
    let ignoring = format!(
        "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{}",
        capture("dc", "<Collect ref='nobody'/>")
    );
    let outcome = collect(&ignoring, |_| {});
    assert!(outcome.result.is_ok() && outcome.errors.is_none());
    assert_eq!(outcome.recorded, ["dc "]);
}

#[test]
fn what_is_wrong_faults_whatever_the_default() {
    check_fault(
        "<Collect default='0'><JSONPayload><JSONPath>$.a</JSONPath></JSONPayload></Collect>",
        body("application/json", "[1"),
        "steps.datacapture.MsgContentParsingFailed",
        "The content of message failed to be parsed: EOF while parsing a list at line 1 column 2",
    );
    check_fault(
        "<Collect ref='private.secret' default='0'/>",
        |cx| cx.set(&VarRef::parse("private.secret"), Value::from("s")).unwrap(),
        "steps.datacapture.PrivateVariableAccess",
        "Variable private.secret is private",
    );
    check_fault(
        "<Collect default='0'><Source>mine</Source><Header name='h'><Pattern>{$}</Pattern></Header></Collect>",
        |cx| cx.set(&VarRef::parse("mine"), Value::from("s")).unwrap(),
        "steps.datacapture.NonMsgVariable",
        "Variable mine does not resolve to a Message",
    );
}

#[test]
fn a_small_body_makes_no_huge_value() {
    let nested = "{\"id\":".repeat(90) + &format!("\"{}\"", "x".repeat(200_000)) + &"}".repeat(90);
    check_fault(
        "<Collect><JSONPayload><JSONPath>$..id</JSONPath></JSONPayload></Collect>",
        |cx| {
            cx.request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            cx.request.set_content(Bytes::from(nested));
        },
        "steps.datacapture.JSONPathQueryFailed",
        "JSONPath $..id failed: the values that the JSON path finds are longer than 16777216 bytes",
    );
}

#[test]
fn all_captures_are_tried() {
    let parts = [
        capture("dc_a", "<Collect ref='nobody'/>"),
        capture("dc_b", "<Collect ref='request.verb'/>"),
        capture("dc_c", "<Collect ref='private.p'/>"),
    ];
    let outcome = collect(&parts.concat(), |_| {});
    assert_eq!(outcome.result.unwrap_err().name(), "UnresolvedVariable");
    assert_eq!(outcome.recorded, ["dc_a ", "dc_b GET", "dc_c "]);
    let errors = r#"[{"errorType":"UnresolvedVariable","policyName":"DC","dataCollector":"dc_a"},{"errorType":"PrivateVariableAccess","policyName":"DC","dataCollector":"dc_c"}]"#;
    assert_eq!(outcome.errors.as_deref(), Some(errors));
}

#[test]
fn values_are_bounded() {
    let parts = capture("dc", "<Collect ref='mine'/>");
    let throwing = format!("<ThrowExceptionOnLimit>true</ThrowExceptionOnLimit>{parts}");
    let long = |bytes: usize| {
        move |cx: &mut MessageContext| {
            cx.set(&VarRef::parse("mine"), Value::from("x".repeat(bytes))).unwrap();
        }
    };
    let outcome = collect(&throwing, long(VALUE_BYTES_MAX));
    assert!(outcome.result.is_ok() && outcome.errors.is_none());
    let outcome = collect(&parts, long(VALUE_BYTES_MAX + 1));
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.recorded, [format!("dc {}", "x".repeat(VALUE_BYTES_MAX))]);
    assert!(outcome.errors.unwrap().contains("MaxValueSizeLimitReached"));
    let outcome = collect(&throwing, long(VALUE_BYTES_MAX + 1));
    let fault = outcome.result.unwrap_err();
    assert_eq!(fault.code, "steps.datacapture.VariableValueLimitExceeded");
    assert_eq!(fault.text, "The value for dc is longer than 400 bytes");
    assert_eq!(outcome.recorded, ["dc "]);
}

#[test]
fn collectors_are_bounded() {
    let captures = |count: usize| -> String {
        (0..count).map(|n| capture(&format!("dc{n}"), "<Collect ref='request.verb'/>")).collect()
    };
    let throwing = |count| {
        let limit = "<ThrowExceptionOnLimit>true</ThrowExceptionOnLimit>";
        collect(&format!("{limit}{}", captures(count)), |_| {}).result
    };
    assert!(throwing(CAPTURED_MAX).is_ok());
    let fault = throwing(CAPTURED_MAX + 1).unwrap_err();
    assert_eq!(fault.code, "steps.datacapture.VariableCountLimitExceeded");
    assert_eq!(fault.text, "dc100 would be one more than 100 variables");
    let outcome = collect(&captures(CAPTURED_MAX + 20), |_| {});
    assert!(outcome.result.is_ok());
    assert!(outcome.errors.unwrap().len() <= VALUE_BYTES_MAX);
}

#[test]
fn of_several_values_the_last_one_counts() {
    let mut rig = Rig::new();
    let first = rig.link(&policy(&capture("dc", "<Collect ref='request.verb'/>")));
    let second = rig.link(&policy(&capture("dc", "<Collect ref='request.queryparam.q'/>")));
    let mut cx = rig.context();
    cx.response = Some(Message::response(StatusCode::OK));
    assert!(run(&first, &mut cx).is_ok() && run(&second, &mut cx).is_ok());
    drop(cx);
    assert_eq!(recorded(&rig.metrics), ["dc 1"]);
}

#[test]
fn what_it_takes_apart_is_known() {
    let collect_element = "<Collect><Source>response</Source><JSONPayload><JSONPath>$.a</JSONPath></JSONPayload></Collect>";
    let found = uses(&policy(&capture("dc", collect_element))).payloads;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].source, "response");
}

#[track_caller]
fn check_findings(parts: &str, expected: Expect) {
    expected.assert_eq(&findings(&policy(parts)));
}

#[test]
fn findings_name_what_cannot_be_collected() {
    check_findings(
        "",
        expect![[r#"
        p.xml:1:2: error[GW101]: `DataCapture` has no `Capture`
    "#]],
    );
    check_findings(
        "\n<Capture/>\n<Capture><DataCollector>a</DataCollector><Collect/></Capture>\n\
         <Capture><DataCollector scope='other'>a</DataCollector><Collect ref='b'/></Capture>\n\
         <Capture><DataCollector>a</DataCollector><Collect ref='b'/></Capture>\n\
         <Capture><DataCollector>d</DataCollector><Collect ref='b'><URIPath><Pattern>/{$}</Pattern></URIPath></Collect></Capture>\n\
         <Capture><DataCollector>e</DataCollector><Collect><URIPath><Pattern>/{id}</Pattern></URIPath></Collect></Capture>\n\
         <Capture><DataCollector>f</DataCollector><Collect><QueryParam><Pattern>{$}</Pattern></QueryParam></Collect></Capture>\n\
         <Capture><DataCollector>g</DataCollector><Collect><Header name='h'/></Collect></Capture>\n\
         <Capture><DataCollector>h</DataCollector><Collect><JSONPayload/></Collect></Capture>\n\
         <Capture><DataCollector>i</DataCollector><Collect><JSONPayload><JSONPath>$[</JSONPath></JSONPayload></Collect></Capture>\n\
         <Capture><DataCollector>j</DataCollector><Collect><XMLPayload/></Collect></Capture>\n\
         <Capture><DataCollector>k</DataCollector><Collect><XMLPayload><XPath>/b:a</XPath></XMLPayload></Collect></Capture>",
        expect![[r#"
            p.xml:2:2: error[GW101]: `Capture` has no `Collect`
            p.xml:2:2: error[GW101]: `Capture` has no `DataCollector`
            p.xml:3:42: error[GW101]: `Collect` has neither a ref nor a part of a message
            p.xml:4:32: warning[GW104]: `other` is no scope of a DataCollector
            p.xml:5:25: error[GW352]: DataCapture DC: Duplicate data collector a
            p.xml:6:59: error[GW352]: DataCapture DC: Collect takes a ref or exactly one of QueryParam, Header, FormParam, URIPath, JSONPayload, XMLPayload
            p.xml:7:69: error[GW352]: DataCapture DC: Failed to compile pattern /{id}
            p.xml:8:51: error[GW101]: `QueryParam` has no attribute `name`
            p.xml:9:51: error[GW101]: `Header` has no `Pattern`
            p.xml:10:51: error[GW352]: DataCapture DC: Empty JSONPath expression
            p.xml:11:74: error[GW352]: DataCapture DC: Failed to compile jsonpath $[
            p.xml:12:51: error[GW352]: DataCapture DC: Empty XPath expression
            p.xml:13:70: error[GW352]: DataCapture DC: Failed to compile xpath /b:a
        "#]],
    );
}
