//! Which bodies steps read.

use crate::plan::{
    ConditionPlan, FaultRulesPlan, FlowsPlan, Needs, PolicyPlan, SHARED_FLOWS_DEPTH_MAX,
    SharedFlowPlan, StepPlan,
};
use crate::policy::kind::{SharedFlowId, Step as LinkedStep};
use crate::variable::{Part, Role};

/// What steps read, those of the shared flows that they call included.
pub(super) struct NeedsOf<'l> {
    pub(super) policies: &'l [PolicyPlan],
    pub(super) shared_flows: &'l [SharedFlowPlan],
}

impl NeedsOf<'_> {
    /// What is read by whatever may run after the request has gone to the target.
    pub(super) fn after_target(&self, flows: &FlowsPlan, rules: &FaultRulesPlan) -> Needs {
        let mut needs = Needs::default();
        for flow in flows.pre.iter().chain(&flows.conditional).chain(&flows.post) {
            needs = needs.and(condition_needs(flow.condition.as_ref()));
            needs = needs.and(self.of(&flow.response, 0));
        }
        for rule in rules.rules.iter().chain(&rules.default) {
            needs = needs.and(condition_needs(rule.condition.as_ref()));
            needs = needs.and(self.of(&rule.steps, 0));
        }
        needs
    }

    /// `depth`: how many shared flows deep the steps stand.
    pub(super) fn of(&self, steps: &[StepPlan], depth: u32) -> Needs {
        steps.iter().fold(Needs::default(), |needs, step| {
            let needs = needs.and(condition_needs(step.condition.as_ref()));
            let Some(policy) = self.policies.get(step.policy.0 as usize) else { return needs };
            let called = match &policy.step {
                LinkedStep::Flow(call) => call.flow,
                LinkedStep::Pure(_) | LinkedStep::Io(_) | LinkedStep::Call(_) => None,
            };
            needs.and(policy.needs).and(self.of_shared_flow(called, depth))
        })
    }

    /// `depth`: how many shared flows deep the call stands.
    pub(super) fn of_shared_flow(&self, called: Option<SharedFlowId>, depth: u32) -> Needs {
        if depth >= SHARED_FLOWS_DEPTH_MAX {
            return Needs::default();
        }
        let flow = called.and_then(|id| self.shared_flows.get(id.0 as usize));
        flow.map_or_else(Needs::default, |flow| self.of(&flow.steps, depth + 1))
    }
}

fn condition_needs(condition: Option<&ConditionPlan>) -> Needs {
    condition.map_or_else(Needs::default, |condition| condition.needs)
}

impl Needs {
    /// What either of the two needs.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            request: self.request || other.request,
            response: self.response || other.response,
            message: self.message || other.message,
            error: self.error || other.error,
            request_head: self.request_head || other.request_head,
            streams_too: self.streams_too || other.streams_too,
        }
    }

    pub(super) fn add(&mut self, role: Role, part: &Part) {
        self.request_head |= matches!(role, Role::Request);
        if !part.needs_body() {
            return;
        }
        match role {
            Role::Request => self.request = true,
            Role::Response => self.response = true,
            Role::Message => self.message = true,
            Role::Error => self.error = true,
        }
    }
}
