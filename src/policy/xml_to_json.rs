//! XMLToJSON: makes JSON of XML.
//! Source: Apigee docs, "XML to JSON policy", its runtime and deployment error pages. Of the two
//! stems of its error codes in public, `steps.xml2json.` is the one of the error responses.
//! Faults (500): `steps.xml2json.SourceUnavailable`, `.ExecutionFailed`,
//! `.OutputVariableIsNotAvailable`, `.InCompatibleTypes`, `.InvalidSourceType`.
//! Findings: `GW370` (EitherOptionOrFormat, UnknownFormat), `GW371`.

mod convert;
mod page;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::conversion::{Conversion, DOUBTFUL, Words};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::policy::xml_to_json::convert::{ArrayPath, Namespaces, Options, to_json};
use crate::xml::fields::parse_flag;
use crate::xml::{Element, Fields, Text};
use crate::xmltree::{XmlTree, XmlTreeError};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "XMLToJSON", failed_prefix: "xmltojson", read, page: &page::PAGE };

static WORDS: Words = Words {
    element: "XMLToJSON",
    source_unavailable: "steps.xml2json.SourceUnavailable",
    output_unavailable: "steps.xml2json.OutputVariableIsNotAvailable",
    incompatible_types: "steps.xml2json.InCompatibleTypes",
    invalid_source_type: "steps.xml2json.InvalidSourceType",
    from: "xml",
    content_type: "application/json",
};

const EXECUTION_FAILED: &str = "steps.xml2json.ExecutionFailed";

/// What the platform refuses, in its words.
const REFUSED: &str = "GW370";
#[derive(Debug)]
struct XmlToJson {
    conversion: Conversion,
    options: Options,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let policy = body.attribute("name").map_or("", |name| name.value.trim());
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let conversion = Conversion::read(&mut xml, &WORDS);
    let format: Option<Text> = xml.optional("Format");
    let settings = xml.child("Options");
    let mut options = match &format {
        Some(format) => Options::of_format(&format.value).unwrap_or_else(|| {
            let message = format!("XMLToJSON[{policy}]: Unknown Format {}.", format.value);
            xml.diags()
                .error(REFUSED, format.span, message)
                .help("write xml.com, yahoo, google or badgerFish");
            Options::default()
        }),
        None => Options::default(),
    };
    match (settings, &format) {
        (None, None) => {
            let message =
                format!("XMLToJSON[{policy}]: Either Options or Format must be specified.");
            xml.diags().error(REFUSED, body.name_span, message);
        }
        (Some(element), Some(_)) => {
            xml.diags()
                .warning(DOUBTFUL, element.name_span, "`Options` beside a `Format`")
                .note(None, "an option counts before what the format says");
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    if let Some(element) = settings {
        let mut inner = element.reader(xml.diags());
        read_options(&mut inner, &mut options);
        inner.finish();
    }
    xml.finish();
    Some(Box::new(XmlToJson { conversion, options }))
}

fn read_options(xml: &mut Fields<'_, '_>, options: &mut Options) {
    options.recognize_number = xml.flag("RecognizeNumber", options.recognize_number);
    options.recognize_boolean = xml.flag("RecognizeBoolean", options.recognize_boolean);
    options.recognize_null = xml.flag("RecognizeNull", options.recognize_null);
    if let Some(null) = text(xml, "NullValue") {
        // The samples write `NULL` and show JSON's own null.
        options.null_value = (!null.eq_ignore_ascii_case("null")).then_some(null);
    }
    let namespaces = NamespaceSettings {
        block: text(xml, "NamespaceBlockName"),
        default_name: text(xml, "DefaultNamespaceNodeName"),
        separator: text(xml, "NamespaceSeparator"),
    };
    namespaces.over(&mut options.namespaces, xml);
    options.text_always = xml.flag("TextAlwaysAsProperty", options.text_always);
    if let Some(name) = text(xml, "TextNodeName") {
        options.text_name = name;
    }
    options.attribute_block = text(xml, "AttributeBlockName");
    if let Some(prefix) = text(xml, "AttributePrefix") {
        options.attribute_prefix = prefix;
    }
    options.output_prefix = text(xml, "OutputPrefix").unwrap_or_default();
    options.output_suffix = text(xml, "OutputSuffix").unwrap_or_default();
    let levels: Option<i64> = xml.optional("StripLevels");
    options.strip_levels = levels.and_then(|levels| u32::try_from(levels).ok()).unwrap_or(0);
    if let Some(element) = xml.child("TreatAsArray") {
        let mut inner = element.reader(xml.diags());
        for path in inner.children("Path") {
            options.arrays.extend(read_path(path, inner.diags()));
        }
        inner.finish();
    }
}

fn text(xml: &mut Fields<'_, '_>, name: &'static str) -> Option<String> {
    xml.optional(name).map(|text: Text| text.value)
}

struct NamespaceSettings {
    block: Option<String>,
    default_name: Option<String>,
    separator: Option<String>,
}

impl NamespaceSettings {
    /// Without a separator namespaces leave no trace, whatever the others say.
    fn over(self, namespaces: &mut Option<Namespaces>, xml: &mut Fields<'_, '_>) {
        let is_given = self.block.is_some() || self.default_name.is_some();
        match (self.separator, namespaces) {
            (Some(separator), namespaces) => {
                *namespaces = Some(Namespaces {
                    separator,
                    block: self.block,
                    default_name: self.default_name,
                });
            }
            (None, Some(namespaces)) => {
                namespaces.block = self.block.or(namespaces.block.take());
                namespaces.default_name = self.default_name.or(namespaces.default_name.take());
            }
            (None, None) if is_given => {
                let place = xml.element().name_span;
                xml.diags()
                    .warning(DOUBTFUL, place, "namespaces without a `NamespaceSeparator`")
                    .note(None, "they leave no trace in the JSON")
                    .help("set all three: name of the block, default name and separator");
            }
            (None, None) => {}
        }
    }
}

fn read_path(element: &Element, diags: &mut Diagnostics) -> Option<ArrayPath> {
    let text = element.text();
    let steps: Vec<String> = text
        .trim()
        .split('/')
        .filter(|step| !step.is_empty())
        .map(|step| step.trim().to_owned())
        .collect();
    let unwrap = element.attribute("unwrap").and_then(|found| parse_flag(&found.value));
    if steps.is_empty() {
        diags.warning(DOUBTFUL, element.open_span, "a `Path` that names no element");
        return None;
    }
    Some(ArrayPath { steps, unwrap: unwrap.unwrap_or(false) })
}

impl Policy for XmlToJson {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.conversion.link(linker);
        Step::Pure(self)
    }
}

impl PureStep for XmlToJson {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        self.conversion.run(cx, |text| self.convert(text).map_err(|reason| self.failed(&reason)))
    }
}

