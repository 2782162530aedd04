//! Flows, steps, conditions and fault rules out of their XML.
//!
//! Source: Apigee docs, "API proxy configuration reference" and "Handling faults".
//! Findings: `ST001` and `ST002` steps, what [`Condition`] says of a text, `PD006` requests in a PostClientFlow, `FR002`
//! children of a DefaultFaultRule.

use crate::condition::Condition;
use crate::diag::{Diagnostics, Span};
use crate::model::{DefaultFaultRule, FaultRule, FaultRules, Flow, Flows, LocatedCondition, Step};
use crate::xml::fields::MISSING;
use crate::xml::{Element, Fields, Text};

/// A Step without a Name.
const NO_NAME: &str = "ST001";
/// A Step with more than it should hold.
const STRAY: &str = "ST002";
/// Steps where nobody runs them, under PostClientFlow.
const POST_CLIENT_REQUEST: &str = "PD006";
/// What a DefaultFaultRule does not take.
const DEFAULT_RULE_CHILD: &str = "FR002";

/// PreFlow, Flows and PostFlow of an endpoint.
pub(super) fn flows(xml: &mut Fields<'_, '_>) -> Flows {
    let pre = xml.child("PreFlow").map(|element| fixed_flow(element, xml.diags()));
    let conditional = match xml.child("Flows") {
        Some(element) => {
            let mut list = element.reader(xml.diags());
            let flows = list.children("Flow");
            let flows = flows.into_iter().map(|flow| conditional_flow(flow, list.diags()));
            let flows = flows.collect();
            list.ignore(&["name"]);
            list.finish();
            flows
        }
        None => Vec::new(),
    };
    let post = xml.child("PostFlow").map(|element| fixed_flow(element, xml.diags()));
    Flows { pre, conditional, post }
}

/// A PreFlow or PostFlow, which have no condition.
fn fixed_flow(element: &Element, diags: &mut Diagnostics) -> Flow {
    let mut xml = element.reader(diags);
    xml.ignore(&["name"]);
    let name = Text { value: element.name.clone(), span: element.name_span };
    let flow = Flow {
        name,
        description: xml.optional("Description"),
        span: element.open_span,
        condition: None,
        request: steps_of(xml.child("Request"), xml.diags()),
        response: steps_of(xml.child("Response"), xml.diags()),
    };
    xml.finish();
    flow
}

fn conditional_flow(element: &Element, diags: &mut Diagnostics) -> Flow {
    let mut xml = element.reader(diags);
    let flow = Flow {
        name: name_or_element(&mut xml),
        description: xml.optional("Description"),
        span: element.open_span,
        condition: condition(&mut xml),
        request: steps_of(xml.child("Request"), xml.diags()),
        response: steps_of(xml.child("Response"), xml.diags()),
    };
    xml.finish();
    flow
}

/// The steps after the response was sent: those of `PostClientFlow/Response`.
pub(super) fn post_client(xml: &mut Fields<'_, '_>) -> Vec<Step> {
    let Some(element) = xml.child("PostClientFlow") else { return Vec::new() };
    let mut flow = element.reader(xml.diags());
    flow.ignore(&["name", "Description"]);
    if let Some(request) = flow.child("Request")
        && !request.is_empty()
    {
        flow.diags()
            .warning(
                POST_CLIENT_REQUEST,
                request.open_span,
                "`Request` in `PostClientFlow` never runs",
            )
            .help("move its steps to `Response`");
    }
    let steps = steps_of(flow.child("Response"), flow.diags());
    flow.finish();
    steps
}

/// The `name` attribute of something that is only shown by it; the element's own name
/// where it has none.
pub(super) fn name_or_element(xml: &mut Fields<'_, '_>) -> Text {
    if let Some(name) = xml.attribute("name") {
        return Text { value: name.value.clone(), span: name.span };
    }
    let element = xml.element();
    let message = format!("`{}` has no `name`", element.name);
    xml.diags().warning(MISSING, element.open_span, message);
    Text { value: element.name.clone(), span: element.name_span }
}

/// The steps directly inside `Request`, `Response` or the like.
pub(super) fn steps_of(parent: Option<&Element>, diags: &mut Diagnostics) -> Vec<Step> {
    let Some(parent) = parent else { return Vec::new() };
    let mut xml = parent.reader(diags);
    let steps = steps(&mut xml);
    xml.finish();
    steps
}

pub(super) fn steps(xml: &mut Fields<'_, '_>) -> Vec<Step> {
    xml.children("Step").into_iter().filter_map(|step| read_step(step, xml.diags())).collect()
}

