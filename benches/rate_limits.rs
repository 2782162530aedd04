//! SpikeArrest and Quota as steps: the identifier's counter in memory, with nobody else there
//! and among 100,000 others. The budget of each is 300 ns.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tollgate::message::{MessageContext, Value};
use tollgate::policy::kind::{Run, Step};
use tollgate::variable::VarRef;

use crate::support::Linking;

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
        let mut linking = Linking::new();
        let step = linking.link(policy);
        let client_id = linking.variable("client_id");
        linking.variable("ratelimit.P.available.count");
        let mut bench = Self { step, cx: linking.context(), client_id };
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

criterion_group!(benches, rate_limits);
criterion_main!(benches);
