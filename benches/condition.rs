//! A condition of three terms against the same test written in Rust, over one request.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};

use tollgate::clock::Clock;
use tollgate::condition::Condition;
use tollgate::message::{Client, Facts, Message, MessageContext, Value};
use tollgate::variable::{Bindable, Slots, VarRef};

const TIER: HeaderName = HeaderName::from_static("x-tier");

fn context(slots: Slots) -> MessageContext {
    let local = SocketAddr::from(([127, 0, 0, 1], 8080));
    let client = Client { peer: local, local };
    let target = PathAndQuery::from_static("/v1/orders/1723/items?page=2");
    let mut request = Message::request(Method::GET, target);
    for (name, value) in [
        ("host", "api.example.com"),
        ("accept", "application/json"),
        ("user-agent", "bench"),
        ("x-tier", "gold"),
    ] {
        let name = HeaderName::from_static(name);
        request.headers.insert(name, HeaderValue::from_static(value));
    }
    let facts = Arc::new(Facts { slots, ..Facts::default() });
    let mut cx = MessageContext::new(facts, Clock::manual(0), client, request);
    cx.basepath_bytes = "/v1".len();
    for (name, value) in [("flow.a", "alpha"), ("flow.b", "beta"), ("flow.c", "gamma")] {
        cx.set(&VarRef::parse(name), Value::from(value)).expect("a variable of one's own");
    }
    cx
}

fn condition(text: &str, slots: &mut Slots) -> Condition {
    let mut condition = Condition::parse(text).expect("it parses").expect("it is not empty");
    condition.bind(slots);
    condition
}

fn header<'a>(cx: &'a MessageContext, name: &HeaderName) -> Option<&'a [u8]> {
    cx.request.headers.get(name).map(HeaderValue::as_bytes)
}

/// One path element behind `/orders/`, then `/items`.
fn is_items(path: &str) -> bool {
    path.strip_prefix("/orders/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, rest)| rest == "items" || rest == "items/")
}

type Written = fn(&MessageContext) -> bool;

fn conditions(c: &mut Criterion) {
    let cases: [(&str, &str, Written); 3] = [
        (
            "three equalities, all true",
            r#"request.verb = "GET" and request.header.x-tier = "gold" and proxy.pathsuffix = "/orders/1723/items""#,
            |cx| {
                cx.request.method().is_some_and(|method| method.as_str() == "GET")
                    && header(cx, &TIER) == Some(b"gold")
                    && cx.pathsuffix() == "/orders/1723/items"
            },
        ),
        (
            "three equalities, first false",
            r#"request.verb = "PUT" and request.header.x-tier = "gold" and proxy.pathsuffix = "/orders/1723/items""#,
            |cx| {
                cx.request.method().is_some_and(|method| method.as_str() == "PUT")
                    && header(cx, &TIER) == Some(b"gold")
                    && cx.pathsuffix() == "/orders/1723/items"
            },
        ),
        (
            "equality, MatchesPath, equality",
            r#"request.verb = "GET" and proxy.pathsuffix MatchesPath "/orders/*/items" and request.header.x-tier = "gold""#,
            |cx| {
                cx.request.method().is_some_and(|method| method.as_str() == "GET")
                    && is_items(cx.pathsuffix())
                    && header(cx, &TIER) == Some(b"gold")
            },
        ),
    ];
    for (name, text, written) in cases {
        let mut slots = Slots::default();
        let condition = condition(text, &mut slots);
        let cx = context(slots);
        assert_eq!(condition.holds(&cx), written(&cx), "{name}");
        let mut group = c.benchmark_group(name);
        group.bench_function("condition", |b| b.iter(|| condition.holds(black_box(&cx))));
        group.bench_function("hand-written", |b| b.iter(|| written(black_box(&cx))));
        group.finish();
    }

    let mut slots = Slots::default();
    let text = r#"flow.a = "alpha" and flow.b = "beta" and flow.c = "gamma""#;
    let condition = condition(text, &mut slots);
    let cx = context(slots);
    assert!(condition.holds(&cx));
    c.bench_function("three variables of one's own", |b| {
        b.iter(|| condition.holds(black_box(&cx)));
    });
}

criterion_group!(benches, conditions);
criterion_main!(benches);
