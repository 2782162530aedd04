//! `Add`, `Copy`, `Remove`, `Set` and `AssignVariable`, which AssignMessage and RaiseFault
//! share: operations on one message, in document order.
//!
//! Source: Apigee docs, "AssignMessage policy" and its error references. Within one `Set`
//! the verb comes first and the reason phrase last, because one decides about form
//! parameters and the status clears the other. Faults, each 500 and with the policy type's
//! own prefix: `UnresolvedVariable`, `SetVariableFailed`, `VariableOfNonMsgType`.

mod copy;
pub(super) mod page;
mod read;
mod variable;

pub(super) use copy::bind_head;

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};

use crate::diag::{Diagnostics, Span};
use crate::message::{
    Fault, Head, Message, MessageContext, MessageKind, append_pair, final_status, header_text,
    reason_text, remove_pair,
};
use crate::model::Authentication;
use crate::policy::kind::Linker;
use crate::policy::message_builder::copy::{Copy, Piece, Pieces, remove};
use crate::policy::message_builder::variable::AssignVariable;
use crate::template::{Template, Unresolved};
use crate::variable::{Part, Role, VarRef};
use crate::xml::Element;

/// The operations as written.
#[derive(Debug, Default)]
pub(super) struct MessageBuilder {
    operations: Vec<Operation>,
    pub(super) ignore_unresolved: bool,
    /// Of AssignMessage's `Set`.
    pub(super) authentication: Option<Authentication>,
}

#[derive(Debug)]
enum Operation {
    Field(FieldWrite),
    Payload(Payload),
    Verb(Template),
    Version(Template),
    Path(Template),
    StatusCode(Template),
    ReasonPhrase(Template),
    Copy(Copy),
    Remove(Pieces),
    Assign(Box<AssignVariable>),
}

/// One header or parameter of `Add` or `Set`.
#[derive(Debug)]
struct FieldWrite {
    mode: Mode,
    field: Field,
    name: Template,
    value: Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// One more value.
    Add,
    /// Instead of all values.
    Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Header,
    QueryParam,
    FormParam,
}

#[derive(Debug)]
struct Payload {
    content_type: Option<Template>,
    template: Template,
    /// The bytes of a payload without references.
    literal: Option<Bytes>,
    /// The resource file that holds the text.
    resource: Option<Resource>,
    span: Span,
}

#[derive(Debug)]
struct Resource {
    url: String,
    found: bool,
}

/// Who is named in faults and findings.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// The policy's type, such as `AssignMessage`.
    kind: &'static str,
    /// What its error codes begin with, such as `steps.assignmessage`.
    code_prefix: &'static str,
    policy: String,
}

/// The message that the operations change.
pub(super) enum Destination {
    /// Never [`Role::Message`]: see [`in_scope`].
    Role(Role),
    Own(Rc<RefCell<Message>>),
}

impl MessageBuilder {
    /// Gives every name its place. `destination_body` is called where an operation edits the
    /// body that the destination has.
    pub(super) fn link(
        &mut self,
        linker: &mut dyn Linker,
        destination_body: impl FnOnce(&mut dyn Linker),
    ) {
        for operation in &mut self.operations {
            operation.link(linker);
        }
        if self.operations.iter().any(Operation::edits_body) {
            destination_body(linker);
        }
    }

    /// Whether the message's content comes from here, however empty it is.
    pub(super) fn sets_content(&self) -> bool {
        self.operations.iter().any(|operation| match operation {
            Operation::Payload(_) => true,
            Operation::Copy(copy) => copy.pieces.list.contains(&Piece::Payload),
            Operation::Field(_)
            | Operation::Verb(_)
            | Operation::Version(_)
            | Operation::Path(_)
            | Operation::StatusCode(_)
            | Operation::ReasonPhrase(_)
            | Operation::Remove(_)
            | Operation::Assign(_) => false,
        })
    }

    pub(super) fn run(
        &self,
        cx: &mut MessageContext,
        destination: &Destination,
        owner: &Owner,
    ) -> Result<(), Fault> {
        let unresolved = if self.ignore_unresolved { Unresolved::Empty } else { Unresolved::Fails };
        let run = Running { destination, owner, unresolved };
        self.operations.iter().try_for_each(|operation| operation.run(cx, &run))
    }
}

/// What every operation of one run needs.
struct Running<'a> {
    destination: &'a Destination,
    owner: &'a Owner,
    unresolved: Unresolved,
}

impl Running<'_> {
    fn render<'a>(
        &self,
        template: &'a Template,
        cx: &'a MessageContext,
    ) -> Result<Cow<'a, str>, Fault> {
        let rendered = template.render(cx, self.unresolved);
        rendered.map_err(|unresolved| self.owner.unresolved(&unresolved.name))
    }

    fn ignores_unresolved(&self) -> bool {
        self.unresolved == Unresolved::Empty
    }

    fn set_failed(&self, what: &str) -> Fault {
        self.owner.set_failed(what)
    }
}

