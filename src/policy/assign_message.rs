//! AssignMessage: makes or changes a message, and sets variables.
//! Source: Apigee docs, "AssignMessage policy" and its error references.
//! Faults (500): `steps.assignmessage.UnresolvedVariable`, `.SetVariableFailed`,
//! `.VariableOfNonMsgType`, `.GoogleTokenGenerationFailure`. Findings: those of the message builder; lint has `PO012`.

mod page;

use std::cell::RefCell;
use std::rc::Rc;

use crate::diag::Diagnostics;
use crate::message::{Fault, Message, MessageContext, MessageKind, Value};
use crate::model::Bearer;
use crate::policy::kind::{
    CallStep, Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, Waiting, skip_head,
};
use crate::policy::message_builder::{Destination, MessageBuilder, Owner, bind_head, in_scope};
use crate::upstream::Upstream;
use crate::variable::{Part, Place, Role, VarRef};
use crate::xml::{Element, FromXml, Text};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "AssignMessage",
    failed_prefix: "assignmessage",
    read,
    page: &page::PAGE,
};

const NO_TOKEN: &str = "steps.assignmessage.GoogleTokenGenerationFailure";

#[derive(Debug)]
struct AssignMessage {
    owner: Owner,
    assign_to: AssignTo,
    builder: MessageBuilder,
}

/// The message to change. The default is the one in scope.
#[derive(Debug, Default)]
struct AssignTo {
    /// `None`: the message in scope.
    variable: Option<VarRef>,
    /// `None`: made where it is not there.
    create_new: Option<bool>,
    /// Of a message that is made; `None`: as the flow has it.
    kind: Option<MessageKind>,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let owner = Owner::new("AssignMessage", "steps.assignmessage", body);
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    // `AssignTo` may have attributes alone.
    let assign_to = xml.child("AssignTo");
    let assign_to = assign_to.and_then(|element| AssignTo::from_xml(element, xml.diags()));
    let mut builder = MessageBuilder::read(&mut xml, &owner);
    builder.ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", false);
    xml.finish();
    let assign_to = assign_to.unwrap_or_default();
    Some(Box::new(AssignMessage { owner, assign_to, builder }))
}

impl FromXml for AssignTo {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let mut xml = element.reader(diags);
        xml.ignore(&["transport"]); // Always `http`.
        let create_new = xml.attribute("createNew").is_some();
        let create_new = create_new.then(|| xml.attribute_flag("createNew", false));
        let kind = xml.attribute("type").and_then(|found| match found.value.trim() {
            "request" => Some(MessageKind::Request),
            "response" => Some(MessageKind::Response),
            // Told by PO012; the type is that of the flow.
            _ => None,
        });
        xml.finish();
        let variable = Text::from_xml(element, diags).map(|name| VarRef::parse(&name.value));
        Some(Self { variable, create_new, kind })
    }
}

impl Policy for AssignMessage {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(self: Box<Self>, linker: &mut dyn Linker) -> Step {
        let Self { mut owner, mut assign_to, mut builder } = *self;
        owner.link(linker);
        assign_to.link(linker);
        builder.link(linker, |linker| assign_to.link_body(linker));
        let mut authentication = builder.authentication.take();
        if let Some(authentication) = &mut authentication {
            linker.bind(authentication);
        }
        let bearer = linker.google().zip(authentication);
        let bearer = bearer.map(|(tokens, authentication)| Bearer { authentication, tokens });
        let step = Self { owner, assign_to, builder };
        match bearer {
            Some(bearer) => Step::Call(Box::new(WithToken { step, bearer })),
            None => Step::Pure(Box::new(step)),
        }
    }
}

/// One whose `Set` has an Authentication. Its header is set last.
struct WithToken {
    step: AssignMessage,
    bearer: Bearer,
}

