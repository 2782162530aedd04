//! CC008: two Flows, FaultRules or RouteRules of one endpoint with one condition.
//! Source: apigeelint CC008. Only one of them ever runs.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::{FaultRules, Flows, LocatedCondition};
use crate::xml::Text;

pub(super) static RULE: Rule =
    Rule { code: "CC008", severity: Severity::Warning, summary: "condition used twice", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        check_flows(&endpoint.flows, diags);
        check_fault_rules(&endpoint.fault_rules, diags);
        let rules = endpoint.route_rules.iter();
        check_list("RouteRule", rules.map(|rule| (&rule.name, rule.condition.as_ref())), diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        check_flows(&endpoint.flows, diags);
        check_fault_rules(&endpoint.fault_rules, diags);
    }
}

fn check_flows(flows: &Flows, diags: &mut Diagnostics) {
    let flows = flows.conditional.iter();
    check_list("Flow", flows.map(|flow| (&flow.name, flow.condition.as_ref())), diags);
}

fn check_fault_rules(fault_rules: &FaultRules, diags: &mut Diagnostics) {
    let rules = fault_rules.rules.iter();
    check_list("FaultRule", rules.map(|rule| (&rule.name, rule.condition.as_ref())), diags);
}

fn check_list<'a>(
    what: &str,
    list: impl Iterator<Item = (&'a Text, Option<&'a LocatedCondition>)>,
    diags: &mut Diagnostics,
) {
    let mut seen: Vec<(String, &Text, &Text)> = Vec::new();
    for (name, condition) in list {
        let Some(LocatedCondition { text, .. }) = condition else { continue };
        let words = text.value.split_whitespace().collect::<Vec<_>>().join(" ");
        match seen.iter().find(|(other, ..)| *other == words) {
            Some((_, first_name, first)) => {
                let message = format!(
                    "{what} `{}` has the same Condition as `{}`",
                    name.value, first_name.value
                );
                RULE.report(diags, text.span, message)
                    .note(first.span, "first written here; only one of the two ever runs");
            }
            None => seen.push((words, name, text)),
        }
    }
}
