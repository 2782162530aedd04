//! RaiseFault: leaves the normal flow with an error message of the bundle's own.
//! Source: Apigee docs, "RaiseFault policy". The message starts empty; without a payload the
//! client gets the default fault JSON. Faults: `steps.raisefault.RaiseFault`, with the status
//! that `Set` names, else 500; `.UnresolvedVariable`, `.SetVariableFailed` and
//! `.VariableOfNonMsgType` (500) where the message cannot be made.

mod page;

use std::cell::RefCell;
use std::rc::Rc;

use http::StatusCode;

use crate::diag::Diagnostics;
use crate::message::{Category, Fault, Message, MessageContext, MessageKind};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::policy::message_builder::{Destination, MessageBuilder, Owner};
use crate::xml::Element;

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "RaiseFault", failed_prefix: "raisefault", read, page: &page::PAGE };

const RAISE_FAULT: &str = "steps.raisefault.RaiseFault";

#[derive(Debug)]
struct RaiseFault {
    owner: Owner,
    builder: MessageBuilder,
    short_reason: bool,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let owner = Owner::new("RaiseFault", "steps.raisefault", body);
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let mut builder = MessageBuilder::default();
    if let Some(response) = xml.child("FaultResponse") {
        let mut inner = response.reader(xml.diags());
        builder = MessageBuilder::read(&mut inner, &owner);
        inner.finish();
    }
    builder.ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", false);
    let short_reason = xml.flag("ShortFaultReason", false);
    xml.finish();
    Some(Box::new(RaiseFault { owner, builder, short_reason }))
}

impl Policy for RaiseFault {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.owner.link(linker);
        // The message is new, so that there is no body to edit.
        self.builder.link(linker, |_| ());
        Step::Pure(self)
    }
}

impl PureStep for RaiseFault {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let error = Message::response(StatusCode::INTERNAL_SERVER_ERROR);
        let error = Rc::new(RefCell::new(error));
        self.builder.run(cx, &Destination::Own(Rc::clone(&error)), &self.owner)?;
        let error = error.replace(Message::empty(MessageKind::Response));
        let status = error.status().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fault = Fault::new(RAISE_FAULT, self.text()).status(status).category(Category::Custom);
        Err(if self.builder.sets_content() {
            fault.message(error)
        } else {
            fault.message_without_body(error)
        })
    }
}

impl RaiseFault {
    fn text(&self) -> String {
        let policy = self.owner.policy();
        match self.short_reason {
            true => policy.to_owned(),
            false => format!("Raising fault. Fault name : {policy}"),
        }
    }
}

#[cfg(test)]
mod tests;
