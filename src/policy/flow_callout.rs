//! FlowCallout: runs a shared flow of the environment in the caller's variable context.
//! Source: Apigee docs, "FlowCallout policy" (a parameter is seen inside the flow alone; the
//! variable `apigee.edge.sharedflow.name`); "Runtime error catalog".
//! Faults: `flow.SharedFlowNotFound` and `flow.SharedFlowDepthExceeded` (500), raised by the
//! engine, which runs the flow; whatever the shared flow's own policies raise.
//! Findings: `GW306`.
//!
//! Unknown: `ignoreUnresolvedVariables` of `Parameters`, which bundles have and the
//! documentation does not. Whatever it says, a parameter that resolves to nothing is null.

mod page;

use crate::diag::Diagnostics;
use crate::message::{Kept, MessageContext, Value};
use crate::policy::kind::{
    FlowCall, Linker, Parameters, Policy, PolicyKind, Step, Uses, skip_head,
};
use crate::policy::lookup_cache::warn_read_only;
use crate::template::{Template, Unresolved};
use crate::variable::{VarRef, is_valid_name};
use crate::xml::fields::{BAD_VALUE, MISSING};
use crate::xml::{Element, Text};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "FlowCallout", failed_prefix: "flow", read, page: &page::PAGE };

/// The name of the shared flow that runs.
const RUNNING: &str = "apigee.edge.sharedflow.name";

#[derive(Debug)]
struct FlowCallout {
    shared_flow: Text,
    parameters: Vec<Parameter>,
}

/// A variable that the shared flow sees, and the caller does not.
#[derive(Debug)]
struct Parameter {
    variable: VarRef,
    /// Wins where it has a value.
    source: Option<VarRef>,
    text: Option<Template>,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let shared_flow = xml.required("SharedFlowBundle");
    let mut parameters = Vec::new();
    if let Some(list) = xml.child("Parameters") {
        let mut inner = list.reader(xml.diags());
        inner.ignore(&["ignoreUnresolvedVariables"]);
        for element in inner.children("Parameter") {
            parameters.extend(Parameter::read(element, inner.diags()));
        }
        inner.finish();
    }
    xml.finish();
    Some(Box::new(FlowCallout { shared_flow: shared_flow?, parameters }))
}

impl Parameter {
    fn read(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        let name = xml.attribute("name");
        let source = xml.attribute("ref").map(|found| VarRef::parse(&found.value));
        let value = xml.attribute("value");
        xml.finish();
        let Some(name) = name else {
            diags.error(MISSING, element.open_span, "`Parameter` has no `name`");
            return None;
        };
        if !is_valid_name(&name.value) {
            let message = format!("`{}` names no variable", name.value);
            diags.error(BAD_VALUE, name.span, message);
            return None;
        }
        let inner = element.text();
        let text = match (value, inner.trim()) {
            (Some(value), _) => Some(Template::parse(&value.value, value.span, diags)),
            (None, "") => None,
            (None, text) => Some(Template::parse(text, element.text_span(), diags)),
        };
        let assigned = Text { value: name.value.clone(), span: name.span };
        warn_read_only(&assigned, diags);
        Some(Self { variable: VarRef::parse(&name.value), source, text })
    }

    fn value(&self, cx: &MessageContext) -> Option<Value> {
        if let Some(value) = self.source.as_ref().and_then(|source| cx.get_value(source)) {
            return Some(value);
        }
        let text = self.text.as_ref()?.render(cx, Unresolved::Empty).ok()?;
        Some(Value::from(text.into_owned()))
    }
}

impl Policy for FlowCallout {
    fn uses(&self) -> Uses {
        Uses { shared_flows: vec![self.shared_flow.clone()], ..Uses::default() }
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        for parameter in &mut self.parameters {
            linker.bind(&mut parameter.variable);
            linker.bind(&mut parameter.source);
            linker.bind(&mut parameter.text);
        }
        let name = &self.shared_flow.value;
        Step::Flow(FlowCall {
            flow: linker.shared_flow(name),
            name: name.as_str().into(),
            running: linker.output(RUNNING),
            parameters: self,
        })
    }
}

impl Parameters for FlowCallout {
    fn enter(&self, cx: &mut MessageContext) -> Vec<Kept> {
        let values: Vec<_> = self.parameters.iter().map(|each| each.value(cx)).collect();
        let before = self.parameters.iter().map(|each| cx.keep(&each.variable)).collect();
        let values = values.into_iter().map(|value| value.map_or(Kept::Absent, Kept::Value));
        self.restore(cx, values);
        before
    }

    fn leave(&self, cx: &mut MessageContext, before: Vec<Kept>) {
        self.restore(cx, before);
    }
}

impl FlowCallout {
    /// A write to a read-only variable has no effect; lint has said so.
    fn restore(&self, cx: &mut MessageContext, values: impl IntoIterator<Item = Kept>) {
        for (parameter, value) in self.parameters.iter().zip(values) {
            cx.restore(&parameter.variable, value);
        }
    }
}
