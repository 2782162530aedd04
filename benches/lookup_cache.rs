//! LookupCache on a warm path: a hit and a miss in memory, the key of two fragments.
//! The budget of a hit is 1 us.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Method;
use http::uri::PathAndQuery;
use jiff::tz::TimeZone;
use tollgate::clock::Clock;
use tollgate::diag::{Diagnostics, SourceMap};
use tollgate::message::{Client, Facts, Message, MessageContext, Value};
use tollgate::policy::kind::{Linker, Run, Step};
use tollgate::policy::kind_of;
use tollgate::profile::Profile;
use tollgate::store::cache::expiry::Ttl;
use tollgate::store::cache::{Answer, Caches, Item, NamedCache};
use tollgate::variable::{Bind, Slot, Slots, VarRef};
use tollgate::xml;

const SCOPED: &str = r#"
    <LookupCache name="L">
      <CacheKey><KeyFragment>apiAccessToken</KeyFragment><KeyFragment ref="client_id"/></CacheKey>
      <Scope>Exclusive</Scope>
      <AssignTo>token</AssignTo>
    </LookupCache>"#;

const PREFIXED: &str = r#"
    <LookupCache name="L">
      <CacheKey>
        <Prefix>UserToken</Prefix>
        <KeyFragment>apiAccessToken</KeyFragment>
        <KeyFragment ref="client_id"/>
      </CacheKey>
      <AssignTo>token</AssignTo>
    </LookupCache>"#;

fn lookup_cache(c: &mut Criterion) {
    let mut group = c.benchmark_group("lookup_cache");
    for (name, policy, key) in [
        ("hit_scoped", SCOPED, "apifactory__test__weatherapi__16__default__apiAccessToken__12345"),
        ("hit_prefixed", PREFIXED, "UserToken__apiAccessToken__12345"),
        ("miss_scoped", SCOPED, "elsewhere"),
    ] {
        let (step, mut cx) = prepare(policy, key);
        let Step::Io(step) = step else { panic!("LookupCache may wait") };
        group.bench_function(name, |b| {
            b.iter(|| match step.run(black_box(&mut cx)) {
                Run::Done(result) => result.is_ok(),
                Run::Wait(_) => panic!("a cache in memory answers at once"),
            });
        });
    }
    group.finish();
}

/// Linked, the condition on a hit being the one variable that anybody reads.
fn prepare(policy: &str, key: &str) -> (Step, MessageContext) {
    let clock = Clock::system();
    let caches =
        Caches::new(Profile::Edge, Vec::new(), clock.clone()).expect("the caches are made");
    let Answer::Now(stored) = caches.shared().populate(
        key.as_bytes(),
        Item::String(ByteString::from("0123456789abcdef".repeat(4))),
        Ttl::For(Duration::from_secs(3600)),
    ) else {
        panic!("a cache in memory answers at once")
    };
    stored.expect("the value is stored");

    let mut linking = Linking { slots: Slots::default(), caches };
    let step = read(policy).link(&mut linking);
    let mut client_id = VarRef::parse("client_id");
    linking.slots.bind(&mut client_id);
    linking.slots.bind(&mut VarRef::parse("lookupcache.L.cachehit"));

    let facts = Facts {
        organization: ByteString::from_static("apifactory"),
        environment: ByteString::from_static("test"),
        proxy: ByteString::from_static("weatherapi"),
        revision: ByteString::from_static("16"),
        slots: linking.slots,
        ..Facts::default()
    };
    let request = Message::request(Method::GET, PathAndQuery::from_static("/weather"));
    let peer = ([127, 0, 0, 1], 40_000).into();
    let local = ([127, 0, 0, 1], 8080).into();
    let mut cx = MessageContext::new(Arc::new(facts), clock, Client { peer, local }, request);
    cx.endpoint_name = ByteString::from_static("default");
    cx.set(&client_id, Value::from("12345")).expect("the variable is set");
    (step, cx)
}

fn read(text: &str) -> Box<dyn tollgate::policy::kind::Policy> {
    let text: Arc<str> = Arc::from(text);
    let mut diags = Diagnostics::default();
    let file = SourceMap::default().add("policies/L.xml", Arc::clone(&text));
    let body = xml::parse(file, &text, &mut diags).expect("the XML is well-formed");
    let kind = kind_of(&body.name).expect("the type is known");
    (kind.read)(&body, &mut diags).expect("the policy is read")
}

struct Linking {
    slots: Slots,
    caches: Caches,
}

impl Bind for Linking {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        self.slots.bind(variable);
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        self.slots.bind_output(variable);
    }
}

impl Linker for Linking {
    fn policy(&self) -> &str {
        "L"
    }

    fn output(&mut self, name: &str) -> Option<Slot> {
        self.slots.bind_output(&mut VarRef::parse(name));
        self.slots.find(name)
    }

    fn cache(&mut self, _resource: Option<&str>) -> Option<Arc<NamedCache>> {
        Some(self.caches.shared())
    }

    fn needs_message_body(&mut self) {}

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

criterion_group!(benches, lookup_cache);
criterion_main!(benches);
