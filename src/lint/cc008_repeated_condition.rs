//! CC008: two Flows, FaultRules or RouteRules of one endpoint with one condition, or one name.
//! Source: apigeelint CC008. Of those with one condition only one ever runs.

use crate::diag::{Diagnostics, Severity, Span};
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
        let rules = rules.map(|rule| (&rule.name, rule.span, rule.condition.as_ref()));
        check_list("RouteRule", rules, diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        check_flows(&endpoint.flows, diags);
        check_fault_rules(&endpoint.fault_rules, diags);
    }
}

fn check_flows(flows: &Flows, diags: &mut Diagnostics) {
    let flows = flows.conditional.iter();
    check_list("Flow", flows.map(|flow| (&flow.name, flow.span, flow.condition.as_ref())), diags);
}

fn check_fault_rules(fault_rules: &FaultRules, diags: &mut Diagnostics) {
    let rules = fault_rules.rules.iter();
    let rules = rules.map(|rule| (&rule.name, rule.span, rule.condition.as_ref()));
    check_list("FaultRule", rules, diags);
}

/// A name, the start tag that it stands in, and a condition.
type Item<'a> = (&'a Text, Span, Option<&'a LocatedCondition>);

fn check_list<'a>(what: &str, list: impl Iterator<Item = Item<'a>>, diags: &mut Diagnostics) {
    let mut seen: Vec<(String, &Text, &Text)> = Vec::new();
    for (name, span, condition) in list {
        let Some(LocatedCondition { condition, text }) = condition else { continue };
        let signature = condition.signature();
        // What is not written has the element's own name, and was reported when it was read.
        let is_named = name.value != what;
        if let Some((_, first, _)) =
            seen.iter().find(|(_, other, _)| is_named && other.value == name.value)
        {
            RULE.report(diags, span, format!("a second {what} `{}`", name.value))
                .note(first.span, "the first one has the name here");
        } else if let Some((_, first_name, first)) =
            seen.iter().find(|(other, ..)| *other == signature)
        {
            let message =
                format!("{what} `{}` has the same Condition as `{}`", name.value, first_name.value);
            RULE.report(diags, span, message)
                .note(text.span, "written here")
                .note(first.span, "first written here; only one of the two ever runs");
            continue;
        }
        seen.push((signature, name, text));
    }
}
