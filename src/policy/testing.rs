//! What the policies' tests share: a bundle's linking and one request, in memory.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytestring::ByteString;
use http::Method;
use http::uri::PathAndQuery;
use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::diag::{Diagnostics, SourceMap, render_short};
use crate::message::{Client, Facts, Fault, Message, MessageContext, TargetFacts, TargetState};
use crate::policy::kind::{Linker, Next, Policy, QuotaCounter, Revisions, Run, Step, Uses};
use crate::policy::kind_of;
use crate::profile::Profile;
use crate::store::cache::definition::CacheDefinition;
use crate::store::cache::{Answer, Caches, Item, Lookup, NamedCache};
use crate::store::counters::{CounterBackend, MemoryCounters};
use crate::store::kvm::Maps;
use crate::store::logs::Logs;
use crate::store::metrics::Metrics;
use crate::variable::{Bind, Place, Slot, Slots, VarRef};
use crate::xml::{self, FromXml};

/// 2024-02-28T12:00:00Z.
pub(super) const NOW_MS: i64 = 1_709_121_600_000;

/// One environment and the plan of one proxy in it.
pub(super) struct Rig {
    pub(super) slots: Slots,
    pub(super) caches: Caches,
    pub(super) counters: Arc<dyn CounterBackend>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) maps: Maps,
    pub(super) logs: Option<Arc<Logs>>,
    pub(super) clock: Clock,
    pub(super) needs_message_body: bool,
    /// The variables whose message is read as a whole or in its content.
    pub(super) needs_bodies_of: Vec<String>,
    /// The names of the variables that the policy sets for others.
    pub(super) outputs: Vec<String>,
    policy: String,
}

impl Rig {
    /// With the shared cache and one named `tokens`.
    pub(super) fn new() -> Self {
        let clock = Clock::manual(NOW_MS);
        let tokens = CacheDefinition::named("tokens");
        let caches = Caches::new(Profile::Edge, vec![tokens], clock.clone()).unwrap();
        Self {
            slots: Slots::default(),
            caches,
            counters: Arc::new(MemoryCounters::default()),
            metrics: Arc::default(),
            maps: Maps::none(),
            logs: None,
            clock,
            needs_message_body: false,
            needs_bodies_of: Vec::new(),
            outputs: Vec::new(),
            policy: String::new(),
        }
    }

    /// Whose linker says that the policy is called so.
    pub(super) fn named(policy: &str) -> Self {
        Self { policy: policy.to_owned(), ..Self::new() }
    }

    /// Reads and links a policy that has no error.
    #[track_caller]
    pub(super) fn link(&mut self, text: &str) -> Step {
        let (policy, findings) = read(text);
        self.policy = name_of(text);
        policy.unwrap_or_else(|| panic!("no policy:\n{findings}")).link(self)
    }

    /// A variable that something in the plan reads.
    pub(super) fn variable(&mut self, name: &str) -> VarRef {
        let mut variable = VarRef::parse(name);
        self.slots.bind(&mut variable);
        variable
    }

    /// `GET /weather/today?q=1`, revision 16 of `weatherapi` in `apifactory`, `test`.
    pub(super) fn context(&self) -> MessageContext {
        let facts = Facts {
            organization: ByteString::from_static("apifactory"),
            environment: ByteString::from_static("test"),
            proxy: ByteString::from_static("weatherapi"),
            revision: ByteString::from_static("16"),
            slots: self.slots.clone(),
            ..Facts::default()
        };
        let request =
            Message::request(Method::GET, PathAndQuery::from_static("/weather/today?q=1"));
        let local = "127.0.0.1:8080".parse().unwrap();
        let peer = "127.0.0.1:40000".parse().unwrap();
        let client = Client { peer, local };
        let mut cx = MessageContext::new(Arc::new(facts), self.clock.clone(), client, request);
        cx.endpoint_name = ByteString::from_static("default");
        cx
    }
}

/// The state of a target flow.
pub(super) fn target(name: &'static str) -> TargetState {
    TargetState::new(Arc::new(TargetFacts {
        name: ByteString::from_static(name),
        ..TargetFacts::default()
    }))
}

pub(super) fn run(step: &Step, cx: &mut MessageContext) -> Result<Next, Fault> {
    match step {
        Step::Pure(step) => step.run(cx),
        Step::Io(step) => match step.run(cx) {
            Run::Done(result) => result,
            Run::Wait(wait) => ready(wait),
        },
        Step::Call(_) => panic!("it calls the outside"),
        // The engine runs the flow; what is the policy's own is its parameters.
        Step::Flow(call) => {
            let before = call.parameters.enter(cx);
            call.parameters.leave(cx, before);
            Ok(Next::Continue)
        }
    }
}

