//! LookupCache on a warm path: a hit and a miss in memory, the key of two fragments.
//! The budget of a hit is 1 us.

mod support;

use std::hint::black_box;
use std::time::Duration;

use bytestring::ByteString;
use criterion::{Criterion, criterion_group, criterion_main};
use tollgate::message::{MessageContext, Value};
use tollgate::policy::kind::{Run, Step};
use tollgate::store::cache::expiry::Ttl;
use tollgate::store::cache::{Answer, Item};

use crate::support::Linking;

const SCOPED: &str = r#"
    <LookupCache name="P">
      <CacheKey><KeyFragment>apiAccessToken</KeyFragment><KeyFragment ref="client_id"/></CacheKey>
      <Scope>Exclusive</Scope>
      <AssignTo>token</AssignTo>
    </LookupCache>"#;

const PREFIXED: &str = r#"
    <LookupCache name="P">
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
    let mut linking = Linking::new();
    let Answer::Now(stored) = linking.caches.shared().populate(
        key.as_bytes(),
        Item::String(ByteString::from("0123456789abcdef".repeat(4))),
        Ttl::For(Duration::from_secs(3600)),
    ) else {
        panic!("a cache in memory answers at once")
    };
    stored.expect("the value is stored");

    let step = linking.link(policy);
    let client_id = linking.variable("client_id");
    linking.variable("lookupcache.P.cachehit");
    let mut cx = linking.context();
    cx.set(&client_id, Value::from("12345")).expect("the variable is set");
    (step, cx)
}

criterion_group!(benches, lookup_cache);
criterion_main!(benches);
