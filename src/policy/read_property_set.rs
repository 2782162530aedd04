//! ReadPropertySet: reads properties whose set or key only a request tells.
//! Source: Apigee docs, "ReadPropertySet policy" (X).
//! Fault: `steps.readpropertyset.UnresolvedVariable` (500). Finding: `GW306`.

mod page;

use bytestring::ByteString;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext, Value};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::policy::lookup_cache::warn_read_only;
use crate::template::RefOrText;
use crate::variable::VarRef;
use crate::xml::fields::MISSING;
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "ReadPropertySet",
    failed_prefix: "readpropertyset",
    read,
    page: &page::PAGE,
};

/// Unknown: the platform's own name for it; other policies of its age have this one.
const UNRESOLVED: &str = "steps.readpropertyset.UnresolvedVariable";

#[derive(Debug)]
struct ReadPropertySet {
    reads: Vec<Property>,
    ignore_unresolved: bool,
}

#[derive(Debug)]
struct Property {
    set: RefOrText,
    key: RefOrText,
    assign_to: VarRef,
    default: Option<ByteString>,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let elements = xml.children("Read");
    if elements.is_empty() {
        xml.diags().error(MISSING, body.name_span, "`ReadPropertySet` has no `Read`");
    }
    let reads = elements.iter().filter_map(|element| {
        let mut inner = element.reader(xml.diags());
        let read = Property::read(&mut inner);
        inner.finish();
        read
    });
    let reads = reads.collect();
    let ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", false);
    xml.finish();
    Some(Box::new(ReadPropertySet { reads, ignore_unresolved }))
}

impl Property {
    fn read(xml: &mut Fields<'_, '_>) -> Option<Self> {
        let set = xml.required("Name");
        let key = xml.required("Key");
        let assign_to: Option<Text> = xml.required("AssignTo");
        let default: Option<Text> = xml.optional("DefaultValue");
        if let Some(name) = &assign_to {
            warn_read_only(name, xml.diags());
        }
        Some(Self {
            set: set?,
            key: key?,
            assign_to: VarRef::parse(&assign_to?.value),
            default: default.map(|text| ByteString::from(text.value)),
        })
    }
}

impl Policy for ReadPropertySet {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        for read in &mut self.reads {
            linker.bind(&mut read.set);
            linker.bind(&mut read.key);
            linker.bind_output(&mut read.assign_to);
        }
        Step::Pure(self)
    }
}

impl PureStep for ReadPropertySet {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        for read in &self.reads {
            let found = match (read.set.resolve(cx), read.key.resolve(cx)) {
                (Ok(set), Ok(key)) => cx.property(&set, &key),
                (Err(_), _) | (_, Err(_)) if self.ignore_unresolved => None,
                (Err(unresolved), _) | (_, Err(unresolved)) => {
                    let text = format!("Unresolved variable : {}", unresolved.name);
                    return Err(Fault::new(UNRESOLVED, text));
                }
            };
            // Unknown: what a property that is not there and has no default does. The variable
            // stays as it is.
            let Some(value) = found.or_else(|| read.default.clone()) else { continue };
            if let Err(error) = cx.set(&read.assign_to, Value::String(value)) {
                tracing::debug!(%error, "a property's value is lost");
            }
        }
        Ok(Next::Continue)
    }
}
