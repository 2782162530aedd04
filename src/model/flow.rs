//! Flows, steps, conditions and fault rules out of their XML.
//!
//! Source: Apigee docs, "API proxy configuration reference" and "Handling faults".
//! Findings: `ST001` and `ST002` steps, what [`Condition`] says of a text, `PD006` requests in a PostClientFlow, `FR002`
//! children of a DefaultFaultRule.

use crate::condition::Condition;
use crate::diag::Diagnostics;
use crate::model::{DefaultFaultRule, FaultRule, FaultRules, Flow, Flows, LocatedCondition, Step};
use crate::xml::fields::{DOUBLED, FromXml, MISSING, UNKNOWN};
use crate::xml::{Element, Fields, Text};

/// What does not belong where it stands in an endpoint, or stands there twice.
pub(super) const MISPLACED: &str = "EP002";
/// A Step without a Name.
const NO_NAME: &str = "ST001";
/// A Step with more than it should hold.
const STEP: &str = "ST002";
/// Steps where nobody runs them, under PostClientFlow.
const POST_CLIENT_REQUEST: &str = "PD006";
/// What a DefaultFaultRule does not take, or takes once.
const DEFAULT_RULE: &str = "FR002";

/// PreFlow, Flows and PostFlow of an endpoint.
pub(super) fn flows(xml: &mut Fields<'_, '_>) -> Flows {
    let pre = xml.child("PreFlow").map(|element| fixed_flow(element, xml.diags()));
    let conditional = match xml.single("Flows", MISPLACED) {
        Some(element) => {
            let mut list = element.reader(xml.diags());
            list.strays_as(MISPLACED);
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
    xml.strays_as(MISPLACED);
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
    xml.strays_as(MISPLACED);
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
    flow.strays_as(MISPLACED);
    flow.ignore(&["name", "Description"]);
    if let Some(request) = flow.child("Request") {
        let found = flow.diags().warning(
            POST_CLIENT_REQUEST,
            element.open_span,
            "`Request` in `PostClientFlow` never runs",
        );
        found.note(request.name_span, "it stands here").help(if request.is_empty() {
            "delete it"
        } else {
            "move its steps to `Response`"
        });
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
    xml.strays_as(MISPLACED);
    let steps = steps(&mut xml);
    xml.finish();
    steps
}

pub(super) fn steps(xml: &mut Fields<'_, '_>) -> Vec<Step> {
    xml.children("Step").into_iter().filter_map(|step| read_step(step, xml.diags())).collect()
}

fn read_step(element: &Element, diags: &mut Diagnostics) -> Option<Step> {
    let mut xml = element.reader(diags);
    xml.strays_as(STEP);
    xml.ignore(&["FaultRules"]);
    let names = xml.children("Name");
    let mut named = names.into_iter().filter(|name| !name.is_empty());
    let name = named.next();
    for again in named {
        let found = xml
            .diags()
            .warning(STEP, again.open_span, "a second `Name` in a `Step` is never read")
            .help("write a `Step` for each policy");
        if name.is_some_and(|name| again.is_written_as(name)) {
            found.fix(again.removal(), "");
        }
    }
    match name {
        Some(name) => check_name(name, xml.diags()),
        None => {
            xml.diags()
                .error(NO_NAME, element.open_span, "`Step` has no `Name`")
                .help("name the policy that the step runs, or delete the step");
        }
    }
    let condition = condition_of(&mut xml, STEP);
    xml.finish();
    let name = name?;
    let value = name.text().trim().to_owned();
    Some(Step { name: Text { value, span: name.text_span() }, condition, span: element.open_span })
}

fn check_name(name: &Element, diags: &mut Diagnostics) {
    let text = name.text();
    if let Some(child) = name.elements().next() {
        diags.warning(STEP, child.name_span, format!("`{}` has no effect in `Name`", child.name));
    } else if text.trim() != text {
        diags
            .warning(STEP, name.open_span, "white space stands around the name of a policy")
            .note(None, "it is left out when the policy is looked for");
    }
}

/// `Condition` of a flow, a step, a rule or a policy. One that is wrong is reported and never
/// holds, so that what follows is not taken for unconditional.
pub fn condition(xml: &mut Fields<'_, '_>) -> Option<LocatedCondition> {
    condition_of(xml, DOUBLED)
}

/// `stray` is the code of a second one, and of an element inside.
fn condition_of(xml: &mut Fields<'_, '_>, stray: &'static str) -> Option<LocatedCondition> {
    let element = xml.single("Condition", stray)?;
    if let Some(child) = element.elements().next() {
        let message = format!("`{}` has no effect in `Condition`", child.name);
        let code = if stray == DOUBLED { UNKNOWN } else { stray };
        xml.diags().warning(code, child.name_span, message);
    }
    let text = element.text();
    let value = text.trim();
    if value.is_empty() {
        let parent = &xml.element().name;
        let message = format!("`Condition` of `{parent}` is empty");
        let code = if stray == DOUBLED { MISSING } else { stray };
        xml.diags()
            .warning(code, element.open_span, message)
            .note(None, "it always holds, as if it were not there")
            .fix(element.removal(), "");
        return None;
    }
    let text = Text { value: value.to_owned(), span: element.text_span() };
    let condition = match Condition::parse(&text.value) {
        Ok(parsed) => parsed?,
        Err(error) => {
            let place = text.part(error.start, error.end);
            let found = xml.diags().error(error.code, place, error.message);
            found.help = error.help;
            let never = Condition::parse("false").ok().flatten()?;
            return Some(LocatedCondition { condition: never, text });
        }
    };
    for finding in condition.findings() {
        let place = text.part(finding.start, finding.end);
        let found = xml.diags().warning(finding.code, place, finding.message);
        found.help = finding.help;
    }
    Some(LocatedCondition { condition, text })
}

pub(super) fn fault_rules(xml: &mut Fields<'_, '_>) -> FaultRules {
    let rules = match xml.single("FaultRules", MISPLACED) {
        Some(element) => {
            let mut list = element.reader(xml.diags());
            list.strays_as(MISPLACED);
            let rules = list.children("FaultRule");
            let rules = rules.into_iter().map(|rule| fault_rule(rule, list.diags())).collect();
            list.ignore(&["name"]);
            list.finish();
            rules
        }
        None => Vec::new(),
    };
    let default = xml
        .single("DefaultFaultRule", MISPLACED)
        .map(|element| default_fault_rule(element, xml.diags()));
    FaultRules { rules, default }
}

fn fault_rule(element: &Element, diags: &mut Diagnostics) -> FaultRule {
    let mut xml = element.reader(diags);
    xml.strays_as(MISPLACED);
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
    let mut xml = element.reader(diags);
    xml.strays_as(DEFAULT_RULE);
    xml.ignore(&["name"]);
    let condition = condition_of(&mut xml, DEFAULT_RULE);
    let always_enforce = xml
        .single("AlwaysEnforce", DEFAULT_RULE)
        .filter(|flag| !flag.is_empty())
        .and_then(|flag| bool::from_xml(flag, xml.diags()));
    let rule = DefaultFaultRule {
        span: element.open_span,
        condition,
        always_enforce: always_enforce.unwrap_or(false),
        steps: steps(&mut xml),
    };
    xml.finish();
    rule
}
