//! AssertCondition: evaluates a condition into a variable.
//! Source: Apigee docs, "AssertCondition policy". Variables: `assertcondition.{policy}.`
//! `truthValue` and `failed`. It has no fault: what cannot be compared is false.

mod page;

use crate::condition::Condition;
use crate::diag::{Diagnostics, Severity};
use crate::message::{Fault, MessageContext, Value};
use crate::model::read_condition;
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::variable::Slot;
use crate::xml::Element;
use crate::xml::fields::MISSING;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "AssertCondition",
    failed_prefix: "assertcondition",
    read,
    page: &page::PAGE,
};

#[derive(Debug)]
struct AssertCondition {
    condition: Condition,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let errors = xml.diags().count(Severity::Error);
    let is_there = body.child("Condition").is_some_and(|found| !found.is_empty());
    let condition = match is_there {
        true => read_condition(&mut xml),
        false => {
            xml.ignore(&["Condition"]);
            let message = "`AssertCondition` has no `Condition`";
            xml.diags().error(MISSING, body.name_span, message);
            None
        }
    };
    let is_sound = xml.diags().count(Severity::Error) == errors;
    xml.finish();
    let condition = condition.filter(|_| is_sound)?.condition;
    Some(Box::new(AssertCondition { condition }))
}

impl Policy for AssertCondition {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind(&mut self.condition);
        let prefix = format!("assertcondition.{}", linker.policy());
        Step::Pure(Box::new(LinkedAssertCondition {
            condition: self.condition,
            out_truth_value: linker.output(&format!("{prefix}.truthValue")),
            out_failed: linker.output(&format!("{prefix}.failed")),
        }))
    }
}

struct LinkedAssertCondition {
    condition: Condition,
    out_truth_value: Option<Slot>,
    out_failed: Option<Slot>,
}

impl PureStep for LinkedAssertCondition {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let holds = self.condition.holds(cx);
        cx.set_output(self.out_truth_value, || Value::from(holds));
        cx.set_output(self.out_failed, || Value::from(false));
        Ok(Next::Continue)
    }
}

#[cfg(test)]
mod tests;
