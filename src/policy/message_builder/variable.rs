//! `AssignVariable`: a variable from a resource, a template, another variable or a text.
//!
//! Source: Apigee docs, "AssignMessage policy". They are asked in that order; a variable
//! keeps its type. A `Value` is a text and no template.

use bytestring::ByteString;

use crate::diag::{Diagnostics, Span};
use crate::message::{Fault, MessageContext, Value};
use crate::policy::kind::Linker;
use crate::policy::message_builder::Running;
use crate::template::Template;
use crate::variable::VarRef;

#[derive(Debug)]
pub(super) struct AssignVariable {
    pub(super) name: VarRef,
    pub(super) resource: Option<ResourceText>,
    pub(super) template: Option<RefOrTemplate>,
    pub(super) variable: Option<VarRef>,
    pub(super) value: Option<ByteString>,
    /// `set.key`, without `propertyset.`.
    pub(super) property: Option<Template>,
}

#[derive(Debug)]
pub(super) struct ResourceText {
    pub(super) url: String,
    pub(super) text: Option<ByteString>,
}

/// `<Template ref="var">text</Template>`: a variable that holds a template goes before the text.
#[derive(Debug)]
pub(super) struct RefOrTemplate {
    pub(super) variable: Option<VarRef>,
    pub(super) text: Option<Template>,
    pub(super) span: Span,
}

impl AssignVariable {
    pub(super) fn link(&mut self, linker: &mut dyn Linker) {
        if let Some(resource) = &mut self.resource {
            resource.text = linker.resource(&resource.url);
        }
        linker.bind_output(&mut self.name);
        if let Some(template) = &mut self.template {
            linker.bind(&mut template.variable);
            linker.bind(&mut template.text);
        }
        linker.bind(&mut self.variable);
        linker.bind(&mut self.property);
    }

    /// What has no value makes the variable null.
    pub(super) fn run(&self, cx: &mut MessageContext, run: &Running<'_>) -> Result<(), Fault> {
        match self.find(cx, run)? {
            Some(value) => cx.set(&self.name, value).map_err(|error| {
                tracing::debug!(%error, "a variable is not set");
                run.set_failed(self.name.name())
            }),
            None => {
                cx.remove(&self.name);
                Ok(())
            }
        }
    }

    fn find(&self, cx: &MessageContext, run: &Running<'_>) -> Result<Option<Value>, Fault> {
        if let Some(resource) = &self.resource {
            return match &resource.text {
                Some(text) => Ok(Some(Value::from(text.clone()))),
                None => nothing(&resource.url, run),
            };
        }
        if let Some(template) = &self.template
            && let Some(text) = template.render(cx, run)?
        {
            return Ok(Some(Value::from(text)));
        }
        if let Some(value) = self.variable.as_ref().and_then(|variable| cx.get_value(variable)) {
            return Ok(Some(value));
        }
        if let Some(value) = &self.value {
            return Ok(Some(Value::from(value.clone())));
        }
        if let Some(property) = &self.property {
            let name = format!("propertyset.{}", run.render(property, cx)?.trim());
            return match cx.get_value(&VarRef::parse(&name)) {
                Some(value) => Ok(Some(value)),
                None => nothing(&name, run),
            };
        }
        match &self.variable {
            Some(variable) => nothing(variable.name(), run),
            None => Ok(None),
        }
    }
}

impl RefOrTemplate {
    /// `None` where the variable has no value and there is no text.
    fn render(&self, cx: &MessageContext, run: &Running<'_>) -> Result<Option<String>, Fault> {
        if let Some(text) = self.variable.as_ref().and_then(|variable| cx.text(variable)) {
            // A template that only a request knows is parsed with it.
            let template = Template::parse(&text, self.span, &mut Diagnostics::default());
            return run.render(&template, cx).map(|text| Some(text.into_owned()));
        }
        match &self.text {
            Some(template) => run.render(template, cx).map(|text| Some(text.into_owned())),
            None => Ok(None),
        }
    }
}

fn nothing(name: &str, run: &Running<'_>) -> Result<Option<Value>, Fault> {
    if run.ignores_unresolved() { Ok(None) } else { Err(run.owner.unresolved(name)) }
}