impl CallStep for WithToken {
    fn run<'a>(&'a self, cx: &'a mut MessageContext, upstream: &'a dyn Upstream) -> Waiting<'a> {
        Box::pin(async move {
            let Self { step: AssignMessage { owner, assign_to, builder }, bearer } = self;
            let destination = assign_to.find(cx, owner)?;
            builder.run(cx, &destination, owner)?;
            let header = bearer.header(cx, None, upstream, &cx.clock).await;
            let (name, value) = header.map_err(|_| no_token(owner))?;
            destination.set_header(cx, name, value);
            cx.has_token = true;
            Ok(Next::Continue)
        })
    }
}

/// Unknown: code and text, which are not public; they are built as a target's are.
fn no_token(owner: &Owner) -> Fault {
    let policy = owner.policy();
    Fault::new(NO_TOKEN, format!("AssignMessage[{policy}]: failed to generate a Google token"))
}

impl PureStep for AssignMessage {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let destination = self.assign_to.find(cx, &self.owner)?;
        self.builder.run(cx, &destination, &self.owner)?;
        Ok(Next::Continue)
    }
}

impl AssignTo {
    /// The role of a predefined message.
    fn role(&self) -> Option<Role> {
        match self.variable.as_ref()?.place() {
            Place::Message(role, Part::Whole) => Some(*role),
            Place::Message(..)
            | Place::Fixed(_)
            | Place::Slot(_)
            | Place::SlotPart { .. }
            | Place::Property
            | Place::Named => None,
        }
    }

    fn link(&mut self, linker: &mut dyn Linker) {
        if let Some(variable) = &mut self.variable {
            bind_head(variable, linker);
        }
    }

    fn link_body(&mut self, linker: &mut dyn Linker) {
        match &mut self.variable {
            Some(variable) => linker.bind_variable(variable),
            None => linker.needs_message_body(),
        }
    }

    fn find(&self, cx: &mut MessageContext, owner: &Owner) -> Result<Destination, Fault> {
        match &self.variable {
            None => self.find_role(cx, in_scope(cx), owner),
            Some(variable) => match self.role() {
                Some(Role::Message) => self.find_role(cx, in_scope(cx), owner),
                Some(role) => self.find_role(cx, role, owner),
                None => self.find_own(cx, variable, owner),
            },
        }
    }

    fn find_role(
        &self,
        cx: &mut MessageContext,
        role: Role,
        owner: &Owner,
    ) -> Result<Destination, Fault> {
        if cx.role_message(role).is_some() {
            if self.create_new == Some(true) {
                replace(cx, role);
            }
        } else if role == Role::Response && self.create_new != Some(false) {
            cx.response = Some(Message::empty(MessageKind::Response));
        } else {
            // Outside of the error flow there is no error message to change, and none is made:
            // its presence is what the error flow is.
            return Err(owner.unresolved(self.name()));
        }
        Ok(Destination::Role(role))
    }

    fn find_own(
        &self,
        cx: &mut MessageContext,
        variable: &VarRef,
        owner: &Owner,
    ) -> Result<Destination, Fault> {
        if matches!(variable.place(), Place::Message(..) | Place::Fixed(_)) {
            return Err(owner.no_message(variable.name()));
        }
        if self.create_new != Some(true) {
            match cx.get_value(variable) {
                Some(Value::Message(message)) => return Ok(Destination::Own(message)),
                Some(_) => return Err(owner.no_message(variable.name())),
                None if self.create_new == Some(false) => {
                    return Err(owner.unresolved(variable.name()));
                }
                None => {}
            }
        }
        let by_flow = if cx.in_error() || cx.phase.is_response() {
            MessageKind::Response
        } else {
            MessageKind::Request
        };
        let message = Message::empty(self.kind.unwrap_or(by_flow));
        let message = Rc::new(RefCell::new(message));
        cx.set(variable, Value::Message(message.clone()))
            .map_err(|_| owner.no_message(variable.name()))?;
        Ok(Destination::Own(message))
    }

    fn name(&self) -> &str {
        self.variable.as_ref().map_or("message", VarRef::name)
    }
}

/// A new message in the place of a predefined one, of the kind that belongs there.
fn replace(cx: &mut MessageContext, role: Role) {
    if let Some(place) = cx.role_message_mut(role) {
        *place = Message::empty(place.kind());
    }
}

#[cfg(test)]
mod tests;
