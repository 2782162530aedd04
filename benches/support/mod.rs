//! What the benches of single policies share: reading and linking one, and a request to run it
//! on.

use std::sync::Arc;

use bytestring::ByteString;
use http::Method;
use http::uri::PathAndQuery;
use jiff::tz::TimeZone;
use tollgate::clock::Clock;
use tollgate::diag::{Diagnostics, SourceMap};
use tollgate::message::{Client, Facts, Message, MessageContext};
use tollgate::policy::kind::{Linker, Step};
use tollgate::policy::kind_of;
use tollgate::profile::Profile;
use tollgate::store::cache::{Caches, NamedCache};
use tollgate::store::counters::{CounterBackend, MemoryCounters};
use tollgate::store::kvm::Maps;
use tollgate::variable::{Bind, Slot, Slots, VarRef};
use tollgate::xml;

/// An environment with the shared cache and counters in memory, for one policy that is called
/// `P`.
pub(crate) struct Linking {
    pub(crate) caches: Caches,
    pub(crate) maps: Maps,
    clock: Clock,
    counters: Arc<dyn CounterBackend>,
    slots: Slots,
}

impl Linking {
    pub(crate) fn new() -> Self {
        let clock = Clock::system();
        let caches = Caches::new(Profile::Edge, Vec::new(), clock.clone());
        Self {
            caches: caches.expect("the caches are made"),
            maps: Maps::none(),
            clock,
            counters: Arc::new(MemoryCounters::default()),
            slots: Slots::default(),
        }
    }

    pub(crate) fn link(&mut self, policy: &str) -> Step {
        let text: Arc<str> = Arc::from(policy);
        let mut diags = Diagnostics::default();
        let file = SourceMap::default().add("policies/P.xml", Arc::clone(&text));
        let body = xml::parse(file, &text, &mut diags).expect("the XML is well-formed");
        let kind = kind_of(&body.name).expect("the type is known");
        (kind.read)(&body, &mut diags).expect("the policy is read").link(self)
    }

    /// A variable that something reads.
    #[allow(dead_code, reason = "not every bench has one")]
    pub(crate) fn variable(&mut self, name: &str) -> VarRef {
        let mut variable = VarRef::parse(name);
        self.slots.bind(&mut variable);
        variable
    }

    /// `GET /weather`, in the revision 16 of `weatherapi`.
    pub(crate) fn context(self) -> MessageContext {
        let facts = Facts {
            organization: ByteString::from_static("apifactory"),
            environment: ByteString::from_static("test"),
            proxy: ByteString::from_static("weatherapi"),
            revision: ByteString::from_static("16"),
            slots: self.slots,
            ..Facts::default()
        };
        let request = Message::request(Method::GET, PathAndQuery::from_static("/weather"));
        let peer = ([127, 0, 0, 1], 40_000).into();
        let local = ([127, 0, 0, 1], 8080).into();
        let client = Client { peer, local };
        let mut cx = MessageContext::new(Arc::new(facts), self.clock, client, request);
        cx.endpoint_name = ByteString::from_static("default");
        cx
    }
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
        Some(self.caches.shared())
    }

    fn counters(&self) -> Arc<dyn CounterBackend> {
        self.counters.clone()
    }

    fn maps(&self) -> Maps {
        self.maps.clone()
    }

    fn needs_message_body(&mut self) {}

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}
