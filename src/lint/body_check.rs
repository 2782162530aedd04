//! What the rules about steps that read a body share: whether the step runs without one.
//!
//! Source: apigeelint ST003 to ST007: a condition of the step, or of the Flow or FaultRule
//! around it, compares the content with null or the empty text.

use std::collections::HashMap;

use crate::diag::Diagnostics;
use crate::lint::rule::{LintContext, Rule};
use crate::model::{FaultRules, Flows, LocatedCondition, Step};
use crate::xml::Element;

/// A rule about the steps of policies that read a body of one kind.
pub(super) struct BodyCheck {
    pub(super) rule: &'static Rule,
    /// The type of the policies.
    pub(super) kind: &'static str,
    /// What is read, in a word.
    pub(super) what: &'static str,
    /// Whether such a policy reads a body of the kind.
    pub(super) reads: fn(&Element) -> bool,
    /// The variables of a source of which one must have a value.
    pub(super) variables: fn(&Element, source: &str) -> Vec<String>,
}

/// The policy's Source as the names that it may have in a condition.
fn sources(body: &Element) -> Vec<String> {
    let written = body.child("Source").map(|source| source.text().trim().to_owned());
    match written.filter(|source| !source.is_empty()) {
        Some(source) => vec![source],
        // The message in scope is one of the other two.
        None => ["message", "request", "response"].map(str::to_owned).to_vec(),
    }
}

impl BodyCheck {
    pub(super) fn run(&self, cx: &LintContext<'_>, diags: &mut Diagnostics) {
        let readers: HashMap<&str, Vec<String>> = cx
            .of_kind(self.kind)
            .map(|policy| &policy.head)
            .filter(|head| head.enabled && (self.reads)(&head.body))
            .map(|head| (head.name.value.as_str(), self.variables_of(&head.body)))
            .collect();
        if readers.is_empty() {
            return;
        }
        for placed in placed_steps(cx) {
            let step = placed.step;
            let Some(variables) = readers.get(step.name.value.as_str()) else { continue };
            if placed.asks_for_any(variables) {
                continue;
            }
            let message = format!(
                "Step `{}` reads {} whether there is one or not",
                step.name.value, self.what
            );
            let found = self.rule.report(diags, step.span, message);
            if let Some(variable) = variables.first() {
                found.help(format!("give it the Condition `{variable} != null`"));
            }
        }
    }

    fn variables_of(&self, body: &Element) -> Vec<String> {
        sources(body).iter().flat_map(|source| (self.variables)(body, source)).collect()
    }
}

/// A source that is no message may be the text itself.
pub(super) fn content_or_text(body: &Element, source: &str) -> Vec<String> {
    let mut variables = content(body, source);
    if !source.contains('.') && !["message", "request", "response"].contains(&source) {
        variables.push(source.to_owned());
    }
    variables
}

/// What has a dot is more likely a part of a message than one.
pub(super) fn content(_body: &Element, source: &str) -> Vec<String> {
    let content = format!("{source}.content");
    if source.contains('.') { vec![source.to_owned(), content] } else { vec![content] }
}

/// A step, and the condition of what it stands in.
#[derive(Clone, Copy)]
struct PlacedStep<'a> {
    step: &'a Step,
    around: Option<&'a LocatedCondition>,
}

impl PlacedStep<'_> {
    /// Whether a condition sees to it that one of the variables has a value.
    fn asks_for_any(&self, variables: &[String]) -> bool {
        let conditions = self.step.condition.iter().chain(self.around);
        let mut conditions = conditions.map(|found| &found.condition);
        conditions.any(|condition| variables.iter().any(|name| condition.asks_for(name)))
    }
}

/// Each step of the bundle.
fn placed_steps<'a>(cx: &LintContext<'a>) -> Vec<PlacedStep<'a>> {
    let mut found = Vec::new();
    for endpoint in &cx.proxy.proxy_endpoints {
        place(&endpoint.flows, &endpoint.fault_rules, &mut found);
        found.extend(endpoint.post_client.iter().map(|step| PlacedStep { step, around: None }));
    }
    for endpoint in &cx.proxy.target_endpoints {
        place(&endpoint.flows, &endpoint.fault_rules, &mut found);
    }
    let shared = cx.proxy.shared_flows.iter().flat_map(|flow| &flow.steps);
    found.extend(shared.map(|step| PlacedStep { step, around: None }));
    found
}

fn place<'a>(flows: &'a Flows, rules: &'a FaultRules, found: &mut Vec<PlacedStep<'a>>) {
    let mut add = |steps: &'a [Step], around: &'a Option<LocatedCondition>| {
        let around = around.as_ref();
        found.extend(steps.iter().map(|step| PlacedStep { step, around }));
    };
    for flow in flows.iter() {
        add(&flow.request, &flow.condition);
        add(&flow.response, &flow.condition);
    }
    for rule in &rules.rules {
        add(&rule.steps, &rule.condition);
    }
    if let Some(rule) = &rules.default {
        add(&rule.steps, &rule.condition);
    }
}
