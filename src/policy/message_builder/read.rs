//! From XML to operations.
//!
//! Source: Apigee docs, "AssignMessage policy" and its deployment error page. Findings:
//! `GW311` (InvalidIndex), `GW312` (InvalidVariableName), `GW313` (InvalidPayload), `GW314`,
//! `GW315`.

use bytestring::ByteString;
use http::HeaderName;

use crate::diag::Diagnostics;
use crate::model::Authentication;
use crate::policy::message_builder::copy::{Copy, Piece, Pieces};
use crate::policy::message_builder::variable::{AssignVariable, RefOrTemplate, ResourceText};
use crate::policy::message_builder::{
    Field, FieldWrite, MessageBuilder, Mode, Operation, Owner, Payload, Resource,
};
use crate::template::Template;
use crate::variable::{VarRef, is_valid_name};
use crate::xml::fields::{MISSING, parse_flag};
use crate::xml::{Element, Fields, Text};

/// The platform's InvalidIndex.
const INVALID_INDEX: &str = "GW311";
/// The platform's InvalidVariableName.
const INVALID_NAME: &str = "GW312";
/// The platform's InvalidPayload.
const INVALID_PAYLOAD: &str = "GW313";
const INVALID_HEADER: &str = "GW314";
/// An Authentication where no message is sent.
const NO_TOKEN: &str = "GW315";

const FIELDS: [(&str, &str, Field); 3] = [
    ("Headers", "Header", Field::Header),
    ("QueryParams", "QueryParam", Field::QueryParam),
    ("FormParams", "FormParam", Field::FormParam),
];

impl MessageBuilder {
    /// Reads the operations among the children of an element, in document order.
    pub(in crate::policy) fn read(xml: &mut Fields<'_, '_>, owner: &Owner) -> Self {
        xml.leave(&["Add", "Copy", "Remove", "Set", "AssignVariable"]);
        let element = xml.element();
        let diags = xml.diags();
        let mut reading = Reading { owner, operations: Vec::new(), authentication: None, diags };
        for child in element.elements() {
            match child.name.as_str() {
                "Add" => reading.add(child),
                "Set" => reading.set(child),
                "Copy" => reading.copy(child),
                "Remove" => reading.remove(child),
                "AssignVariable" => reading.assign(child),
                _ => {}
            }
        }
        let Reading { operations, authentication, .. } = reading;
        Self { operations, ignore_unresolved: false, authentication }
    }
}

struct Reading<'a> {
    owner: &'a Owner,
    operations: Vec<Operation>,
    authentication: Option<Authentication>,
    diags: &'a mut Diagnostics,
}

