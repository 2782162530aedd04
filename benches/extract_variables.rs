//! ExtractVariables as a step: three JSON paths from 1 KiB of payload, its reading included, and
//! patterns. The budget of the JSON paths is 10 us.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method};
use jiff::tz::TimeZone;
use tollgate::clock::Clock;
use tollgate::diag::{Diagnostics, SourceMap};
use tollgate::message::{Client, Documents, Facts, Message, MessageContext};
use tollgate::policy::kind::{Linker, PureStep, Step};
use tollgate::policy::kind_of;
use tollgate::store::cache::NamedCache;
use tollgate::variable::{Bind, Slot, Slots, VarRef};
use tollgate::xml;

const JSON: &str = r#"<ExtractVariables name="E"><VariablePrefix>order</VariablePrefix><JSONPayload>
      <Variable name="email"><JSONPath>$.order.customer.email</JSONPath></Variable>
      <Variable name="sku"><JSONPath>$.order.items[2].sku</JSONPath></Variable>
      <Variable name="prices"><JSONPath>$.order.items[*].price</JSONPath></Variable>
    </JSONPayload></ExtractVariables>"#;

const PATTERNS: &str = r#"<ExtractVariables name="E">
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

fn prepare(policy: &str) -> (Box<dyn PureStep>, MessageContext) {
    let mut linking = Linking(Slots::default());
    let Step::Pure(step) = read(policy).link(&mut linking) else { panic!("it waits for nothing") };
    let facts = Facts { slots: linking.0, ..Facts::default() };
    let target = PathAndQuery::from_static("/orders/o-1723/items/7?sort=price");
    let mut request = Message::request(Method::POST, target);
    request.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer 0123456789abcdef"));
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let payload = payload();
    assert!((900..1150).contains(&payload.len()), "{}", payload.len());
    request.set_content(Bytes::from(payload));
    let peer = ([127, 0, 0, 1], 40_000).into();
    let local = ([127, 0, 0, 1], 8080).into();
    let client = Client { peer, local };
    let mut cx = MessageContext::new(Arc::new(facts), Clock::system(), client, request);
    assert!(step.run(&mut cx).is_ok());
    (step, cx)
}

fn read(text: &str) -> Box<dyn tollgate::policy::kind::Policy> {
    let text: Arc<str> = Arc::from(text);
    let mut diags = Diagnostics::default();
    let file = SourceMap::default().add("policies/E.xml", Arc::clone(&text));
    let body = xml::parse(file, &text, &mut diags).expect("the XML is well-formed");
    let kind = kind_of(&body.name).expect("the type is known");
    (kind.read)(&body, &mut diags).expect("the policy is read")
}

struct Linking(Slots);

impl Bind for Linking {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        self.0.bind(variable);
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        self.0.bind_output(variable);
    }
}

impl Linker for Linking {
    fn policy(&self) -> &str {
        "E"
    }

    fn output(&mut self, name: &str) -> Option<Slot> {
        self.0.bind_output(&mut VarRef::parse(name));
        self.0.find(name)
    }

    fn cache(&mut self, _resource: Option<&str>) -> Option<Arc<NamedCache>> {
        None
    }

    fn needs_message_body(&mut self) {}

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

criterion_group!(benches, extract_variables);
criterion_main!(benches);
