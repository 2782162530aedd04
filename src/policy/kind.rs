//! The contract between policies and what reads, links and runs them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;

use crate::diag::{Diagnostics, Span};
use crate::message::{Fault, Kept, MessageContext};
use crate::profile::Profile;
use crate::store::cache::NamedCache;
use crate::store::counters::{CounterBackend, MemoryCounters};
use crate::store::kvm::Maps;
use crate::store::logs::Logs;
use crate::store::metrics::Metrics;
use crate::upstream::Upstream;
use crate::upstream::google::GoogleTokens;
use crate::variable::{Bind, Bindable, Slot};
use crate::xml::{Element, Fields, Text};

/// A row of the table of policies.
#[derive(Clone, Copy, Debug)]
pub struct PolicyKind {
    /// The root element, which is the policy's type.
    pub element: &'static str,
    /// What stands before `.failed` and `.{policy}.failed` in the variables of its faults.
    pub failed_prefix: &'static str,
    /// Never fails: what is missing or unknown is reported with its place.
    pub read: fn(&Element, &mut Diagnostics) -> Option<Box<dyn Policy>>,
    /// What the documentation says of it.
    pub page: &'static Page,
}

/// A policy's section of `docs/policies.md`, and its rows of `docs/faults.md`. All texts are
/// Markdown; those of rows stay on one line.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// What it does, in a few sentences.
    pub summary: &'static str,
    /// Its elements and attributes beside those that all policies have, as they are read.
    pub elements: &'static [ElementRow],
    /// The variables that it sets under names of its own.
    pub variables: &'static [VariableRow],
    pub faults: &'static [FaultRow],
    /// Rules that no table holds; may be empty.
    pub notes: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct ElementRow {
    /// Below the root, such as `CacheKey/KeyFragment@ref`, or `@type` of the root itself; several
    /// that one text is for, parted by a comma and a space.
    pub path: &'static str,
    /// `required`, the default's text, or empty where there is none.
    pub default: &'static str,
    pub meaning: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct VariableRow {
    /// With `{policy}` for the policy's name, such as `lookupcache.{policy}.cachehit`.
    pub name: &'static str,
    /// `text`, `integer`, `boolean` and so on.
    pub kind: &'static str,
    pub meaning: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct FaultRow {
    /// The whole errorcode.
    pub code: &'static str,
    pub status: u16,
    /// With `{name}` for what varies.
    pub faultstring: &'static str,
    pub when: &'static str,
}

/// What every kind of policy may hold beside its own fields: read with the policy's head, or
/// without effect.
pub fn skip_head(xml: &mut Fields<'_, '_>) {
    xml.ignore(&["name", "enabled", "continueOnError", "async"]);
    xml.ignore(&["DisplayName", "Description", "Properties", "FaultRules"]);
}

/// What a policy's XML says, before names have places.
pub trait Policy: fmt::Debug + Send {
    /// What lint must know of it.
    fn uses(&self) -> Uses;

    /// The last place that sees a name.
    fn link(self: Box<Self>, linker: &mut dyn Linker) -> Step;
}

/// What a policy reads, writes and needs of its environment.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    pub caches: Vec<CacheUse>,
    /// Names of the shared flows that it calls.
    pub shared_flows: Vec<Text>,
    /// Of a Quota; the inner value is the `SharedName` in whose name it counts.
    pub quota_counter: Option<Option<String>>,
    /// Bodies that it takes apart.
    pub payloads: Vec<PayloadUse>,
}

/// A body, or a text in a variable, that a policy takes apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadUse {
    /// The variable that holds it, such as `request`.
    pub source: String,
    pub format: PayloadFormat,
    /// The element that asks for it.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFormat {
    Json,
    Xml,
    Form,
}

/// A cache that a policy names.
#[derive(Clone, Debug)]
pub struct CacheUse {
    /// `None`: the shared cache.
    pub resource: Option<Text>,
    pub access: CacheAccess,
    /// `None` beside a prefix, where it has no effect.
    pub scope: Option<&'static str>,
    /// Prefix and fragments as written, to see whether two policies can meet.
    pub key: String,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheAccess {
    Lookup,
    Populate,
    Invalidate,
    /// Whole responses are looked up in request flows and stored in response flows.
    Respond,
}

/// A Quota of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaCounter {
    /// Its `name` attribute.
    pub policy: ByteString,
    /// What its counter is called: the policy's name, or its `SharedName`.
    pub counter: ByteString,
}

/// What gives a policy's names their places.
pub trait Linker: Bind {
    /// The policy's `name` attribute.
    fn policy(&self) -> &str;

    /// The proxy's name; empty where there is none.
    fn proxy(&self) -> &str {
        ""
    }

    fn environment(&self) -> &str {
        ""
    }

    fn profile(&self) -> Profile {
        Profile::Edge
    }

    /// The environment's key-value maps. The default has none and is never there.
    fn maps(&self) -> Maps {
        Maps::none()
    }

