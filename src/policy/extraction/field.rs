//! A query parameter, header or form parameter, by its name: `w`, `w.2` for the second one,
//! `w.values` for all.
//!
//! Source: Apigee docs, "ExtractVariables policy", "Matching multiple instances in the
//! pattern". The name is that of the variable behind `{source}.queryparam.` and its kin.

use std::sync::Arc;

use crate::message::{MessageContext, View};
use crate::policy::extraction::{Origin, Source};
use crate::policy::kind::Linker;
use crate::variable::{Part, Place, VarRef, Which};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum FieldKind {
    QueryParam,
    Header,
    FormParam,
}

#[derive(Clone, Debug)]
pub(in crate::policy) struct Field {
    kind: FieldKind,
    variable: VarRef,
}

impl FieldKind {
    /// The kind of that element.
    pub(in crate::policy) fn of(element: &str) -> Option<Self> {
        Some(match element {
            "QueryParam" => Self::QueryParam,
            "Header" => Self::Header,
            "FormParam" => Self::FormParam,
            _ => return None,
        })
    }

    fn part(self) -> &'static str {
        match self {
            Self::QueryParam => "queryparam",
            Self::Header => "header",
            Self::FormParam => "formparam",
        }
    }
}

impl Field {
    pub(in crate::policy) fn new(kind: FieldKind, name: &str, source: &Source) -> Self {
        let variable = format!("{}.{}.{}", source.name(), kind.part(), name.trim());
        Self { kind, variable: VarRef::parse(&variable) }
    }

    /// The same name without an index, in every form in which a value of it can be met: what
    /// has to be looked at where nothing may be missed.
    pub(in crate::policy) fn every(kind: FieldKind, name: &str, source: &Source) -> Vec<Self> {
        let name = name.trim();
        let probe = VarRef::parse(&format!("request.{}.{name}", kind.part()));
        let is_plain = match probe.place() {
            Place::Message(
                _,
                Part::QueryParam(_, which) | Part::Header(_, which) | Part::FormParam(_, which),
            ) => *which == Which::First,
            _ => false,
        };
        if !is_plain {
            return vec![Self::new(kind, name, source)];
        }
        let mut all = vec![Self::new(kind, &format!("{name}.values"), source)];
        if kind == FieldKind::Header {
            all.push(Self::new(kind, &format!("{name}.values.string"), source));
        }
        all
    }

    pub(in crate::policy) fn link(&mut self, linker: &mut dyn Linker) {
        linker.bind(&mut self.variable);
    }

    /// A response has no query parameters: nothing is there.
    pub(in crate::policy) fn value<'a>(
        &'a self,
        origin: &Origin,
        cx: &'a MessageContext,
    ) -> Option<View<'a>> {
        if self.kind == FieldKind::QueryParam && !origin.is_request(cx) {
            return None;
        }
        cx.get(&self.variable)
    }

    /// Of the variable that it reads.
    pub(in crate::policy) fn shared_name(&self) -> &Arc<str> {
        self.variable.shared_name()
    }
}
