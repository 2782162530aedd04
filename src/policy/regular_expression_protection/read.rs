//! From XML to checks.
//!
//! Source: Apigee docs, "Regular Expression Protection policy deployment error troubleshooting";
//! SAP API Management, "Regular Expression Protection", whose texts these are.

use crate::diag::{Diagnostics, Severity};
use crate::policy::extraction::{
    Field, FieldKind, Namespaces, Owner, Source, read_json_path, read_xpath,
};
use crate::policy::kind::{PayloadFormat, PayloadUse, Policy, skip_head};
use crate::policy::regular_expression_protection::{
    Check, NodeForm, Pattern, Patterns, RegularExpressionProtection,
};
use crate::regex::{JavaRegex, Reach};
use crate::variable::VarRef;
use crate::xml::fields::BAD_VALUE;
use crate::xml::{Element, Fields, Text};

/// What the platform refuses, in its words.
const REFUSED: &str = "GW351";

const PARTS: [&str; 7] =
    ["URIPath", "QueryParam", "Header", "FormParam", "Variable", "JSONPayload", "XMLPayload"];

/// The types of an XPath's value; all but the last are texts to a pattern.
const TYPES: [&str; 7] = ["string", "boolean", "integer", "long", "float", "double", "nodeset"];

pub(super) fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let owner = Owner::of(body, "RegularExpressionProtection", REFUSED, "");
    let errors = diags.count(Severity::Error);
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let source = Source::read(&mut xml);
    let ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", false);
    PARTS.into_iter().for_each(|part| drop(xml.children(part)));
    let mut reading = Reading {
        owner,
        source: &source,
        diags: xml.diags(),
        checks: Vec::new(),
        payloads: Vec::new(),
    };
    for element in body.elements() {
        reading.part(element);
    }
    if !body.elements().any(|element| PARTS.contains(&element.name.as_str())) {
        let reason = "at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, \
                      JSONPayload is mandatory";
        owner.refuse(reading.diags, body.name_span, reason);
    }
    let Reading { checks, payloads, .. } = reading;
    xml.finish();
    (diags.count(Severity::Error) == errors).then(|| {
        Box::new(RegularExpressionProtection {
            policy: String::new(),
            source,
            ignore_unresolved,
            checks,
            payloads,
        }) as Box<dyn Policy>
    })
}

struct Reading<'a> {
    owner: Owner<'a>,
    source: &'a Source,
    diags: &'a mut Diagnostics,
    checks: Vec<Check>,
    payloads: Vec<PayloadUse>,
}

