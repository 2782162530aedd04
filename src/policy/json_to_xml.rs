//! JSONToXML: makes XML of JSON.
//! Source: Apigee docs, "JSON to XML policy" and its runtime error page. Of the two stems of its
//! error codes in public, `steps.json2xml.` is the one of the error responses.
//! Faults (500): `steps.json2xml.SourceUnavailable`, `.ExecutionFailed`,
//! `.OutputVariableIsNotAvailable`, `.InCompatibleTypes`, `.InvalidSourceType`.
//! Finding: `GW371`.

mod convert;
mod name;
mod page;

use crate::diag::Diagnostics;
use crate::json::{JsonError, read_literal};
use crate::message::{Fault, MessageContext};
use crate::policy::conversion::{Conversion, DOUBTFUL, Words};
use crate::policy::json_to_xml::convert::{Options, to_xml};
use crate::policy::json_to_xml::name::{is_local_name, safe_name};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::xml::scan::continues_name;
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "JSONToXML", failed_prefix: "jsontoxml", read, page: &page::PAGE };

static WORDS: Words = Words {
    element: "JSONToXML",
    source_unavailable: "steps.json2xml.SourceUnavailable",
    output_unavailable: "steps.json2xml.OutputVariableIsNotAvailable",
    incompatible_types: "steps.json2xml.InCompatibleTypes",
    invalid_source_type: "steps.json2xml.InvalidSourceType",
    from: "json",
    content_type: "application/xml",
};

const EXECUTION_FAILED: &str = "steps.json2xml.ExecutionFailed";

#[derive(Debug)]
struct JsonToXml {
    conversion: Conversion,
    options: Options,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let conversion = Conversion::read(&mut xml, &WORDS);
    let mut options = Options::default();
    if let Some(element) = xml.child("Options") {
        let mut inner = element.reader(xml.diags());
        read_options(&mut inner, &mut options);
        inner.finish();
    }
    xml.finish();
    Some(Box::new(JsonToXml { conversion, options }))
}

fn read_options(xml: &mut Fields<'_, '_>, options: &mut Options) {
    for (name, option) in [
        ("NullValue", &mut options.null_value),
        ("NamespaceBlockName", &mut options.namespace_block),
        ("DefaultNamespaceNodeName", &mut options.default_namespace),
        ("NamespaceSeparator", &mut options.namespace_separator),
        ("TextNodeName", &mut options.text_name),
        ("AttributeBlockName", &mut options.attribute_block),
        ("AttributePrefix", &mut options.attribute_prefix),
    ] {
        if let Some(Text { value, .. }) = xml.optional(name) {
            *option = value;
        }
    }
    if let Some(Text { value, span }) = xml.optional("InvalidCharsReplacement") {
        if value.chars().all(continues_name) {
            options.replacement = value;
        } else {
            let message = format!("`{value}` cannot stand in a name of XML");
            xml.diags()
                .warning(DOUBTFUL, span, message)
                .note(None, format!("`{}` is written for it", options.replacement));
        }
    }
    for (name, option) in [
        ("ObjectRootElementName", &mut options.object_root),
        ("ArrayRootElementName", &mut options.array_root),
        ("ArrayItemElementName", &mut options.array_item),
    ] {
        if let Some(Text { value, span }) = xml.optional(name) {
            let safe = safe_name(&value, &options.replacement);
            if !is_local_name(&value) {
                let message = format!("`{value}` is no name of an element");
                xml.diags()
                    .warning(DOUBTFUL, span, message)
                    .note(None, format!("`{safe}` is written for it"));
            }
            *option = safe;
        }
    }
    options.omit_declaration = xml.flag("OmitXmlDeclaration", false);
    options.indent = xml.flag("Indent", false);
}

impl Policy for JsonToXml {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.conversion.link(linker);
        Step::Pure(self)
    }
}

impl PureStep for JsonToXml {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        self.conversion.run(cx, |text| self.convert(text).map_err(|reason| self.failed(&reason)))
    }
}

impl JsonToXml {
    /// The error is the reason.
    fn convert(&self, text: &[u8]) -> Result<String, String> {
        if let Some(line) = line_of_no_container(text) {
            return Err(format!("Expecting {{ or [ at line {line}"));
        }
        // Unknown: the platform's words for other text that is no JSON; they follow these.
        let value = read_literal(text).map_err(|error| match error {
            JsonError::Malformed { reason, line, .. } => format!("{reason} at line {line}"),
            other => other.to_string(),
        })?;
        to_xml(&value, &self.options).map_err(|error| error.to_string())
    }

    fn failed(&self, reason: &str) -> Fault {
        let policy = self.conversion.policy();
        let text = format!("JSONToXML[{policy}]: Execution failed due to reason: {reason}");
        Fault::new(EXECUTION_FAILED, text)
    }
}

/// The line of what stands where an object or an array should begin.
fn line_of_no_container(text: &[u8]) -> Option<usize> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let first = text.iter().position(|byte| !byte.is_ascii_whitespace());
    let at = match first.and_then(|at| text.get(at).map(|byte| (at, byte))) {
        Some((_, b'{' | b'[')) => return None,
        Some((at, _)) => at,
        None => text.len(),
    };
    let before = text.get(..at).unwrap_or_default();
    Some(before.iter().filter(|byte| **byte == b'\n').count() + 1)
}

#[cfg(test)]
mod tests;
