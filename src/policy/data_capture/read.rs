//! From XML to captures.
//!
//! Source: Apigee docs, "DataCapture policy": its elements and deployment errors
//! (JsonPathCompilationFailed, XPathCompilationFailed, PatternCompilationFailed), whose texts it
//! does not give.

use crate::diag::{Diagnostics, Severity};
use crate::policy::data_capture::{Capture, DataCapture, MessagePart, ValueOrigin};
use crate::policy::extraction::{
    Case, Field, FieldKind, Namespaces, Owner, Parse, PathPattern, Pattern, Source, read_json_path,
    read_xpath,
};
use crate::policy::kind::{PayloadFormat, PayloadUse, Policy, skip_head};
use crate::variable::VarRef;
use crate::xml::fields::{BAD_VALUE, MISSING};
use crate::xml::{Element, Text};

/// What the platform refuses.
const REFUSED: &str = "GW352";

const PARTS: [&str; 6] =
    ["URIPath", "QueryParam", "Header", "FormParam", "JSONPayload", "XMLPayload"];

pub(super) fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let owner = Owner::of(body, "DataCapture", REFUSED, "");
    let errors = diags.count(Severity::Error);
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", false);
    let throws_on_limit = xml.flag("ThrowExceptionOnLimit", false);
    let elements = xml.children("Capture");
    let mut reading =
        Reading { owner, diags: xml.diags(), captures: Vec::new(), payloads: Vec::new() };
    for element in &elements {
        reading.capture(element);
    }
    if elements.is_empty() {
        reading.diags.error(MISSING, body.name_span, "`DataCapture` has no `Capture`");
    }
    let Reading { captures, payloads, .. } = reading;
    xml.finish();
    (diags.count(Severity::Error) == errors).then(|| {
        let policy = DataCapture { ignore_unresolved, throws_on_limit, captures, payloads };
        Box::new(policy) as Box<dyn Policy>
    })
}

struct Reading<'a> {
    owner: Owner<'a>,
    diags: &'a mut Diagnostics,
    captures: Vec<Capture>,
    payloads: Vec<PayloadUse>,
}

impl Reading<'_> {
    fn capture(&mut self, element: &Element) {
        let mut xml = element.reader(self.diags);
        let collector = xml.required::<Text>("DataCollector");
        if let Some(found) = xml.child("DataCollector") {
            let mut inner = found.reader(xml.diags());
            if let Some(scope) = inner.attribute("scope")
                && scope.value.trim() != "monetization"
            {
                let message = format!("`{}` is no scope of a DataCollector", scope.value);
                inner.diags().warning(BAD_VALUE, scope.span, message);
            }
            inner.finish();
        }
        let collect = xml.child("Collect");
        if collect.is_none() {
            xml.diags().error(MISSING, element.name_span, "`Capture` has no `Collect`");
        }
        xml.finish();
        let (Some(collector), Some(collect)) = (collector, collect) else { return };
        if self.captures.iter().any(|known| known.collector == collector.value) {
            let reason = format!("Duplicate data collector {}", collector.value);
            self.owner.refuse(self.diags, collector.span, &reason);
        }
        let default = collect.attribute("default").map(|found| found.value.clone());
        let origin = self.collect(collect);
        self.captures.extend(origin.map(|origin| Capture {
            collector: collector.value,
            default,
            origin,
        }));
    }

    fn collect(&mut self, element: &Element) -> Option<ValueOrigin> {
        let mut xml = element.reader(self.diags);
        xml.attribute("default");
        let variable = xml.attribute("ref");
        let source = Source::read(&mut xml);
        PARTS.into_iter().for_each(|part| drop(xml.children(part)));
        xml.finish();
        let mut parts = element.elements().filter(|child| PARTS.contains(&child.name.as_str()));
        let part = parts.next();
        if let Some(again) = parts.next().or(part.filter(|_| variable.is_some())) {
            let reason = "Collect takes a ref or exactly one of QueryParam, Header, FormParam, \
                          URIPath, JSONPayload, XMLPayload";
            self.owner.refuse(self.diags, again.open_span, reason);
            return None;
        }
        if let Some(variable) = variable {
            return Some(ValueOrigin::Variable(VarRef::parse(&variable.value)));
        }
        let Some(part) = part else {
            let message = "`Collect` has neither a ref nor a part of a message";
            self.diags.error(MISSING, element.open_span, message);
            return None;
        };
        let part = self.part(part, &source)?;
        Some(ValueOrigin::Message { source, part })
    }

    fn part(&mut self, element: &Element, source: &Source) -> Option<MessagePart> {
        let owner = self.owner;
        match element.name.as_str() {
            "URIPath" => Some(MessagePart::Path(self.patterns(element, PathPattern::parse))),
            "JSONPayload" => {
                self.payload(element, source, PayloadFormat::Json);
                let mut xml = element.reader(self.diags);
                let path = xml.child("JSONPath").filter(|found| !found.is_empty());
                if path.is_none() {
                    owner.refuse(xml.diags(), element.open_span, "Empty JSONPath expression");
                }
                xml.finish();
                read_json_path(path?, &owner, self.diags).map(MessagePart::Json)
            }
            "XMLPayload" => {
                self.payload(element, source, PayloadFormat::Xml);
                let mut xml = element.reader(self.diags);
                let namespaces = Namespaces::read(&mut xml, &owner);
                let path = xml.child("XPath").filter(|found| !found.is_empty());
                if path.is_none() {
                    owner.refuse(xml.diags(), element.open_span, "Empty XPath expression");
                }
                xml.finish();
                read_xpath(path?, &namespaces, &owner, self.diags).map(MessagePart::Xml)
            }
            field => {
                let kind = FieldKind::of(field)?;
                if kind == FieldKind::FormParam {
                    self.payload(element, source, PayloadFormat::Form);
                }
                let patterns = self.patterns(element, Pattern::parse);
                let name = element.attribute("name").map(|found| found.value.trim());
                let Some(name) = name.filter(|name| !name.is_empty()) else {
                    let message = format!("`{field}` has no attribute `name`");
                    self.diags.error(MISSING, element.open_span, message);
                    return None;
                };
                Some(MessagePart::Field { field: Field::new(kind, name, source), patterns })
            }
        }
    }

    /// Each has one hole, `{$}`.
    fn patterns<P>(&mut self, element: &Element, parse: Parse<P>) -> Vec<P> {
        let owner = self.owner;
        let mut xml = element.reader(self.diags);
        if element.name != "URIPath" {
            xml.attribute("name");
        }
        let elements = xml.children("Pattern");
        let mut patterns = Vec::new();
        for pattern in &elements {
            let mut inner = pattern.reader(xml.diags());
            let case = Case::read(&mut inner);
            let written = pattern.text();
            let text = written.trim();
            match parse(text, case) {
                Ok((parsed, holes)) if holes == ["$"] => patterns.push(parsed),
                Ok(_) | Err(_) => {
                    owner
                        .refuse(
                            inner.diags(),
                            pattern.text_span(),
                            &format!("Failed to compile pattern {text}"),
                        )
                        .help("write one variable, named `{$}`");
                }
            }
            inner.finish();
        }
        if elements.is_empty() {
            let message = format!("`{}` has no `Pattern`", element.name);
            xml.diags().error(MISSING, element.open_span, message);
        }
        xml.finish();
        patterns
    }

    fn payload(&mut self, element: &Element, source: &Source, format: PayloadFormat) {
        let source = source.name().to_owned();
        self.payloads.push(PayloadUse { source, format, span: element.name_span });
    }
}