impl Reading<'_> {
    fn part(&mut self, element: &Element) {
        match element.name.as_str() {
            "URIPath" => {
                let mut xml = element.reader(self.diags);
                let patterns = read_patterns(&mut xml, &self.owner);
                xml.finish();
                self.checks.push(Check::Path(patterns));
            }
            "QueryParam" | "Header" | "FormParam" | "Variable" => self.named(element),
            "JSONPayload" => self.json(element),
            "XMLPayload" => self.xml(element),
            _ => {}
        }
    }

    fn named(&mut self, element: &Element) {
        let mut xml = element.reader(self.diags);
        let name = xml.attribute("name").map(|found| found.value.trim());
        let patterns = read_patterns(&mut xml, &self.owner);
        xml.finish();
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let reason = format!("Required attribute name is missing in {}", element.name);
            self.owner.refuse(self.diags, element.open_span, &reason);
            return;
        };
        let Some(kind) = FieldKind::of(&element.name) else {
            self.checks.push(Check::Variable { variable: VarRef::parse(name), patterns });
            return;
        };
        if kind == FieldKind::FormParam {
            self.payload(element, PayloadFormat::Form);
        }
        let fields = Field::every(kind, name, self.source);
        self.checks.push(Check::Field { fields, patterns });
    }

    fn json(&mut self, element: &Element) {
        self.payload(element, PayloadFormat::Json);
        let owner = self.owner;
        let mut xml = element.reader(self.diags);
        let escapes_slashes = xml.attribute_flag("escapeSlashCharacter", true);
        let elements = xml.children("JSONPath");
        let mut paths = Vec::new();
        for path in &elements {
            let mut inner = path.reader(xml.diags());
            let expression = inner.child("Expression");
            let patterns = read_patterns(&mut inner, &owner);
            match expression.filter(|found| !found.is_empty()) {
                Some(found) => {
                    let read = read_json_path(found, &owner, inner.diags());
                    paths.extend(read.map(|expression| (expression, patterns)));
                }
                None => {
                    let place = expression.unwrap_or(path).open_span;
                    owner.refuse(inner.diags(), place, "Empty JSONPath expression");
                }
            }
            inner.finish();
        }
        if elements.is_empty() {
            owner.refuse(xml.diags(), element.open_span, "No patterns to enforce in JSONPayload");
        }
        xml.finish();
        self.checks.push(Check::Json { escapes_slashes, paths });
    }

    fn xml(&mut self, element: &Element) {
        self.payload(element, PayloadFormat::Xml);
        let owner = self.owner;
        let mut xml = element.reader(self.diags);
        let namespaces = Namespaces::read(&mut xml, &owner);
        let elements = xml.children("XPath");
        let mut paths = Vec::new();
        for path in &elements {
            let mut inner = path.reader(xml.diags());
            let expression = inner.child("Expression");
            let form = read_type(&mut inner);
            let patterns = read_patterns(&mut inner, &owner);
            let Some(found) = expression.filter(|found| !found.is_empty()) else {
                let place = expression.unwrap_or(path).open_span;
                owner.refuse(inner.diags(), place, "Empty XPath expression");
                inner.finish();
                continue;
            };
            if let Some(read) = read_xpath(found, &namespaces, &owner, inner.diags()) {
                if form == NodeForm::Markup && !read.returns_nodeset() {
                    let reason =
                        format!("Result of xpath {} cannot be converted to nodeset", read.text);
                    owner.refuse(inner.diags(), found.text_span(), &reason);
                }
                paths.push((read, form, patterns));
            }
            inner.finish();
        }
        if elements.is_empty() {
            owner.refuse(xml.diags(), element.open_span, "No patterns to enforce in XMLPayload");
        }
        xml.finish();
        self.checks.push(Check::Xml(paths));
    }

    fn payload(&mut self, element: &Element, format: PayloadFormat) {
        let source = self.source.name().to_owned();
        self.payloads.push(PayloadUse { source, format, span: element.name_span });
    }
}

fn read_type(xml: &mut Fields<'_, '_>) -> NodeForm {
    let Some(text) = xml.optional::<Text>("Type") else { return NodeForm::Text };
    if text.value.eq_ignore_ascii_case("nodeset") {
        return NodeForm::Markup;
    }
    if !TYPES.iter().any(|known| text.value.eq_ignore_ascii_case(known)) {
        let message = format!("`{}` is no type of an XPath", text.value);
        xml.diags().warning(BAD_VALUE, text.span, message).note(None, "it counts as string");
    }
    NodeForm::Text
}

/// An empty Pattern is none.
fn read_patterns(xml: &mut Fields<'_, '_>, owner: &Owner<'_>) -> Patterns {
    let element = xml.element();
    let mut patterns = Vec::new();
    let mut is_empty = true;
    for pattern in xml.children("Pattern") {
        let written = pattern.text();
        let text = written.trim();
        if text.is_empty() {
            continue;
        }
        is_empty = false;
        match JavaRegex::compile(text, Reach::Part) {
            Ok(regex) => patterns.push(Pattern { text: text.to_owned(), regex }),
            Err(reason) => {
                owner
                    .refuse(
                        xml.diags(),
                        pattern.text_span(),
                        &format!("Invalid Regular Expression {text}"),
                    )
                    .note(None, reason);
            }
        }
    }
    if is_empty {
        let reason = format!("No patterns to enforce in {}", element.name);
        owner.refuse(xml.diags(), element.open_span, &reason);
    }
    Patterns(patterns)
}