impl XmlToJson {
    /// The error is the reason.
    fn convert(&self, text: &[u8]) -> Result<String, String> {
        let tree = XmlTree::parse(text).map_err(|error| said(&error, text))?;
        to_json(&tree, &self.options).map_err(|error| error.to_string())
    }

    fn failed(&self, reason: &str) -> Fault {
        let policy = self.conversion.policy();
        let text = format!("XMLToJSON[{policy}]: Execution failed. reason: {reason}");
        Fault::new(EXECUTION_FAILED, text)
    }
}

/// Unknown: the platform's words but for a text that ends too early; the others follow them.
fn said(error: &XmlTreeError, text: &[u8]) -> String {
    let XmlTreeError::Malformed { message, line, column } = error else {
        return error.to_string();
    };
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_end = *line == lines && *column > String::from_utf8_lossy(last).chars().count();
    if is_end {
        return format!(
            "Premature end of document while parsing at line {line}(possibly  around char 0)"
        );
    }
    format!("{message} while parsing at line {line}(possibly  around char {column})")
}

/// What XML that was made of JSON is in JSON again.
#[cfg(test)]
pub(super) fn converted_for_tests(xml: &[u8]) -> serde_json::Value {
    let options = Options { attribute_prefix: "@".to_owned(), ..Options::default() };
    let tree = XmlTree::parse(xml).expect("it is XML");
    let json = to_json(&tree, &options).expect("it is short");
    serde_json::from_str(&json).expect("it is JSON")
}

#[cfg(test)]
mod tests;
