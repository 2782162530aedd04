//! SpikeArrest and Quota as steps: the identifier's counter in memory, with nobody else there
//! and among 100,000 others. The budget of each is 300 ns.

use std::hint::black_box;
use std::sync::Arc;

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
use tollgate::store::cache::NamedCache;
use tollgate::store::counters::{CounterBackend, MemoryCounters};
use tollgate::variable::{Bind, Slot, Slots, VarRef};
use tollgate::xml;

const SPIKE_ARREST: &str = r#"<SpikeArrest name="P">
      <Rate>30ps</Rate><Identifier ref="client_id"/>
    </SpikeArrest>"#;

const QUOTA: &str = r#"<Quota name="P">
      <Allow count="1000000000"/><Interval>1</Interval><TimeUnit>hour</TimeUnit>
      <Identifier ref="client_id"/>
    </Quota>"#;

const QUOTA_OF_A_MONTH: &str = r#"<Quota name="P">
      <Allow count="1000000000"/><Interval>1</Interval><TimeUnit>month</TimeUnit>
      <Identifier ref="client_id"/>
    </Quota>"#;

const ROLLING_QUOTA: &str = r#"<Quota name="P" type="rollingwindow">
      <Allow count="1000000000"/><Interval>1</Interval><TimeUnit>hour</TimeUnit>
      <Identifier ref="client_id"/>
    </Quota>"#;

const OTHERS: usize = 100_000;

fn rate_limits(c: &mut Criterion) {
    let mut group = c.benchmark_group("rate_limits");
    for (name, policy) in [
        ("spike_arrest", SPIKE_ARREST),
        ("quota", QUOTA),
        ("quota_of_a_month", QUOTA_OF_A_MONTH),
        ("rolling_quota", ROLLING_QUOTA),
    ] {
        let mut bench = Bench::new(policy);
        group.bench_function(format!("{name}/alone"), |b| b.iter(|| bench.run()));
        for other in 0..OTHERS {
            bench.set_client(&format!("client-{other}"));
            bench.run();
        }
        bench.set_client("0123456789abcdef0123456789abcdef");
        group.bench_function(format!("{name}/among_others"), |b| b.iter(|| bench.run()));
    }
    group.finish();
}

struct Bench {
    step: Step,
    cx: MessageContext,
    client_id: VarRef,
}

impl Bench {
    fn new(policy: &str) -> Self {
        let counters = Arc::new(MemoryCounters::default());
        let mut linking = Linking { slots: Slots::default(), counters };
        let step = read(policy).link(&mut linking);
        let mut client_id = VarRef::parse("client_id");
        linking.slots.bind(&mut client_id);
        linking.slots.bind(&mut VarRef::parse("ratelimit.P.available.count"));
        let facts = Facts {
            proxy: ByteString::from_static("weatherapi"),
            slots: linking.slots,
            ..Facts::default()
        };
        let request = Message::request(Method::GET, PathAndQuery::from_static("/weather"));
        let peer = ([127, 0, 0, 1], 40_000).into();
        let local = ([127, 0, 0, 1], 8080).into();
        let client = Client { peer, local };
        let cx = MessageContext::new(Arc::new(facts), Clock::system(), client, request);
        let mut bench = Self { step, cx, client_id };
        bench.set_client("0123456789abcdef0123456789abcdef");
        bench
    }

    fn set_client(&mut self, id: &str) {
        self.cx.set(&self.client_id, Value::from(id)).expect("the variable is set");
    }

    fn run(&mut self) -> bool {
        let Step::Io(step) = &self.step else { panic!("a rate limit may wait") };
        match step.run(black_box(&mut self.cx)) {
            Run::Done(result) => result.is_ok(),
            Run::Wait(_) => panic!("counters in memory answer at once"),
        }
    }
}

fn read(text: &str) -> Box<dyn tollgate::policy::kind::Policy> {
    let text: Arc<str> = Arc::from(text);
    let mut diags = Diagnostics::default();
    let file = SourceMap::default().add("policies/P.xml", Arc::clone(&text));
    let body = xml::parse(file, &text, &mut diags).expect("the XML is well-formed");
    let kind = kind_of(&body.name).expect("the type is known");
    (kind.read)(&body, &mut diags).expect("the policy is read")
}

struct Linking {
    slots: Slots,
    counters: Arc<dyn CounterBackend>,
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
        "P"
    }

    fn output(&mut self, name: &str) -> Option<Slot> {
        self.slots.bind_output(&mut VarRef::parse(name));
        self.slots.find(name)
    }

    fn cache(&mut self, _resource: Option<&str>) -> Option<Arc<NamedCache>> {
        None
    }

    fn counters(&self) -> Arc<dyn CounterBackend> {
        self.counters.clone()
    }

    fn needs_message_body(&mut self) {}

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

criterion_group!(benches, rate_limits);
criterion_main!(benches);
