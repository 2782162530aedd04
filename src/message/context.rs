//! What one request carries through its plan.

use std::cell::OnceCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use hashbrown::HashMap;
use http::Method;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::uri::PathAndQuery;

use crate::clock::Clock;
use crate::message::{
    AnswerHeaders, Body, Captured, Documents, Fault, Head, Message, StoredResponse, Value,
};
use crate::variable::{Slot, Slots};

/// How many variables beyond its plan's own one request may create.
const EXTRA_VARIABLES_MAX: usize = 1000;

/// What does not change from request to request: names, and the table of variables.
#[derive(Debug, Default)]
pub struct Facts {
    pub organization: ByteString,
    pub environment: ByteString,
    pub proxy: ByteString,
    /// The revision as text, as keys and `apiproxy.revision` show it.
    pub revision: ByteString,
    /// The base path that the deployment itself adds; `/` where none.
    pub deployment_basepath: ByteString,
    /// Host and port of the samples' backend, where it runs.
    pub demo_backend: Option<ByteString>,
    pub flows: Vec<FlowFacts>,
    pub slots: Slots,
    /// `None`: there are no property sets.
    pub properties: Option<Arc<dyn Properties>>,
}

/// The property sets that a proxy's variables are looked up in.
pub trait Properties: Send + Sync + std::fmt::Debug {
    /// The value of `{set}.{key}`.
    fn property(&self, name: &str) -> Option<ByteString>;
}

/// What `current.flow.name` and its kin say.
#[derive(Debug, Default)]
pub struct FlowFacts {
    pub name: ByteString,
    pub description: Option<ByteString>,
}

/// A row of [`Facts::flows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowRef(pub u32);

/// What is fixed about a TargetEndpoint.
#[derive(Debug, Default)]
pub struct TargetFacts {
    pub name: ByteString,
    /// The path of the configured URL; `None` where it has none.
    pub basepath: Option<ByteString>,
    /// The configured URL; `None` where it holds references and is known only when called.
    pub url: Option<ByteString>,
    /// `http` or `https`.
    pub scheme: ByteString,
    /// `SSLInfo/CommonName`.
    pub expected_cn: Option<ByteString>,
}

/// Whom the certificate of a connection's other end was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub cn: Option<ByteString>,
    pub country: Option<ByteString>,
    pub email_address: Option<ByteString>,
    pub locality: Option<ByteString>,
    pub organization: Option<ByteString>,
    pub organization_unit: Option<ByteString>,
    pub state: Option<ByteString>,
}

/// Where in the pipeline a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    ProxyRequest,
    TargetRequest,
    TargetResponse,
    ProxyResponse,
    /// After the answer was sent.
    PostClient,
}

impl Phase {
    pub fn is_target(self) -> bool {
        matches!(self, Self::TargetRequest | Self::TargetResponse)
    }

    pub fn is_response(self) -> bool {
        matches!(self, Self::TargetResponse | Self::ProxyResponse | Self::PostClient)
    }
}

/// The other end of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    pub peer: SocketAddr,
    /// The address that it reached us at.
    pub local: SocketAddr,
}

/// Milliseconds since the epoch; `None` until it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub client_received_start: Option<i64>,
    pub client_received_end: Option<i64>,
    pub client_sent_start: Option<i64>,
    pub client_sent_end: Option<i64>,
    pub target_sent_start: Option<i64>,
    pub target_sent_end: Option<i64>,
    pub target_received_start: Option<i64>,
    pub target_received_end: Option<i64>,
}

/// What the target flows may set, and what is known of the target afterwards.
#[derive(Debug)]
pub struct TargetState {
    pub facts: Arc<TargetFacts>,
    pub url: Option<ByteString>,
    pub evaluated_url: Option<ByteString>,
    pub copy_pathsuffix: bool,
    pub copy_queryparams: bool,
    pub header_host: Option<ByteString>,
    pub expected_cn: Option<ByteString>,
    /// Set when the request went out.
    pub sent: Option<SentTarget>,
    /// `None` where no LoadBalancer chooses.
    pub balanced: Option<Box<Balanced>>,
}

impl TargetState {
    pub fn new(facts: Arc<TargetFacts>) -> Self {
        Self {
            facts,
            url: None,
            evaluated_url: None,
            copy_pathsuffix: true,
            copy_queryparams: true,
            header_host: None,
            expected_cn: None,
            sent: None,
            balanced: None,
        }
    }
}

/// Where a request went.
#[derive(Clone, Debug)]
pub struct SentTarget {
    pub scheme: ByteString,
    pub host: ByteString,
    pub port: u16,
    /// Known once connected.
    pub ip: Option<std::net::IpAddr>,
    /// Of its certificate, where it was reached by TLS.
    pub subject: Option<Arc<Subject>>,
    pub path_and_query: PathAndQuery,
}

/// The target server that a LoadBalancer chose, and those that failed before it.
#[derive(Clone, Debug, Default)]
pub struct Balanced {
    pub server: ByteString,
    pub is_fallback: bool,
    pub failed: Vec<ByteString>,
}

/// An answer at hand that may be used once the target has said that it still holds.
#[derive(Debug)]
pub struct Revalidation {
    pub stored: Arc<StoredResponse>,
    /// The client does not take the codings of its body.
    pub is_unpacked: bool,
    /// Where it is shown that the answer was used after all, and that it was unusable.
    pub cachehit: Option<Slot>,
    pub invalidentry: Option<Slot>,
}

