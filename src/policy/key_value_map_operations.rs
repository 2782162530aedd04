//! KeyValueMapOperations: reads, writes and removes entries of a key-value map.
//! Source: Apigee docs, "KeyValueMapOperations policy", its runtime and deployment error pages.
//! A map's entry is the key-value `{map}/{entry}` of the store, its scope the label.
//! Faults: `steps.keyvaluemapoperations.SetVariableFailed`, `.UnsupportedOperationException`,
//! `.EntryNotWritten` (500), `.StoreUnavailable` (503).
//! Findings: `GW385` (InvalidIndex), `GW386` (KeyIsMissing), `GW387` (ValueIsMissing), `GW388`,
//! `GW389`, `GW306`.

mod page;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use http::StatusCode;

use crate::message::{Fault, MessageContext, Value, View};
use crate::policy::kind::{IoStep, Linker, Next, Policy, PolicyKind, Run, Step, Uses};
use crate::profile::Profile;
use crate::store::durable::{MapId, StoreError};
use crate::store::kvm::{Entry, Found, Handle, Maps, Override, Values};
use crate::template::RefOrText;
use crate::variable::VarRef;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "KeyValueMapOperations",
    failed_prefix: "keyvaluemapoperations",
    read: read::read,
    page: &page::PAGE,
};

const SET_VARIABLE_FAILED: &str = "steps.keyvaluemapoperations.SetVariableFailed";
const UNSUPPORTED: &str = "steps.keyvaluemapoperations.UnsupportedOperationException";
/// Unknown: how the platform faults where its store refuses a write, or is away. These two are
/// the gateway's own.
const NOT_WRITTEN: &str = "steps.keyvaluemapoperations.EntryNotWritten";
const UNAVAILABLE: &str = "steps.keyvaluemapoperations.StoreUnavailable";

/// What variables that take an encrypted map's values begin with.
const PRIVATE: &str = "private.";
/// What several parameters of a key are joined with.
const JOINT: &str = "__";

#[derive(Debug)]
struct KeyValueMapOperations {
    map: MapName,
    scope: Scope,
    expiry: Expiry,
    initial: Vec<(String, Values)>,
    /// In the order of the document.
    operations: Vec<Operation>,
}

#[derive(Debug)]
enum MapName {
    Fixed(String),
    /// `MapName@ref`; its text is the name where the variable has none.
    Named(RefOrText),
}

/// Whose map of that name is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Organization,
    Environment,
    ApiProxy,
    /// One revision of a proxy.
    Policy,
}

/// `ExpiryTimeInSecs`.
#[derive(Debug)]
struct Expiry {
    variable: Option<VarRef>,
    seconds: Option<i64>,
}

#[derive(Debug)]
enum Operation {
    Get { assign_to: VarRef, index: Option<usize>, key: Key },
    Put { over: Override, key: Key, values: Vec<RefOrText> },
    Delete { key: Key },
}

/// The parameters of a key.
#[derive(Debug)]
struct Key(Vec<RefOrText>);

impl Policy for KeyValueMapOperations {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        if let MapName::Named(name) = &mut self.map {
            linker.bind(name);
        }
        linker.bind(&mut self.expiry.variable);
        for operation in &mut self.operations {
            match operation {
                Operation::Get { assign_to, key, .. } => {
                    linker.bind_output(assign_to);
                    key.link(linker);
                }
                Operation::Put { key, values, .. } => {
                    key.link(linker);
                    values.iter_mut().for_each(|value| linker.bind(value));
                }
                Operation::Delete { key } => key.link(linker),
            }
        }
        let label = self.scope.label(linker);
        let maps = linker.maps();
        let map = match &self.map {
            MapName::Fixed(name) if is_name(name) => {
                let id = MapId { name: Bytes::from(name.clone()), label: label.clone() };
                let handle = maps.map(&id);
                let entry = |(name, values): &(String, Values)| {
                    (Bytes::from(name.clone()), values.to_content())
                };
                if !self.initial.is_empty() {
                    maps.seed(&handle, self.initial.iter().map(entry).collect());
                }
                Some(handle)
            }
            MapName::Fixed(_) | MapName::Named(_) => None,
        };
        let needs_private = linker.profile() == Profile::Edge;
        Step::Io(Box::new(LinkedOperations { maps, map, label, needs_private, config: *self }))
    }
}

