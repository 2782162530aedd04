//! Variable names to places: `request.header.accept.1` becomes "the first value of the
//! request's Accept header", an unknown name a slot of its plan.
//!
//! Source: Apigee docs, "Flow variables reference". Variable names are case-sensitive,
//! header names inside them are not, query and form parameter names are. A name is
//! resolved once, when its plan is linked; serving a request compares no names.

mod flow_variables;
mod name;
mod slots;

pub use flow_variables::{Access, FLOW_VARIABLES, FlowVariable, Scope, Type, VarId};
pub use name::{NAME_BYTES_MAX, is_valid_name};
pub use slots::{Slot, Slots};

use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::xml::{Element, FromXml, Text};

/// A reference to a variable: its name as written and the place that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarRef {
    name: Arc<str>,
    place: Place,
}

/// Where a variable's value lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A row of [`FLOW_VARIABLES`].
    Fixed(VarId),
    /// A part of one of the four messages that every request has names for.
    Message(Role, Part),
    /// A variable of the bundle's own, numbered in its plan.
    Slot(Slot),
    /// A name such as `mine.header.x`: the variable of that whole name where it is set,
    /// else that part of the message that the variable `mine` holds.
    SlotPart { whole: Slot, base: Slot, part: Box<Part> },
    /// `propertyset.{set}.{key}`, looked up by what follows [`PROPERTY_SET`].
    Property,
    /// A name that no plan has numbered; looked up by name.
    Named,
}

/// What the variables of property sets begin with.
pub const PROPERTY_SET: &str = "propertyset.";

/// The four messages with names of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Request,
    Response,
    /// The request until the target has answered, then the response; in an error flow the error.
    Message,
    Error,
}

/// What is read of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    Content,
    ContentAsBase64,
    ContentAsUrlSafeBase64,
    Header(http::HeaderName, Which),
    Headers(List),
    QueryParam(Arc<str>, Which),
    QueryParams(List),
    QueryString,
    FormParam(Arc<str>, Which),
    FormParams(List),
    FormString,
    Verb,
    Version,
    Uri,
    Path,
    Url,
    StatusCode,
    ReasonPhrase,
    TransportId,
    TransportMessage,
    /// `error.message`: the text of the fault that started the error flow.
    ErrorMessage,
    /// `error.state`: the flow in which the fault rose.
    ErrorState,
}

/// Which of a field's values. A header's values are the parts between its commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    First,
    /// The Nth, from 1.
    Nth(u32),
    Values,
    Count,
    /// The whole header text.
    Joined,
}

/// What is asked of all headers or parameters together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Count,
    Names,
    NamesJoined,
}

impl Part {
    /// Whether reading or writing it needs the message's whole body in memory.
    pub fn needs_body(&self) -> bool {
        match self {
            Self::Whole
            | Self::Content
            | Self::ContentAsBase64
            | Self::ContentAsUrlSafeBase64
            | Self::FormParam(..)
            | Self::FormParams(_)
            | Self::FormString => true,
            Self::Header(..)
            | Self::Headers(_)
            | Self::QueryParam(..)
            | Self::QueryParams(_)
            | Self::QueryString
            | Self::Verb
            | Self::Version
            | Self::Uri
            | Self::Path
            | Self::Url
            | Self::StatusCode
            | Self::ReasonPhrase
            | Self::TransportId
            | Self::TransportMessage
            | Self::ErrorMessage
            | Self::ErrorState => false,
        }
    }
}

impl VarRef {
    /// Any text names a variable; whether somebody sets it shows at run time.
    pub fn parse(name: &str) -> Self {
        let name = name.trim();
        let place = name::predefined(name).unwrap_or(Place::Named);
        Self { name: Arc::from(name), place }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    /// `{set}.{key}` of a property set's variable.
    pub fn property(&self) -> Option<&str> {
        self.name.strip_prefix(PROPERTY_SET)
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether the documentation calls it read-only: writing it faults.
    pub fn is_read_only(&self) -> bool {
        match &self.place {
            Place::Fixed(id) => id.row().access == Access::ReadOnly,
            Place::Message(role, part) => name::is_read_only(*role, part),
            // Unknown: what becomes of a write to a property set. It faults here, as for every
            // variable that has its value from elsewhere.
            Place::Property => true,
            Place::Slot(_) | Place::SlotPart { .. } | Place::Named => false,
        }
    }
}

/// What gives variables their places while a plan is linked.
pub trait Bind {
    /// The variable is read, or read and written.
    fn bind_variable(&mut self, variable: &mut VarRef);
    /// The variable is only written.
    fn bind_output(&mut self, variable: &mut VarRef);
}

impl Bind for Slots {
    fn bind_variable(&mut self, variable: &mut VarRef) {
        Slots::bind(self, variable);
    }

    fn bind_output(&mut self, variable: &mut VarRef) {
        Slots::bind_output(self, variable);
    }
}

/// What holds variables that must be bound: references, templates, conditions.
pub trait Bindable {
    fn bind(&mut self, binder: &mut dyn Bind);
}

impl Bindable for VarRef {
    fn bind(&mut self, binder: &mut dyn Bind) {
        binder.bind_variable(self);
    }
}

impl<T: Bindable> Bindable for Option<T> {
    fn bind(&mut self, binder: &mut dyn Bind) {
        if let Some(inner) = self {
            inner.bind(binder);
        }
    }
}

impl<T: Bindable> Bindable for Vec<T> {
    fn bind(&mut self, binder: &mut dyn Bind) {
        for inner in self {
            inner.bind(binder);
        }
    }
}

impl FromXml for VarRef {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let text = Text::from_xml(element, diags)?;
        Some(Self::parse(&text.value))
    }
}

#[cfg(test)]
mod tests;
