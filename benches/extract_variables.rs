//! ExtractVariables as a step: three JSON paths from 1 KiB of payload, its reading included, and
//! patterns. The budget of the JSON paths is 10 us.

mod support;

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method};
use tollgate::message::{Documents, Message, MessageContext};
use tollgate::policy::kind::{PureStep, Step};

use crate::support::Linking;

/// As the binary has it: most of the time is the allocator's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const JSON: &str = r#"<ExtractVariables name="P"><VariablePrefix>order</VariablePrefix><JSONPayload>
      <Variable name="email"><JSONPath>$.order.customer.email</JSONPath></Variable>
      <Variable name="sku"><JSONPath>$.order.items[2].sku</JSONPath></Variable>
      <Variable name="prices"><JSONPath>$.order.items[*].price</JSONPath></Variable>
    </JSONPayload></ExtractVariables>"#;

const PATTERNS: &str = r#"<ExtractVariables name="P">
      <URIPath>
        <Pattern ignoreCase="true">/orders/{id}</Pattern>
        <Pattern ignoreCase="true">/orders/{id}/items/{item}</Pattern>
      </URIPath>
      <Header name="Authorization"><Pattern ignoreCase="true">Bearer {token}</Pattern></Header>
      <QueryParam name="sort"><Pattern>{sort}</Pattern></QueryParam>
    </ExtractVariables>"#;

/// 1 KiB, as a gateway sees it from an order service.
fn payload() -> String {
    let item = |index: usize| {
        format!(
            r#"{{"sku":"A-{index:04}","title":"A thing to be ordered","quantity":{index},"price":{index}9.95,"tags":["new","sale"]}}"#
        )
    };
    let items: Vec<String> = (1..=8).map(item).collect();
    let items = items.join(",");
    format!(
        r#"{{"order":{{"id":"o-1723","customer":{{"id":42,"name":"Ann Example","email":"ann@example.com"}},"items":[{items}],"total":719.6}},"status":"open"}}"#
    )
}

fn extract_variables(c: &mut Criterion) {
    let mut group = c.benchmark_group("extract_variables");
    let (step, mut cx) = prepare(JSON);
    group.bench_function("three JSON paths, 1 KiB", |b| {
        b.iter(|| {
            cx.documents = Documents::default();
            step.run(black_box(&mut cx)).is_ok()
        });
    });
    group.bench_function("the same, the document read before", |b| {
        b.iter(|| step.run(black_box(&mut cx)).is_ok());
    });
    let (step, mut cx) = prepare(PATTERNS);
    group.bench_function("path, header and query parameter", |b| {
        b.iter(|| step.run(black_box(&mut cx)).is_ok());
    });
    group.finish();
}

/// `POST /orders/o-1723/items/7?sort=price` with the payload.
fn prepare(policy: &str) -> (Box<dyn PureStep>, MessageContext) {
    let mut linking = Linking::new();
    let Step::Pure(step) = linking.link(policy) else { panic!("it waits for nothing") };
    let mut cx = linking.context();
    let target = PathAndQuery::from_static("/orders/o-1723/items/7?sort=price");
    cx.inbound_target = target.clone();
    cx.request = Message::request(Method::POST, target);
    let headers = &mut cx.request.headers;
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer 0123456789abcdef"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let payload = payload();
    assert!((900..1150).contains(&payload.len()), "{}", payload.len());
    cx.request.set_content(Bytes::from(payload));
    assert!(step.run(&mut cx).is_ok());
    (step, cx)
}

criterion_group!(benches, extract_variables);
criterion_main!(benches);