impl Key {
    fn link(&mut self, linker: &mut dyn Linker) {
        self.0.iter_mut().for_each(|parameter| linker.bind(parameter));
    }

    /// Unknown: what the platform does with a parameter that has no value. Here such an entry is
    /// not there: nothing is read, written or removed.
    fn resolve(&self, cx: &MessageContext) -> Option<Bytes> {
        let mut key = String::new();
        for (at, parameter) in self.0.iter().enumerate() {
            if at > 0 {
                key.push_str(JOINT);
            }
            key.push_str(&parameter.resolve(cx).ok()?);
        }
        Some(Bytes::from(key))
    }
}

impl Scope {
    fn label(self, linker: &dyn Linker) -> Option<Bytes> {
        let (environment, proxy) = (linker.environment(), linker.proxy());
        match self {
            Self::Organization => None,
            Self::Environment => Some(environment.to_owned()),
            Self::ApiProxy => Some(format!("{environment}/{proxy}")),
            Self::Policy => Some(format!("{environment}/{proxy}/{}", linker.revision())),
        }
        .map(Bytes::from)
    }
}

impl Expiry {
    const DEFAULT_SECONDS: i64 = 300;

    /// `None`: never.
    fn milliseconds(&self, cx: &MessageContext) -> Option<i64> {
        let dynamic = self.variable.as_ref().and_then(|variable| cx.text(variable));
        let dynamic = dynamic.and_then(|text| text.trim().parse().ok());
        match dynamic.or(self.seconds) {
            None | Some(0) => Some(Self::DEFAULT_SECONDS * 1000),
            Some(seconds) if seconds < 0 => None,
            Some(seconds) => Some(seconds.saturating_mul(1000)),
        }
    }
}

/// A key of the store is the map's name, `/` and the entry's.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/')
}

struct LinkedOperations {
    maps: Maps,
    /// `None`: the name is known when a request is there, or is no name.
    map: Option<Arc<Handle>>,
    label: Option<Bytes>,
    /// Whether values of encrypted maps go into private variables alone.
    needs_private: bool,
    config: KeyValueMapOperations,
}

/// The map of a request, and whether memory may answer for it.
struct Opened {
    map: Arc<Handle>,
    in_memory: bool,
}

impl IoStep for LinkedOperations {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        let opened = match self.open(cx) {
            Ok(opened) => opened,
            Err(fault) => return Run::Done(Err(fault)),
        };
        for (at, operation) in self.config.operations.iter().enumerate() {
            match self.at_once(operation, &opened, cx) {
                Some(Ok(())) => {}
                Some(Err(fault)) => return Run::Done(Err(fault)),
                None => return Run::Wait(Box::pin(self.rest(at, opened, cx))),
            }
        }
        Run::Done(Ok(Next::Continue))
    }
}

impl LinkedOperations {
    fn open(&self, cx: &MessageContext) -> Result<Opened, Fault> {
        let map = match (&self.map, &self.config.map) {
            (Some(map), _) => map.clone(),
            (None, MapName::Named(name)) => {
                let name = name.resolve(cx).unwrap_or_default();
                if !is_name(&name) {
                    return Err(unsupported());
                }
                let name = Bytes::copy_from_slice(name.as_bytes());
                self.maps.find(&MapId { name, label: self.label.clone() })
            }
            (None, MapName::Fixed(_)) => return Err(unsupported()),
        };
        // Differs: the platform may show an entry as it was for so long after it was changed.
        // Here a change is seen at once, and the time bounds how long memory answers while the
        // store is away.
        let age_max_ms = self.config.expiry.milliseconds(cx);
        let in_memory = age_max_ms.is_none_or(|age_max_ms| self.maps.age_ms() <= age_max_ms);
        Ok(Opened { map, in_memory })
    }

    /// `None`: the operation has to wait.
    fn at_once(
        &self,
        operation: &Operation,
        opened: &Opened,
        cx: &mut MessageContext,
    ) -> Option<Result<(), Fault>> {
        match operation {
            Operation::Get { assign_to, index, key } => {
                let Some(name) = key.resolve(cx) else { return Some(Ok(())) };
                if !opened.in_memory {
                    return None;
                }
                match opened.map.get(&name) {
                    Found::Entry(entry) => Some(self.assign(&entry, *index, assign_to, cx)),
                    Found::Missing => Some(Ok(())),
                    Found::Elsewhere => None,
                }
            }
            Operation::Put { key, .. } | Operation::Delete { key } => {
                key.resolve(cx).is_none().then_some(Ok(()))
            }
        }
    }

