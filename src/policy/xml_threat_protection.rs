//! XMLThreatProtection: refuses XML that is deeper, longer or larger than it may be.
//! Source: Apigee docs, "XMLThreatProtection policy" and its runtime error page. It looks at
//! messages whose Content-Type is XML and that are not empty. A limit that is missing or below
//! zero is none. Lengths are counted in characters.
//! Faults (500): `steps.xmlthreatprotection.ExecutionFailed`, `.SourceUnavailable`,
//! `.NonMessageVariable`.

mod page;
mod scan;

use crate::diag::Diagnostics;
use crate::message::Fault;
use crate::policy::kind::{Policy, PolicyKind, skip_head};
use crate::policy::message_source::{MessageSource, SourceError};
use crate::policy::threat_protection::{self, ThreatProtection, limit};
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
    Some(Box::new(ThreatProtection::new(source, limits)))
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

impl threat_protection::Limits for Limits {
    const FORMAT: &'static str = "xml";

    fn scan(&self, text: &[u8], policy: &str) -> Result<(), Fault> {
        scan(text, self).map_err(|threat| {
            let who = format!("XMLThreatProtection stepDefinition {policy}");
            let reason = reason(&who, &threat);
            Fault::new(EXECUTION_FAILED, format!("{who}: Execution failed. reason: {reason}"))
        })
    }

    fn no_source(error: &SourceError, variable: &str, policy: &str) -> Fault {
        match error {
            SourceError::Unavailable => Fault::new(
                SOURCE_UNAVAILABLE,
                format!(
                    "XMLThreatProtection stepDefinition {policy}: Source {variable} is not \
                     available"
                ),
            ),
            SourceError::NoMessage => {
                Fault::new(NO_MESSAGE, format!("Variable {variable} does not resolve to a Message"))
            }
        }
    }
}

fn reason(who: &str, threat: &Threat) -> String {
    match threat {
        Threat::Exceeded { what, limit, place } => format!(
            "{who}: {what} exceeded {limit} at line {}(possibly around char {})",
            place.line, place.char
        ),
        Threat::Prologue => String::from("Syntax error while parsing XML prologue"),
        // Unknown: the platform's words for other text that is no XML; they follow those of the
        // documentation's examples.
        Threat::Syntax { place } => format!(
            "Syntax error while parsing at line {}(possibly around char {})",
            place.line, place.char
        ),
        Threat::Premature { line } => format!(
            "Premature end of document while parsing at line {line}(possibly  around char 0)"
        ),
    }
}

#[cfg(test)]
mod tests;