    /// The slot of a variable that the policy sets for others, by its whole name.
    fn output(&mut self, name: &str) -> Option<Slot>;

    /// The named cache, or the shared one. `None` where the environment has no such cache.
    fn cache(&mut self, resource: Option<&str>) -> Option<Arc<NamedCache>>;

    /// The shared flow of that name. `None` where the environment has none.
    fn shared_flow(&mut self, name: &str) -> Option<SharedFlowId> {
        let _ = name;
        None
    }

    /// Where messages are counted. The default is nobody else's.
    fn counters(&self) -> Arc<dyn CounterBackend> {
        Arc::new(MemoryCounters::default())
    }

    /// Where policies record what is counted and summed up. The default is nobody else's.
    fn metrics(&self) -> Arc<Metrics> {
        Arc::default()
    }

    /// The Quota policies that the bundle's steps can reach.
    fn quota_counters(&self) -> Arc<[QuotaCounter]> {
        Arc::default()
    }

    /// The step reads or replaces the whole message in scope.
    fn needs_message_body(&mut self);

    /// The bodies that the step reads are brought into memory where their endpoint streams, too.
    fn buffers_streams(&mut self) {}

    /// The proxy's revision.
    fn revision(&self) -> u32 {
        1
    }

    /// Where policies log to. `None` where nothing is logged.
    fn logs(&self) -> Option<Arc<Logs>> {
        None
    }

    /// The zone of `TimeOfDay` and `ExpiryDate`.
    fn zone(&self) -> jiff::tz::TimeZone;

    /// The text of a resource file such as `template://name` or `jsc://name`.
    fn resource(&self, url: &str) -> Option<ByteString> {
        let _ = url;
        None
    }

    /// `None` where nobody knows of other proxies.
    fn revisions(&self) -> Option<Arc<dyn Revisions>> {
        None
    }

    /// The Google tokens of the environment. `None` where the platform has none.
    fn google(&self) -> Option<Arc<GoogleTokens>> {
        None
    }
}

/// What the environment runs at this moment.
pub trait Revisions: Send + Sync {
    /// The deployed revision of the proxy of that name.
    fn deployed(&self, proxy: &str) -> Option<ByteString>;
}

impl dyn Linker + '_ {
    /// Gives every variable inside its place.
    pub fn bind(&mut self, holder: &mut dyn Bindable) {
        struct Through<'a, 'b>(&'a mut (dyn Linker + 'b));
        impl Bind for Through<'_, '_> {
            fn bind_variable(&mut self, variable: &mut crate::variable::VarRef) {
                self.0.bind_variable(variable);
            }
            fn bind_output(&mut self, variable: &mut crate::variable::VarRef) {
                self.0.bind_output(variable);
            }
        }
        holder.bind(&mut Through(self));
    }
}

/// A linked policy.
pub enum Step {
    /// Plain synchronous code.
    Pure(Box<dyn PureStep>),
    /// May wait on the outside.
    Io(Box<dyn IoStep>),
    /// Calls the outside by the data thread's own connections.
    Call(Box<dyn CallStep>),
    /// A call of a shared flow, which the engine runs.
    Flow(FlowCall),
}

/// A shared flow of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedFlowId(pub u32);

/// What the engine needs to run a shared flow.
pub struct FlowCall {
    /// `None`: no such flow is deployed.
    pub flow: Option<SharedFlowId>,
    pub name: ByteString,
    /// Where the running flow's name is shown.
    pub running: Option<Slot>,
    pub parameters: Box<dyn Parameters>,
}

/// The variables of a shared flow's call.
pub trait Parameters: Send + Sync {
    /// Sets them, and hands back what they were.
    fn enter(&self, cx: &mut MessageContext) -> Vec<Kept>;

    fn leave(&self, cx: &mut MessageContext, before: Vec<Kept>);
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pure(_) => "Pure",
            Self::Io(_) => "Io",
            Self::Call(_) => "Call",
            Self::Flow(_) => "Flow",
        })
    }
}

pub trait PureStep: Send + Sync {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault>;
}

pub trait IoStep: Send + Sync {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a>;
}

pub trait CallStep: Send + Sync {
    fn run<'a>(&'a self, cx: &'a mut MessageContext, upstream: &'a dyn Upstream) -> Waiting<'a>;
}

pub type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Next, Fault>> + 'a>>;

/// Finished at once, or to wait for.
pub enum Run<'a> {
    Done(Result<Next, Fault>),
    Wait(Waiting<'a>),
}

/// How the flow goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Continue,
    /// The answer is the context's response. Everything is skipped up to the policy's own step
    /// in the response flows, and that step too; where it has none, all up to the response
    /// flows of the ProxyEndpoint. Said in request flows only.
    Answered,
    /// The same where the target, asked by [`MessageContext::revalidation`], answers 304.
    AnsweredIfNotModified,
    /// The answer is the context's response, and the flow goes on with the response flows of
    /// the ProxyEndpoint. Said in request flows only.
    Respond,
}