impl Operation {
    fn link(&mut self, linker: &mut dyn Linker) {
        match self {
            Self::Field(write) => {
                linker.bind(&mut write.name);
                linker.bind(&mut write.value);
            }
            Self::Payload(payload) => payload.link(linker),
            Self::Verb(template)
            | Self::Version(template)
            | Self::Path(template)
            | Self::StatusCode(template)
            | Self::ReasonPhrase(template) => linker.bind(template),
            Self::Copy(copy) => copy.link(linker),
            Self::Remove(_) => {}
            Self::Assign(assign) => assign.link(linker),
        }
    }

    /// Whether it changes a part of the body and keeps the rest.
    fn edits_body(&self) -> bool {
        match self {
            Self::Field(write) => write.field == Field::FormParam,
            Self::Copy(Copy { pieces, .. }) | Self::Remove(pieces) => {
                pieces.list.iter().any(Piece::is_form)
            }
            Self::Payload(_)
            | Self::Verb(_)
            | Self::Version(_)
            | Self::Path(_)
            | Self::StatusCode(_)
            | Self::ReasonPhrase(_)
            | Self::Assign(_) => false,
        }
    }

    fn run(&self, cx: &mut MessageContext, run: &Running<'_>) -> Result<(), Fault> {
        match self {
            Self::Field(write) => write.run(cx, run),
            Self::Payload(payload) => payload.run(cx, run),
            Self::Verb(template) => {
                let text = run.render(template, cx)?;
                let method = Method::from_bytes(text.trim().as_bytes());
                let method = method.map_err(|_| run.set_failed("verb"))?;
                run.destination.change(cx, |message| {
                    if let Head::Request(head) = &mut message.head {
                        head.method = method;
                    }
                });
                Ok(())
            }
            Self::Version(template) => {
                let value = run.render(template, cx)?.into_owned().into();
                let name = VarRef::parse("message.version");
                let mut result = Ok(());
                run.destination.change(cx, |message| {
                    result = message.set_part(&Part::Version, &name, &value);
                });
                result.map_err(|_| run.set_failed("version"))
            }
            Self::Path(template) => {
                let text = run.render(template, cx)?.into_owned();
                let mut fits = true;
                run.destination.change(cx, |message| fits = set_path(message, text.trim()));
                if fits { Ok(()) } else { Err(run.set_failed("path")) }
            }
            Self::StatusCode(template) => {
                let text = run.render(template, cx)?;
                let status = final_status(&text).ok_or_else(|| run.set_failed("status.code"))?;
                run.destination.change(cx, |message| {
                    if let Head::Response(head) = &mut message.head {
                        head.status = status;
                        head.reason = None;
                    }
                });
                Ok(())
            }
            Self::ReasonPhrase(template) => {
                let reason = reason_text(&run.render(template, cx)?);
                run.destination.change(cx, |message| {
                    if let Head::Response(head) = &mut message.head {
                        head.reason = Some(reason);
                    }
                });
                Ok(())
            }
            Self::Copy(copy) => copy.run(cx, run),
            Self::Remove(pieces) => {
                run.destination.change(cx, |message| remove(message, pieces));
                Ok(())
            }
            Self::Assign(assign) => assign.run(cx, run),
        }
    }
}

/// A path with a query replaces the query too. What is no request has no path to change.
fn set_path(message: &mut Message, text: &str) -> bool {
    if message.kind() != MessageKind::Request {
        return true;
    }
    match text.split_once('?') {
        Some((path, query)) => message.set_target(path, query),
        None => {
            let query = message.query().to_owned();
            message.set_target(text, &query)
        }
    }
}

impl FieldWrite {
    /// Parameters of what is no request are left out, and so are form parameters that `Add`
    /// would give a request other than a POST, as the documentation has it.
    fn run(&self, cx: &mut MessageContext, run: &Running<'_>) -> Result<(), Fault> {
        match self.field {
            Field::Header => {
                let name = run.render(&self.name, cx)?;
                let name = HeaderName::from_bytes(name.trim().as_bytes())
                    .map_err(|_| run.set_failed(&format!("header.{name}")))?;
                let value = header_text(&run.render(&self.value, cx)?);
                let mut kept = Ok(true);
                run.destination.change(cx, |message| match self.mode {
                    Mode::Add => kept = message.headers.try_append(name, value),
                    Mode::Set => kept = message.headers.try_insert(name, value).map(|_| true),
                });
                kept.map(|_| ()).map_err(|_| run.set_failed("headers"))
            }
            Field::QueryParam => {
                let name = run.render(&self.name, cx)?.into_owned();
                let value = run.render(&self.value, cx)?.into_owned();
                let mut fits = true;
                run.destination.change(cx, |message| {
                    if message.kind() == MessageKind::Request {
                        let query = with_pair(message.query(), self.mode, &name, &value);
                        fits = message.set_query(&query);
                    }
                });
                if fits { Ok(()) } else { Err(run.set_failed(&format!("queryparam.{name}"))) }
            }
            Field::FormParam => {
                let name = run.render(&self.name, cx)?.into_owned();
                let value = run.render(&self.value, cx)?.into_owned();
                run.destination.change(cx, |message| {
                    let Some(method) = message.method() else { return };
                    if self.mode == Mode::Add && *method != Method::POST {
                        return;
                    }
                    let form =
                        with_pair(&message.form().unwrap_or_default(), self.mode, &name, &value);
                    message.set_form(form);
                });
                Ok(())
            }
        }
    }
}

