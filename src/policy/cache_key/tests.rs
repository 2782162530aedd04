use expect_test::{Expect, expect};

use super::*;
use crate::message::{MessageContext, Phase};
use crate::policy::testing::{Rig, findings, run, target, text, uses};
use crate::variable::VarRef;

/// The key of a LookupCache with these children, as its variable shows it.
#[track_caller]
fn check(children: &str, prepare: impl FnOnce(&mut MessageContext), expected: &str) {
    let mut rig = Rig::new();
    let xml = format!(r#"<LookupCache name="L"><AssignTo>v</AssignTo>{children}</LookupCache>"#);
    let step = rig.link(&xml);
    for name in ["lookupcache.L.cachekey", "client_id", "number", "raw"] {
        rig.variable(name);
    }
    let mut cx = rig.context();
    prepare(&mut cx);
    run(&step, &mut cx).unwrap();
    assert_eq!(text(&cx, "lookupcache.L.cachekey").as_deref(), Some(expected), "{children}");
}

fn set(cx: &mut MessageContext, name: &str, value: Value) {
    cx.set(&VarRef::parse(name), value).unwrap();
}

#[test]
fn prefix_and_fragments_join_in_order() {
    for (children, expected) in [
        (
            "<CacheKey><Prefix>myprefix</Prefix><KeyFragment>hello</KeyFragment>\
             <KeyFragment>world</KeyFragment></CacheKey>",
            "myprefix__hello__world",
        ),
        (
            r#"<CacheKey><Prefix>UserToken</Prefix><KeyFragment>apiAccessToken</KeyFragment>
               <KeyFragment ref="client_id"/></CacheKey>"#,
            "UserToken__apiAccessToken__12345",
        ),
        // The prefix stands first wherever it is written.
        (
            "<CacheKey><KeyFragment>b</KeyFragment><Prefix>p</Prefix>\
             <KeyFragment>a</KeyFragment></CacheKey>",
            "p__b__a",
        ),
        ("<CacheKey><Prefix>p</Prefix></CacheKey>", "p"),
        (
            r#"<CacheKey><Prefix ref="client_id"/><KeyFragment>a</KeyFragment></CacheKey>"#,
            "12345__a",
        ),
        // A prefix without a value stays a prefix.
        (r#"<CacheKey><Prefix ref="nobody"/><KeyFragment>a</KeyFragment></CacheKey>"#, "__a"),
    ] {
        check(children, |cx| set(cx, "client_id", Value::from("12345")), expected);
    }
}

#[test]
fn scopes_stand_for_their_names() {
    let proxy = "apifactory__test__weatherapi__16__default__apiAccessToken";
    let backend = "apifactory__test__weatherapi__16__backend__apiAccessToken";
    let nowhere = "apifactory__test__weatherapi__16____apiAccessToken";
    for (scope, phase, expected) in [
        ("Exclusive", Phase::ProxyRequest, proxy),
        ("Exclusive", Phase::TargetRequest, backend),
        ("Exclusive", Phase::TargetResponse, backend),
        ("Exclusive", Phase::ProxyResponse, proxy),
        ("Exclusive", Phase::PostClient, proxy),
        ("", Phase::ProxyRequest, proxy),
        ("Proxy", Phase::TargetRequest, proxy),
        ("Target", Phase::TargetRequest, backend),
        ("Target", Phase::ProxyRequest, nowhere),
        ("Application", Phase::ProxyRequest, "apifactory__test__weatherapi__apiAccessToken"),
        ("Global", Phase::TargetRequest, "apifactory__test__apiAccessToken"),
    ] {
        let children = format!(
            "<Scope> {scope} </Scope>\
             <CacheKey><KeyFragment>apiAccessToken</KeyFragment></CacheKey>"
        );
        let prepare = |cx: &mut MessageContext| {
            cx.phase = phase;
            if phase.is_target() {
                cx.target = Some(target("backend"));
            }
        };
        check(&children, prepare, expected);
    }
}

#[test]
fn the_route_names_the_target_once_its_flows_are_left() {
    let children = "<Scope>Target</Scope><CacheKey><KeyFragment>a</KeyFragment></CacheKey>";
    let prepare = |cx: &mut MessageContext| {
        cx.phase = Phase::ProxyResponse;
        cx.route_target = Some("backend".into());
    };
    check(children, prepare, "apifactory__test__weatherapi__16__backend__a");
}

#[test]
fn a_prefix_takes_the_place_of_the_scope() {
    let children =
        "<Scope>Global</Scope><CacheKey><Prefix>p</Prefix><KeyFragment>a</KeyFragment></CacheKey>";
    check(children, |_| {}, "p__a");
}

#[test]
fn fragments_keep_their_places_and_their_bytes() {
    for (fragments, expected) in [
        // Without a value: empty, the separator stays.
        (r#"<KeyFragment>a</KeyFragment><KeyFragment ref="nobody"/>"#, "p__a__"),
        (
            r#"<KeyFragment>a</KeyFragment><KeyFragment ref="nobody"/><KeyFragment>b</KeyFragment>"#,
            "p__a____b",
        ),
        // Not given at all: nothing.
        (r#"<KeyFragment/><KeyFragment ref="">b</KeyFragment><KeyFragment ref=""/>"#, "p__b"),
        ("<KeyFragment> </KeyFragment>", "p"),
        // The variable goes before the text, which stands in for it.
        (r#"<KeyFragment ref="client_id">x</KeyFragment>"#, "p__A b__C"),
        (r#"<KeyFragment ref="nobody">x</KeyFragment>"#, "p__x"),
        (r#"<KeyFragment ref="number"/>"#, "p__7"),
        // Braces are text, and so is white space.
        ("<KeyFragment> {client_id} </KeyFragment>", "p__ {client_id} "),
        (r#"<KeyFragment type="string">a</KeyFragment>"#, "p__a"),
        (r#"<KeyFragment ref="request.header.accept"/>"#, "p__text/html"),
        (r#"<KeyFragment ref="request.uri"/>"#, "p__/weather/today?q=1"),
    ] {
        let children = format!("<CacheKey><Prefix>p</Prefix>{fragments}</CacheKey>");
        let prepare = |cx: &mut MessageContext| {
            set(cx, "client_id", Value::from("A b__C"));
            set(cx, "number", Value::Integer(7));
            let accept = http::HeaderValue::from_static("text/html, text/plain");
            cx.request.headers.insert(http::header::ACCEPT, accept);
        };
        check(&children, prepare, expected);
    }
}

#[test]
fn no_fragments_leave_the_scope_alone() {
    check(
        r#"<CacheKey><KeyFragment ref=""/></CacheKey>"#,
        |_| {},
        "apifactory__test__weatherapi__16__default",
    );
}

#[test]
fn a_key_ends_at_its_limit() {
    let mut rig = Rig::new();
    let raw = rig.variable("raw");
    let mut key = CacheKey {
        prefix: Some(KeyPart { variable: None, text: Some("p".to_owned()) }),
        fragments: vec![KeyPart { variable: Some(raw.clone()), text: None }],
        scope: Scope::Exclusive,
        span: Span::file_start(crate::diag::SourceMap::default().add("p.xml", "".into())),
    };
    key.bind(&mut rig.slots);
    for (value_bytes, kept) in
        [(KEY_BYTES_MAX - 3, true), (KEY_BYTES_MAX - 2, false), (10 * KEY_BYTES_MAX, false)]
    {
        let mut cx = rig.context();
        cx.set(&raw, Value::from("x".repeat(value_bytes))).unwrap();
        let mut buffer = KeyBuffer::default();
        key.compose(&cx, &mut buffer);
        assert_eq!(buffer.get().is_some(), kept, "{value_bytes}");
        let Value::String(shown) = buffer.to_value() else { panic!("a text") };
        assert_eq!(shown.len(), KEY_BYTES_MAX);
    }
}

#[test]
fn bytes_that_are_no_text_are_part_of_the_key() {
    let mut rig = Rig::new();
    let raw = rig.variable("raw");
    let mut cx = rig.context();
    cx.set(&raw, Value::Bytes(bytes::Bytes::from_static(b"\xff\x00"))).unwrap();
    let mut buffer = KeyBuffer::default();
    KeyPart { variable: Some(raw), text: None }.push(&cx, &mut buffer);
    assert_eq!(buffer.get(), Some(&b"\xff\x00"[..]));
}

#[test]
fn lint_can_compare_keys() {
    for (scope, prefix, expected) in [
        ("<Scope>Global</Scope>", "", (Some("Global"), "a__{b}")),
        ("", "", (Some("Exclusive"), "a__{b}")),
        ("<Scope>Global</Scope>", "<Prefix>p</Prefix>", (None, "p__a__{b}")),
    ] {
        let used = uses(&format!(
            r#"<LookupCache name="L"><AssignTo>v</AssignTo><CacheResource>tokens</CacheResource>
               {scope}<CacheKey>{prefix}<KeyFragment>a</KeyFragment><KeyFragment ref="b"/></CacheKey>
               </LookupCache>"#
        ));
        let [cache] = used.caches.as_slice() else { panic!("one cache") };
        assert_eq!((cache.scope, cache.key.as_str()), expected, "{scope} {prefix}");
        assert_eq!(cache.resource.as_ref().map(|name| name.value.as_str()), Some("tokens"));
    }
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    let xml =
        format!("<LookupCache name=\"L\">\n<AssignTo>v</AssignTo>\n{children}\n</LookupCache>");
    expected.assert_eq(&findings(&xml));
}

#[test]
fn findings_name_their_places() {
    check_findings(
        "",
        expect![[r#"
        p.xml:1:2: error[GW101]: `LookupCache` has no `CacheKey`
    "#]],
    );
    check_findings(
        "<CacheKey/>",
        expect![[r#"
        p.xml:3:1: error[GW101]: `CacheKey` in `LookupCache` is empty
    "#]],
    );
    check_findings(
        "<CacheKey><KeyFragment/></CacheKey>",
        expect![[r#"
        p.xml:3:1: warning[GW302]: `CacheKey` has no `KeyFragment`
    "#]],
    );
    check_findings(
        "<Scope>exclusive</Scope><CacheKey><KeyFragment>a</KeyFragment></CacheKey>",
        expect![[r#"
            p.xml:3:8: error[GW104]: `exclusive` is no Scope
        "#]],
    );
    check_findings(
        "<Scope>Proxy</Scope><CacheKey><Prefix>p</Prefix><KeyFragment>a</KeyFragment></CacheKey>",
        expect![[r#"
            p.xml:3:8: note[GW303]: Scope `Proxy` has no effect beside a Prefix
        "#]],
    );
    check_findings(
        r#"<CacheKey><KeyFragment ref="x">a</KeyFragment><Fragment>b</Fragment></CacheKey>"#,
        expect![[r#"
            p.xml:3:32: warning[GW301]: `KeyFragment` has both a ref and a text
            p.xml:3:48: warning[GW102]: `Fragment` is unknown in `CacheKey` and has no effect
        "#]],
    );
    check_findings(r#"<CacheKey><KeyFragment type="string" ref="x"/></CacheKey>"#, expect![""]);
}