/// The value of a future that is ready at its first poll.
#[track_caller]
pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("not ready"),
    }
}

/// The variable as a template shows it.
pub(super) fn text(cx: &MessageContext, name: &str) -> Option<String> {
    let variable = VarRef::parse(name);
    cx.text(&variable).map(std::borrow::Cow::into_owned)
}

/// Reads a policy; findings in the short form.
pub(super) fn read(text: &str) -> (Option<Box<dyn Policy>>, String) {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let text: Arc<str> = Arc::from(text);
    let file = sources.add("p.xml", text.clone());
    let element = xml::parse(file, &text, &mut diags).expect("the XML is well-formed");
    let kind = kind_of(&element.name).expect("the type is known");
    let policy = (kind.read)(&element, &mut diags);
    diags.sort();
    (policy, render_short("", &diags, &sources))
}

/// Reads one element.
pub(super) fn read_element<T: FromXml>(text: &str) -> Option<T> {
    let mut diags = Diagnostics::default();
    let text: Arc<str> = Arc::from(text);
    let file = SourceMap::default().add("p.xml", text.clone());
    let element = xml::parse(file, &text, &mut diags).expect("the XML is well-formed");
    T::from_xml(&element, &mut diags)
}

/// What a cache in memory has under a key.
pub(super) fn stored(cache: &NamedCache, key: &str) -> Option<Item> {
    match cache.lookup(key.as_bytes(), Duration::ZERO) {
        Answer::Now(Lookup::Hit(item)) => Some(item),
        Answer::Now(Lookup::Miss(_)) => None,
        Answer::Later(_) => panic!("a cache in memory answers at once"),
    }
}

pub(super) fn findings(text: &str) -> String {
    read(text).1
}

#[track_caller]
pub(super) fn uses(text: &str) -> Uses {
    read(text).0.expect("the policy is read").uses()
}

fn name_of(text: &str) -> String {
    let at = text.find("name=\"").map_or(0, |at| at + 6);
    text[at..].split('"').next().unwrap_or_default().to_owned()
}

impl Bind for Rig {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        self.slots.bind(variable);
        if let Place::Message(_, part) = variable.place()
            && part.needs_body()
        {
            self.needs_bodies_of.push(variable.name().to_owned());
        }
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        self.slots.bind_output(variable);
    }
}

impl Linker for Rig {
    fn policy(&self) -> &str {
        &self.policy
    }

    fn output(&mut self, name: &str) -> Option<Slot> {
        self.outputs.push(name.to_owned());
        let mut variable = VarRef::parse(name);
        self.slots.bind_output(&mut variable);
        self.slots.find(name)
    }

    fn cache(&mut self, resource: Option<&str>) -> Option<Arc<NamedCache>> {
        match resource {
            None => Some(self.caches.shared()),
            Some(name) => self.caches.get(name),
        }
    }

    fn counters(&self) -> Arc<dyn CounterBackend> {
        self.counters.clone()
    }

    fn proxy(&self) -> &str {
        "weatherapi"
    }

    fn environment(&self) -> &str {
        "test"
    }

    fn maps(&self) -> Maps {
        self.maps.clone()
    }

    fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    fn logs(&self) -> Option<Arc<Logs>> {
        self.logs.clone()
    }

    fn revision(&self) -> u32 {
        16
    }

    fn quota_counters(&self) -> Arc<[QuotaCounter]> {
        let quota = |policy, counter| QuotaCounter {
            policy: ByteString::from_static(policy),
            counter: ByteString::from_static(counter),
        };
        Arc::new([quota("Quota", "Quota"), quota("Q", "Q"), quota("S", "shared")])
    }

    fn needs_message_body(&mut self) {
        self.needs_message_body = true;
    }

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    fn resource(&self, url: &str) -> Option<ByteString> {
        match url {
            "template://greeting.txt" => Some(ByteString::from_static("Hello {who}")),
            "jsc://words.txt" => Some(ByteString::from_static("words")),
            _ => None,
        }
    }

    fn revisions(&self) -> Option<Arc<dyn Revisions>> {
        Some(Arc::new(OneOther))
    }
}

/// `newsapi` runs its revision 3.
struct OneOther;

impl Revisions for OneOther {
    fn deployed(&self, proxy: &str) -> Option<ByteString> {
        (proxy == "newsapi").then(|| ByteString::from_static("3"))
    }
}