impl Reading<'_> {
    fn add(&mut self, element: &Element) {
        let mut xml = element.reader(self.diags);
        xml.leave(&FIELDS.map(|(collection, _, _)| collection));
        xml.finish();
        for child in element.elements() {
            self.fields(child, Mode::Add);
        }
    }

    fn set(&mut self, element: &Element) {
        let mut xml = element.reader(self.diags);
        xml.leave(&FIELDS.map(|(collection, _, _)| collection));
        if let Some(found) = xml.child("Authentication") {
            if self.owner.kind == "AssignMessage" {
                self.authentication = Authentication::read(found, xml.diags());
            } else {
                let message = format!("`Authentication` has no effect in {}", self.owner.kind);
                xml.diags().warning(NO_TOKEN, found.open_span, message);
            }
        }
        if let Some(verb) = template_of(&mut xml, "Verb") {
            self.operations.push(Operation::Verb(verb));
        }
        xml.leave(&["Payload", "Version", "Path", "StatusCode", "ReasonPhrase"]);
        xml.finish();
        let mut reason = None;
        for child in element.elements() {
            match child.name.as_str() {
                "Payload" => self.payload(child),
                "Version" => self.scalar(child, Operation::Version),
                "Path" => self.scalar(child, Operation::Path),
                "StatusCode" => self.scalar(child, Operation::StatusCode),
                "ReasonPhrase" => reason = Some(child),
                _ => self.fields(child, Mode::Set),
            }
        }
        if let Some(reason) = reason {
            self.scalar(reason, Operation::ReasonPhrase);
        }
    }

    fn scalar(&mut self, element: &Element, make: fn(Template) -> Operation) {
        if !element.is_empty() {
            self.operations.push(make(trimmed_template(element, self.diags)));
        }
    }

    /// One of the three collections; other elements are somebody else's.
    fn fields(&mut self, collection: &Element, mode: Mode) {
        let Some((_, item, field)) = FIELDS.iter().find(|(name, ..)| *name == collection.name)
        else {
            return;
        };
        for element in items(collection, item, self.diags) {
            let Some(name) = self.name(element) else { continue };
            let span = name.span;
            if *field == Field::Header && !self.is_header(&name) {
                continue;
            }
            let name = Template::parse(&name.value, span, self.diags);
            let value = trimmed_template(element, self.diags);
            self.operations.push(Operation::Field(FieldWrite { mode, field: *field, name, value }));
        }
    }

    /// False, with a finding, for a text that neither is a header's name nor can become one.
    fn is_header(&mut self, name: &Text) -> bool {
        let valid = name.value.contains('{') || HeaderName::try_from(&name.value).is_ok();
        if !valid {
            let message = format!("`{}` is not the name of a header", name.value);
            self.diags.warning(INVALID_HEADER, name.span, message).note(None, "it has no effect");
        }
        valid
    }

    fn name(&mut self, element: &Element) -> Option<Text> {
        let name = element.attribute("name");
        if name.is_none() {
            let message = format!("`{}` has no `name`", element.name);
            self.diags.warning(MISSING, element.open_span, message).note(None, "it has no effect");
        }
        let name = name?;
        Some(Text { value: name.value.trim().to_owned(), span: name.span })
    }

    /// White space belongs to a payload, and markup stays as it is written.
    fn payload(&mut self, element: &Element) {
        let mut xml = element.reader(self.diags);
        let content_type = xml.attribute("contentType");
        let prefix = xml.attribute("variablePrefix");
        let suffix = xml.attribute("variableSuffix");
        let resource = xml.attribute("template");
        report_unknown_attributes(xml);
        if element.is_empty() && content_type.is_none() && resource.is_none() {
            return;
        }
        let content_type =
            content_type.map(|found| Template::parse(&found.value, found.span, self.diags));
        if let Some(found) = resource
            && !found.value.starts_with("template://")
        {
            // Unknown: what the platform refuses as an invalid payload. A template that can be
            // none is refused here, and nothing else.
            let message = format!("`{}` is not the URL of a template", found.value);
            self.diags
                .error(INVALID_PAYLOAD, found.span, message)
                .help("write `template://` and the file's name");
        }
        let text = content(element);
        let span = element.inner_span;
        let template = if prefix.is_none() && suffix.is_none() {
            Template::parse(&text, span, self.diags)
        } else {
            let prefix = prefix.map_or("{", |found| &found.value);
            let suffix = suffix.map_or("}", |found| &found.value);
            Template::parse_with(&text, prefix, suffix, span, self.diags)
        };
        let resource = resource.map(|found| Resource { url: found.value.clone(), found: false });
        let payload = Payload { content_type, template, literal: None, resource, span };
        self.operations.push(Operation::Payload(payload));
    }

    fn copy(&mut self, element: &Element) {
        let source = element.attribute("source").map_or("message", |found| &found.value);
        let source = VarRef::parse(source);
        let pieces = self.pieces(element, WHOLE_COPY, &COPY_FLAGS);
        self.operations.push(Operation::Copy(Copy { source, pieces }));
    }

    fn remove(&mut self, element: &Element) {
        let pieces = self.pieces(element, WHOLE_REMOVE, &REMOVE_FLAGS);
        self.operations.push(Operation::Remove(pieces));
    }

    fn pieces(
        &mut self,
        element: &Element,
        whole: &[Piece],
        flags: &[(&'static str, Piece)],
    ) -> Pieces {
        let mut xml = element.reader(self.diags);
        xml.ignore(&["source"]); // Of a Copy alone, which has read it.
        xml.leave(&FIELDS.map(|(collection, _, _)| collection));
        xml.leave(&flags.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        xml.finish();
        if !element.has_elements() {
            return Pieces { whole: true, list: whole.to_vec() };
        }
        let mut list = Vec::new();
        for child in element.elements() {
            if let Some((_, piece)) = flags.iter().find(|(name, _)| *name == child.name) {
                if parse_flag(&child.text()) == Some(true) {
                    list.push(piece.clone());
                }
            } else if let Some((_, item, field)) =
                FIELDS.iter().find(|(name, ..)| *name == child.name)
            {
                self.piece_collection(child, item, *field, &mut list);
            }
        }
        Pieces { whole: false, list }
    }

    /// An empty collection is all of it; an item that holds `false` is skipped.
    fn piece_collection(
        &mut self,
        collection: &Element,
        item: &'static str,
        field: Field,
        list: &mut Vec<Piece>,
    ) {
        if collection.is_empty() {
            list.push(match field {
                Field::Header => Piece::Headers,
                Field::QueryParam => Piece::QueryParams,
                Field::FormParam => Piece::FormParams,
            });
            return;
        }
        for element in items(collection, item, self.diags) {
            if parse_flag(&element.text()) == Some(false) {
                continue;
            }
            let Some(name) = self.name(element) else { continue };
            let Some((base, nth)) = self.index(&name) else { continue };
            match field {
                Field::Header => {
                    let base = Text { value: base, span: name.span };
                    if self.is_header(&base)
                        && let Ok(header) = HeaderName::try_from(&base.value)
                    {
                        list.push(Piece::Header(header, nth));
                    }
                }
                Field::QueryParam => list.push(Piece::QueryParam(base, nth)),
                Field::FormParam => list.push(Piece::FormParam(base, nth)),
            }
        }
    }

    /// Splits `name.2`. `None`, with a finding, for an index below 1.
    fn index(&mut self, name: &Text) -> Option<(String, Option<usize>)> {
        let indexed = name.value.rsplit_once('.').and_then(|(base, index)| {
            Some((base, index.parse::<i64>().ok()?)).filter(|_| !base.is_empty())
        });
        let Some((base, index)) = indexed else { return Some((name.value.clone(), None)) };
        match usize::try_from(index) {
            Ok(nth) if nth > 0 => Some((base.to_owned(), Some(nth))),
            Ok(_) | Err(_) => {
                let Owner { kind, policy, .. } = self.owner;
                let message =
                    format!("{kind}[{policy}]: index must be greater than zero in {}", name.value);
                self.diags.error(INVALID_INDEX, name.span, message);
                None
            }
        }
    }

    fn assign(&mut self, element: &Element) {
        let mut xml = element.reader(self.diags);
        let name: Option<Text> = xml.optional("Name");
        let resource: Option<Text> = xml.optional("ResourceURL");
        let template = xml.child("Template");
        let variable: Option<VarRef> = xml.optional("Ref");
        let value = xml.child("Value");
        let property = template_of(&mut xml, "PropertySetRef");
        xml.finish();
        let template = template.and_then(|template| self.assigned_template(template));
        let resource = resource.map(|url| ResourceText { url: url.value, text: None });
        // Unknown: whether an empty Value counts. It is the empty text, so that it can stand in
        // for a Ref without a value.
        let value = value.map(|value| ByteString::from(content(value)));
        let Some(name) = self.variable_name(element, name) else { return };
        self.operations.push(Operation::Assign(Box::new(AssignVariable {
            name,
            resource,
            template,
            variable,
            value,
            property,
        })));
    }

    fn assigned_template(&mut self, element: &Element) -> Option<RefOrTemplate> {
        let mut xml = element.reader(self.diags);
        let variable = xml.attribute("ref").map(|found| VarRef::parse(&found.value));
        report_unknown_attributes(xml);
        let span = element.inner_span;
        let text =
            (!element.is_empty()).then(|| Template::parse(&content(element), span, self.diags));
        (variable.is_some() || text.is_some()).then_some(RefOrTemplate { variable, text, span })
    }

    fn variable_name(&mut self, element: &Element, name: Option<Text>) -> Option<VarRef> {
        let (shown, span) = match &name {
            Some(name) if is_valid_name(&name.value) => return Some(VarRef::parse(&name.value)),
            Some(name) => (name.value.as_str(), name.span),
            None => {
                let place = element.child("Name").map_or(element.open_span, |name| name.open_span);
                ("null", place)
            }
        };
        let kind = self.owner.kind;
        let message = format!(
            "{kind} schema validation failed: invalid variable name - {shown} - in assign variable."
        );
        self.diags.error(INVALID_NAME, span, message);
        None
    }
}

/// All of a message; form parameters are part of its payload.
const WHOLE_COPY: &[Piece] = &[
    Piece::Verb,
    Piece::Version,
    Piece::Path,
    Piece::QueryParams,
    Piece::StatusCode,
    Piece::ReasonPhrase,
    Piece::Headers,
    Piece::Payload,
];

const WHOLE_REMOVE: &[Piece] = &[Piece::Headers, Piece::QueryParams, Piece::Payload];

const COPY_FLAGS: [(&str, Piece); 6] = [
    ("Payload", Piece::Payload),
    ("Verb", Piece::Verb),
    ("Version", Piece::Version),
    ("Path", Piece::Path),
    ("StatusCode", Piece::StatusCode),
    ("ReasonPhrase", Piece::ReasonPhrase),
];

const REMOVE_FLAGS: [(&str, Piece); 1] = [("Payload", Piece::Payload)];

/// The items of a collection, anything else reported.
fn items<'e>(
    collection: &'e Element,
    item: &'static str,
    diags: &mut Diagnostics,
) -> Vec<&'e Element> {
    let mut xml = collection.reader(diags);
    let items = xml.children(item);
    xml.finish();
    items
}

fn template_of(xml: &mut Fields<'_, '_>, name: &'static str) -> Option<Template> {
    let child = xml.child(name)?;
    (!child.is_empty()).then(|| trimmed_template(child, xml.diags()))
}

fn trimmed_template(element: &Element, diags: &mut Diagnostics) -> Template {
    Template::parse(content(element).trim(), element.text_span(), diags)
}

/// Child elements are content here and not unknown.
fn report_unknown_attributes(xml: Fields<'_, '_>) {
    if !xml.element().has_elements() {
        xml.finish();
    }
}

/// The text; where there is markup, the XML as it is written.
fn content(element: &Element) -> String {
    if element.has_elements() { element.inner_xml().to_owned() } else { element.text() }
}