fn with_pair(pairs: &str, mode: Mode, name: &str, value: &str) -> String {
    match mode {
        Mode::Add => append_pair(pairs, name, value),
        Mode::Set => append_pair(&remove_pair(pairs, name, None), name, value),
    }
}

impl Payload {
    fn link(&mut self, linker: &mut dyn Linker) {
        if let Some(resource) = &mut self.resource
            && let Some(text) = linker.resource(&resource.url)
        {
            resource.found = true;
            // Its findings have no place in the policy's file.
            self.template = Template::parse(&text, self.span, &mut Diagnostics::default());
        }
        let literal = self.template.as_literal();
        self.literal = literal.map(|text| Bytes::copy_from_slice(text.as_bytes()));
        linker.bind(&mut self.template);
        linker.bind(&mut self.content_type);
    }

    fn run(&self, cx: &mut MessageContext, run: &Running<'_>) -> Result<(), Fault> {
        if let Some(resource) = &self.resource
            && !resource.found
            && !run.ignores_unresolved()
        {
            return Err(run.owner.unresolved(&resource.url));
        }
        let content = match &self.literal {
            Some(bytes) => bytes.clone(),
            None => Bytes::from(run.render(&self.template, cx)?.into_owned()),
        };
        let content_type = match &self.content_type {
            Some(template) => Some(header_text(&run.render(template, cx)?)),
            None => None,
        };
        run.destination.change(cx, |message| {
            message.set_content(content);
            if let Some(content_type) = content_type {
                set_content_type(message, content_type);
            }
        });
        Ok(())
    }
}

fn set_content_type(message: &mut Message, content_type: HeaderValue) {
    if message.headers.try_insert(CONTENT_TYPE, content_type).is_err() {
        tracing::debug!("a message has no room for its Content-Type");
    }
}

impl Destination {
    /// In place of those of that name.
    pub(super) fn set_header(&self, cx: &mut MessageContext, name: HeaderName, value: HeaderValue) {
        self.change(cx, |message| {
            if message.headers.try_insert(name, value).is_err() {
                tracing::debug!("a message has no room for its token");
            }
        });
    }

    fn change(&self, cx: &mut MessageContext, change: impl FnOnce(&mut Message)) {
        match self {
            Self::Role(role) => {
                if let Some(message) = cx.role_message_mut(*role) {
                    change(message);
                }
            }
            Self::Own(message) => change(&mut message.borrow_mut()),
        }
    }
}

/// The message that `message` stands for: the error, the response or the request.
pub(super) fn in_scope(cx: &MessageContext) -> Role {
    if cx.error.is_some() {
        Role::Error
    } else if cx.response.is_some() && cx.phase.is_response() {
        Role::Response
    } else {
        Role::Request
    }
}

impl Owner {
    pub(super) fn new(kind: &'static str, code_prefix: &'static str, body: &Element) -> Self {
        let policy = body.attribute("name").map(|name| name.value.trim().to_owned());
        Self { kind, code_prefix, policy: policy.unwrap_or_default() }
    }

    /// The linker knows the name that steps use.
    pub(super) fn link(&mut self, linker: &dyn Linker) {
        linker.policy().clone_into(&mut self.policy);
    }

    pub(super) fn policy(&self) -> &str {
        &self.policy
    }

    pub(super) fn code(&self, name: &str) -> String {
        format!("{}.{name}", self.code_prefix)
    }

    pub(super) fn unresolved(&self, variable: &str) -> Fault {
        let Self { kind, policy, .. } = self;
        let text = format!("{kind}[{policy}]: unable to resolve variable {variable}");
        Fault::new(self.code("UnresolvedVariable"), text)
    }

    pub(super) fn no_message(&self, variable: &str) -> Fault {
        let Self { kind, policy, .. } = self;
        let text = format!("{kind}[{policy}]: value of variable {variable} is not of type Message");
        Fault::new(self.code("VariableOfNonMsgType"), text)
    }

    /// Unknown: code and text, which are not public; they are built as a target's are.
    pub(super) fn no_token(&self) -> Fault {
        let Self { kind, policy, .. } = self;
        let text = format!("{kind}[{policy}]: failed to generate a Google token");
        Fault::new(self.code("GoogleTokenGenerationFailure"), text)
    }

    /// Unknown: the text, which is not public.
    pub(super) fn set_failed(&self, variable: &str) -> Fault {
        let Self { kind, policy, .. } = self;
        let text = format!("{kind}[{policy}]: unable to set variable {variable}");
        Fault::new(self.code("SetVariableFailed"), text)
    }
}

#[cfg(test)]
mod tests;