fn read_step(element: &Element, diags: &mut Diagnostics) -> Option<Step> {
    let mut xml = element.reader(diags);
    xml.ignore(&["FaultRules"]);
    let names = xml.children("Name");
    let mut named = names.into_iter().filter(|name| !name.is_empty());
    let name = named.next();
    for again in named {
        let found = xml
            .diags()
            .warning(STRAY, again.open_span, "a second `Name` in a `Step` is never read")
            .help("write a `Step` for each policy");
        if name.is_some_and(|name| again.is_written_as(name)) {
            found.fix(again.removal(), "");
        }
    }
    if name.is_none() {
        xml.diags()
            .error(NO_NAME, element.open_span, "`Step` has no `Name`")
            .help("name the policy that the step runs, or delete the step");
    }
    let condition = condition(&mut xml);
    xml.finish();
    let name = name?;
    let value = name.text().trim().to_owned();
    Some(Step { name: Text { value, span: name.text_span() }, condition, span: element.open_span })
}

/// The `Condition` of the element. One that does not parse is reported and never holds,
/// so that what follows is not taken for unconditional.
/// `Condition` of a flow, a step, a rule or a policy. One that is wrong is reported and never
/// holds.
pub fn condition(xml: &mut Fields<'_, '_>) -> Option<LocatedCondition> {
    let element = xml.child("Condition")?;
    let text = element.text();
    let value = text.trim();
    if value.is_empty() {
        let parent = &xml.element().name;
        let message = format!("`Condition` of `{parent}` is empty");
        xml.diags()
            .warning(STRAY, element.open_span, message)
            .note(None, "it always holds, as if it were not there")
            .fix(element.removal(), "");
        return None;
    }
    let text = Text { value: value.to_owned(), span: element.text_span() };
    let condition = match Condition::parse(&text.value) {
        Ok(parsed) => parsed?,
        Err(error) => {
            let place = part_of(&text, error.start, error.end);
            let found = xml.diags().error(error.code, place, error.message);
            found.help = error.help;
            let never = Condition::parse("false").ok().flatten()?;
            return Some(LocatedCondition { condition: never, text });
        }
    };
    for finding in condition.findings() {
        let place = part_of(&text, finding.start, finding.end);
        let found = xml.diags().warning(finding.code, place, finding.message);
        found.help = finding.help;
    }
    Some(LocatedCondition { condition, text })
}

/// Bytes `start..end` of a text. Where entities or comments make the source longer than
/// the text, the place of the whole text.
fn part_of(text: &Text, start: usize, end: usize) -> Span {
    let source_bytes = text.span.end.saturating_sub(text.span.start) as usize;
    if source_bytes == text.value.len() { text.span.part(start, end) } else { text.span }
}

pub(super) fn fault_rules(xml: &mut Fields<'_, '_>) -> FaultRules {
    let rules = match xml.child("FaultRules") {
        Some(element) => {
            let mut list = element.reader(xml.diags());
            let rules = list.children("FaultRule");
            let rules = rules.into_iter().map(|rule| fault_rule(rule, list.diags())).collect();
            list.ignore(&["name"]);
            list.finish();
            rules
        }
        None => Vec::new(),
    };
    let default =
        xml.child("DefaultFaultRule").map(|element| default_fault_rule(element, xml.diags()));
    FaultRules { rules, default }
}

fn fault_rule(element: &Element, diags: &mut Diagnostics) -> FaultRule {
    let mut xml = element.reader(diags);
    xml.ignore(&["Description"]);
    let rule = FaultRule {
        name: name_or_element(&mut xml),
        span: element.open_span,
        condition: condition(&mut xml),
        steps: steps(&mut xml),
    };
    xml.finish();
    rule
}

fn default_fault_rule(element: &Element, diags: &mut Diagnostics) -> DefaultFaultRule {
    const KNOWN: [&str; 4] = ["Step", "AlwaysEnforce", "Condition", "Description"];
    let mut xml = element.reader(diags);
    let rule = DefaultFaultRule {
        span: element.open_span,
        condition: condition(&mut xml),
        always_enforce: xml.flag("AlwaysEnforce", false),
        steps: steps(&mut xml),
    };
    for child in element.elements().filter(|child| !KNOWN.contains(&child.name.as_str())) {
        diags.warning(
            DEFAULT_RULE_CHILD,
            child.name_span,
            format!("`{}` has no effect in `DefaultFaultRule`", child.name),
        );
    }
    rule
}
