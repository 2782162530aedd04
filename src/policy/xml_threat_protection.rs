//! XMLThreatProtection: refuses XML that is deeper, longer or larger than it may be.
//! Source: Apigee docs, "XMLThreatProtection policy" and its runtime error page. It looks at
//! messages whose Content-Type is XML and that are not empty. A limit that is missing or below
//! zero is none. Lengths are counted in characters.
//! Faults (500): `steps.xmlthreatprotection.ExecutionFailed`, `.SourceUnavailable`,
//! `.NonMessageVariable`.

mod page;
mod scan;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::json_threat_protection::limit;
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::policy::message_source::{MessageSource, SourceError};
use crate::policy::xml_threat_protection::scan::{ChildCount, Limits, Threat, scan};
use crate::xml::{Element, Fields};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "XMLThreatProtection",
    failed_prefix: "xmlattack",
    read,
    page: &page::PAGE,
};

const EXECUTION_FAILED: &str = "steps.xmlthreatprotection.ExecutionFailed";
const SOURCE_UNAVAILABLE: &str = "steps.xmlthreatprotection.SourceUnavailable";
const NO_MESSAGE: &str = "steps.xmlthreatprotection.NonMessageVariable";

#[derive(Debug)]
struct XmlThreatProtection {
    policy: String,
    source: MessageSource,
    limits: Limits,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let source = MessageSource::read(&mut xml);
    let mut limits = Limits::default();
    group(&mut xml, "NameLimits", |names| {
        limits.element_name = limit(names, "Element");
        limits.attribute_name = limit(names, "Attribute");
        limits.prefix = limit(names, "NamespacePrefix");
        limits.instruction_target = limit(names, "ProcessingInstructionTarget");
    });
    group(&mut xml, "StructureLimits", |structure| {
        limits.depth = limit(structure, "NodeDepth");
        limits.attributes = limit(structure, "AttributeCountPerElement");
        limits.namespaces = limit(structure, "NamespaceCountPerElement");
        limits.children = child_count(structure);
    });
    group(&mut xml, "ValueLimits", |values| {
        limits.text = limit(values, "Text");
        limits.attribute_value = limit(values, "Attribute");
        limits.namespace_uri = limit(values, "NamespaceURI");
        limits.comment = limit(values, "Comment");
        limits.instruction_data = limit(values, "ProcessingInstructionData");
    });
    xml.finish();
    Some(Box::new(XmlThreatProtection { policy: String::new(), source, limits }))
}

fn group(xml: &mut Fields<'_, '_>, name: &'static str, read: impl FnOnce(&mut Fields<'_, '_>)) {
    if let Some(element) = xml.child(name) {
        let mut inner = element.reader(xml.diags());
        read(&mut inner);
        inner.finish();
    }
}

fn child_count(structure: &mut Fields<'_, '_>) -> ChildCount {
    let max = limit(structure, "ChildCount");
    let Some(element) = structure.child("ChildCount") else { return ChildCount::default() };
    let mut inner = element.reader(structure.diags());
    let count = ChildCount {
        max,
        comments: inner.attribute_flag("includeComment", true),
        elements: inner.attribute_flag("includeElement", true),
        instructions: inner.attribute_flag("includeProcessingInstruction", true),
        texts: inner.attribute_flag("includeText", true),
    };
    inner.finish();
    count
}

impl Policy for XmlThreatProtection {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.source.link(linker);
        self.policy = linker.policy().to_owned();
        Step::Pure(self)
    }
}

impl PureStep for XmlThreatProtection {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let content = self.source.find(cx).map_err(|error| self.no_source(&error))?;
        // Unknown: what the platform makes of an empty body; there is nothing to fear in it.
        if !content.is_of("xml") || content.bytes.trim_ascii().is_empty() {
            return Ok(Next::Continue);
        }
        scan(&content.bytes, &self.limits).map_err(|threat| self.threat(&threat))?;
        Ok(Next::Continue)
    }
}

impl XmlThreatProtection {
    fn threat(&self, threat: &Threat) -> Fault {
        let who = format!("XMLThreatProtection stepDefinition {}", self.policy);
        let reason = match threat {
            Threat::Exceeded { what, limit, place } => format!(
                "{who}: {what} exceeded {limit} at line {}(possibly around char {})",
                place.line, place.char
            ),
            Threat::Prologue => String::from("Syntax error while parsing XML prologue"),
            // Unknown: the platform's words for other text that is no XML; they follow those of
            // the documentation's examples.
            Threat::Syntax { place } => format!(
                "Syntax error while parsing at line {}(possibly around char {})",
                place.line, place.char
            ),
            Threat::Premature { line } => format!(
                "Premature end of document while parsing at line {line}(possibly  around char 0)"
            ),
        };
        Fault::new(EXECUTION_FAILED, format!("{who}: Execution failed. reason: {reason}"))
    }

    fn no_source(&self, error: &SourceError) -> Fault {
        let (policy, name) = (&self.policy, self.source.name());
        match error {
            SourceError::Unavailable => Fault::new(
                SOURCE_UNAVAILABLE,
                format!(
                    "XMLThreatProtection stepDefinition {policy}: Source {name} is not available"
                ),
            ),
            SourceError::NoMessage => {
                Fault::new(NO_MESSAGE, format!("Variable {name} does not resolve to a Message"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