    async fn rest(
        &self,
        from: usize,
        opened: Opened,
        cx: &mut MessageContext,
    ) -> Result<Next, Fault> {
        for operation in self.config.operations.iter().skip(from) {
            match self.at_once(operation, &opened, cx) {
                Some(done) => done?,
                None => self.wait(operation, &opened, cx).await?,
            }
        }
        Ok(Next::Continue)
    }

    async fn wait(
        &self,
        operation: &Operation,
        opened: &Opened,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        let map = opened.map.clone();
        match operation {
            Operation::Get { assign_to, index, key } => {
                let Some(name) = key.resolve(cx) else { return Ok(()) };
                match self.maps.ask(map, name).await.map_err(fault)? {
                    Some(entry) => self.assign(&entry, *index, assign_to, cx),
                    None => Ok(()),
                }
            }
            Operation::Put { over, key, values } => {
                let (Some(name), Some(values)) = (key.resolve(cx), collect(values, cx)) else {
                    return Ok(());
                };
                self.maps.put(map, name, values, *over).await.map_err(fault)
            }
            Operation::Delete { key } => {
                let Some(name) = key.resolve(cx) else { return Ok(()) };
                self.maps.delete(map, name).await.map_err(fault)
            }
        }
    }

    fn assign(
        &self,
        entry: &Entry,
        index: Option<usize>,
        assign_to: &VarRef,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        if entry.is_sealed && self.needs_private && !assign_to.name().starts_with(PRIVATE) {
            let text = format!("Failed to set variable {}", assign_to.name());
            return Err(Fault::new(SET_VARIABLE_FAILED, text));
        }
        let values = match index {
            Some(number) => entry.values.nth(number),
            None => Some(entry.values.clone()),
        };
        let value = match values {
            Some(Values::Text(text)) => Value::String(text),
            Some(Values::Bytes(bytes)) => Value::Bytes(bytes),
            Some(Values::Many(values)) => Value::Collection(values),
            None => return Ok(()),
        };
        if let Err(error) = cx.set(assign_to, value) {
            tracing::debug!(%error, "an entry's value is lost");
        }
        Ok(())
    }
}

/// The values that a Put has; `None` where it has none. A collection is all of its values.
fn collect(values: &[RefOrText], cx: &MessageContext) -> Option<Values> {
    let mut texts: Vec<ByteString> = Vec::new();
    for value in values {
        let view = value.variable.as_ref().and_then(|variable| cx.get(variable));
        match (view, &value.text) {
            (Some(View::Collection(items)), _) => texts.extend(items.iter().cloned()),
            (Some(View::Bytes(bytes)), _) if values.len() == 1 => {
                return Some(Values::Bytes(bytes.into_owned()));
            }
            (Some(View::Message), None) | (None, None) => {}
            (Some(View::Message) | None, Some(text)) => {
                texts.push(ByteString::from(text.as_str()));
            }
            (Some(view), _) => texts.push(ByteString::from(view.into_text().as_ref())),
        }
    }
    match (texts.len(), texts.pop()) {
        (1, Some(text)) => Some(Values::Text(text)),
        (_, Some(last)) => {
            texts.push(last);
            Some(Values::Many(Arc::from(texts)))
        }
        (_, None) => None,
    }
}

/// Of a policy whose map has no name.
fn unsupported() -> Fault {
    // In two, since it is no errorcode.
    let text = concat!("java.lang", ".UnsupportedOperationException");
    Fault::new(UNSUPPORTED, text.to_owned())
}

fn fault(error: StoreError) -> Fault {
    tracing::warn!(%error, "a key-value map's entry was not read or written");
    if error.is_away() {
        let text = "The key value store is not available".to_owned();
        return Fault::new(UNAVAILABLE, text).status(StatusCode::SERVICE_UNAVAILABLE);
    }
    match error {
        StoreError::Locked | StoreError::TooLarge { .. } => {
            Fault::new(NOT_WRITTEN, format!("The entry was not written: {error}"))
        }
        _ => {
            let text = "The key value store is not available".to_owned();
            Fault::new(UNAVAILABLE, text).status(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