/// One request: messages, variables, place in the pipeline. It lives on one thread.
#[derive(Debug)]
pub struct MessageContext {
    pub facts: Arc<Facts>,
    pub clock: Clock,
    pub client: Client,
    pub request: Message,
    pub response: Option<Message>,
    /// The error message, in an error flow only.
    pub error: Option<Message>,
    /// The fault that started the error flow; its message has moved to `error`.
    pub fault: Option<Fault>,
    pub phase: Phase,
    pub flow: Option<FlowRef>,
    pub proxy_flow: Option<FlowRef>,
    pub target_flow: Option<FlowRef>,
    /// Name and base path of the ProxyEndpoint.
    pub endpoint_name: ByteString,
    pub endpoint_basepath: ByteString,
    /// How many shared flows deep the running step stands.
    pub shared_flows: u32,
    /// How many proxies called each other to get here.
    pub local_calls: u32,
    /// How many bytes of the request's path the base path took.
    pub basepath_bytes: usize,
    pub route_name: Option<ByteString>,
    pub route_target: Option<ByteString>,
    pub target: Option<TargetState>,
    pub times: Times,
    /// How long the target's body may pause while a policy reads it; `None` where it is
    /// streamed past them, or there is none.
    pub response_wait: Option<Duration>,
    /// What the call of the target asks about.
    pub revalidation: Option<Box<Revalidation>>,
    /// Keys that policies' request sides keep for their response sides, by the policy's name.
    pub kept_keys: Vec<(ByteString, Bytes)>,
    /// What stands on the answer, whichever it will be.
    pub answer_headers: Option<Box<AnswerHeaders>>,
    /// The inbound request target as it came; a policy's write does not change it.
    pub inbound_target: PathAndQuery,
    /// Whether the client sent a POST or PUT that neither has a body nor says that it has none.
    pub lacks_length: bool,
    /// Whether a policy made a Google token, whose header is sensitive.
    pub has_token: bool,
    pub documents: Documents,
    pub captured: Captured,
    pub(super) values: Vec<Option<Value>>,
    pub(super) extra: HashMap<Arc<str>, Value, foldhash::fast::RandomState>,
    pub(super) message_id: OnceCell<ByteString>,
}

impl MessageContext {
    pub fn new(facts: Arc<Facts>, clock: Clock, client: Client, request: Message) -> Self {
        let mut values = Vec::new();
        values.resize_with(facts.slots.len(), || None);
        let inbound_target = match &request.head {
            Head::Request(head) => head.target.clone(),
            Head::Response(_) => PathAndQuery::from_static("/"),
        };
        let lacks_length = lacks_length(&request);
        Self {
            facts,
            clock,
            client,
            request,
            response: None,
            error: None,
            fault: None,
            phase: Phase::ProxyRequest,
            flow: None,
            proxy_flow: None,
            target_flow: None,
            endpoint_name: ByteString::new(),
            endpoint_basepath: ByteString::from_static("/"),
            shared_flows: 0,
            local_calls: 0,
            basepath_bytes: 0,
            route_name: None,
            route_target: None,
            target: None,
            times: Times::default(),
            response_wait: None,
            revalidation: None,
            kept_keys: Vec::new(),
            answer_headers: None,
            inbound_target,
            lacks_length,
            has_token: false,
            documents: Documents::default(),
            captured: Captured::default(),
            values,
            extra: HashMap::default(),
            message_id: OnceCell::new(),
        }
    }

    /// Whether the error flow runs (`is.error`).
    pub fn in_error(&self) -> bool {
        self.error.is_some()
    }

    /// `message`: the error in an error flow, the response once there is one, else the request.
    pub fn message(&self) -> &Message {
        if let Some(error) = &self.error {
            return error;
        }
        match &self.response {
            Some(response) if self.phase.is_response() => response,
            Some(_) | None => &self.request,
        }
    }

    pub fn message_mut(&mut self) -> &mut Message {
        if let Some(error) = &mut self.error {
            return error;
        }
        match &mut self.response {
            Some(response) if self.phase.is_response() => response,
            Some(_) | None => &mut self.request,
        }
    }

    /// `proxy.pathsuffix`: the request's path behind the base path, empty where nothing is left.
    pub fn pathsuffix(&self) -> &str {
        self.inbound_target.path().get(self.basepath_bytes..).unwrap_or("")
    }

    /// Writes an output variable of a policy, if anything reads it.
    pub fn set_output(&mut self, slot: Option<Slot>, value: impl FnOnce() -> Value) {
        let Some(slot) = slot else { return };
        if self.facts.slots.is_read(slot) {
            self.set_slot(slot, value());
        }
    }

    /// Writes an output variable, if anything reads it, and hands back what it was.
    pub fn swap_output(&mut self, slot: Option<Slot>, value: Option<Value>) -> Option<Value> {
        let slot = slot.filter(|slot| self.facts.slots.is_read(*slot))?;
        std::mem::replace(self.values.get_mut(slot.index())?, value)
    }

    pub fn set_slot(&mut self, slot: Slot, value: Value) {
        if let Some(place) = self.values.get_mut(slot.index()) {
            *place = Some(value);
        }
    }

    /// Sets a variable that no plan numbered. Past the bound the write is dropped.
    pub(super) fn set_extra(&mut self, name: &Arc<str>, value: Value) {
        if self.extra.len() < EXTRA_VARIABLES_MAX || self.extra.contains_key(name) {
            self.extra.insert(name.clone(), value);
        }
    }
}

fn lacks_length(request: &Message) -> bool {
    let wants_length = matches!(request.method(), Some(&Method::POST | &Method::PUT));
    wants_length
        && matches!(request.body, Body::Empty)
        && !request.headers.contains_key(CONTENT_LENGTH)
        && !request.headers.contains_key(TRANSFER_ENCODING)
}
