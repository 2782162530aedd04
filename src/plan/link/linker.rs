//! What a policy is linked with.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;

use crate::plan::Needs;
use crate::plan::link::{LinkEnvironment, SharedFlows, Used};
use crate::policy::kind::{Linker, QuotaCounter, Revisions, SharedFlowId};
use crate::profile::Profile;
use crate::store::cache::NamedCache;
use crate::store::counters::CounterBackend;
use crate::store::kvm::Maps;
use crate::store::logs::Logs;
use crate::store::metrics::Metrics;
use crate::upstream::google::GoogleTokens;
use crate::variable::{Bind, Part, Place, Slot, Slots, VarId, VarRef};

/// Numbers variables and notes which bodies they stand in.
pub(super) struct Binder<'a> {
    pub(super) slots: &'a mut Slots,
    pub(super) needs: Needs,
}

impl Bind for Binder<'_> {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        self.slots.bind(variable);
        match variable.place() {
            Place::Message(role, part) => self.needs.add(*role, part),
            Place::Fixed(
                VarId::ClientResolvedIp | VarId::ProxyClientIp | VarId::VirtualhostAliases,
            ) => self.needs.request_head = true,
            Place::Fixed(_)
            | Place::Slot(_)
            | Place::SlotPart { .. }
            | Place::Property
            | Place::Named => {}
        }
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        self.slots.bind_output(variable);
        // Writing one form parameter edits the body that is there.
        if let Place::Message(role, part @ Part::FormParam(..)) = variable.place() {
            self.needs.add(*role, part);
        }
    }
}

pub(super) struct PolicyLinker<'a, 's> {
    pub(super) shared: &'s mut SharedFlows,
    pub(super) used: &'s mut Used,
    pub(super) policy: &'a str,
    pub(super) environment: &'a LinkEnvironment<'a>,
    pub(super) templates: &'a BTreeMap<String, ByteString>,
    pub(super) quotas: &'a Arc<[QuotaCounter]>,
    pub(super) proxy: &'a str,
    pub(super) revision: u32,
    pub(super) binder: Binder<'s>,
}

impl Bind for PolicyLinker<'_, '_> {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        self.binder.bind_variable(variable);
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        self.binder.bind_output(variable);
    }
}

impl Linker for PolicyLinker<'_, '_> {
    fn policy(&self) -> &str {
        self.policy
    }

    fn output(&mut self, name: &str) -> Option<Slot> {
        output(self.binder.slots, name)
    }

    fn cache(&mut self, resource: Option<&str>) -> Option<Arc<NamedCache>> {
        let caches = self.environment.caches;
        let Some(name) = resource else { return Some(caches.shared()) };
        // Under profile x a cache comes into being when a policy uses it; where the name
        // or the number of caches forbids it, the step faults as for a missing one.
        let found = caches.get(name).or_else(|| caches.get_or_create(name).ok());
        self.used.caches.insert(name.to_owned(), found.clone());
        found
    }

    fn shared_flow(&mut self, name: &str) -> Option<SharedFlowId> {
        self.used.shared_flows.insert(name.to_owned());
        self.environment.shared_flows.contains_key(name).then(|| self.shared.id(name))
    }

    fn counters(&self) -> Arc<dyn CounterBackend> {
        self.environment.counters.clone()
    }

    fn proxy(&self) -> &str {
        self.proxy
    }

    fn environment(&self) -> &str {
        self.environment.environment
    }

    fn profile(&self) -> Profile {
        self.environment.profile
    }

    fn maps(&self) -> Maps {
        self.environment.maps.clone()
    }

    fn metrics(&self) -> Arc<Metrics> {
        self.environment.metrics.clone()
    }

    fn quota_counters(&self) -> Arc<[QuotaCounter]> {
        self.quotas.clone()
    }

    fn needs_message_body(&mut self) {
        self.binder.needs.message = true;
    }

    fn buffers_streams(&mut self) {
        self.binder.needs.streams_too = true;
    }

    fn revision(&self) -> u32 {
        self.revision
    }

    fn logs(&self) -> Option<Arc<Logs>> {
        Some(self.environment.logs.clone())
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        self.environment.zone.clone()
    }

    fn resource(&self, url: &str) -> Option<ByteString> {
        self.templates.get(url.strip_prefix("template://")?).cloned()
    }

    fn revisions(&self) -> Option<Arc<dyn Revisions>> {
        self.environment.revisions.clone()
    }

    fn google(&self) -> Option<Arc<GoogleTokens>> {
        self.environment.google()
    }
}

/// The slot of a variable that is written for others.
pub(super) fn output(slots: &mut Slots, name: &str) -> Option<Slot> {
    let mut variable = VarRef::parse(name);
    slots.bind_output(&mut variable);
    match variable.place() {
        Place::Slot(slot) | Place::SlotPart { whole: slot, .. } => Some(*slot),
        Place::Fixed(_) | Place::Message(..) | Place::Property | Place::Named => None,
    }
}
