//! JSON paths and XPaths, and the payloads that they are taken from.
//!
//! Sources: Apigee docs, "ExtractVariables policy" (`JSONPath` is a message template, `XPath` is
//! none) and the deployment error pages of the three policies. The stock policy of the editor
//! has the path `$.`, which stands for `$`.

use std::fmt;
use std::rc::Rc;

use crate::diag::Diagnostics;
use crate::json;
use crate::jsonpath::{Found, JsonPath};
use crate::message::MessageContext;
use crate::policy::extraction::{Format, Origin, Owner};
use crate::policy::kind::Linker;
use crate::template::{Template, Unresolved};
use crate::xml::{Element, Fields};
use crate::xmltree::XmlTree;
use crate::xpath::{Value, XPath, XPathTooCostly};

/// A `JSONPath`.
#[derive(Clone, Debug)]
pub(in crate::policy) struct JsonExpression {
    /// As it is written.
    pub(in crate::policy) text: String,
    path: JsonSource,
}

#[derive(Clone, Debug)]
enum JsonSource {
    Fixed(Box<JsonPath>),
    /// It holds variables, and is compiled for each request.
    Template(Template),
}

/// Why a JSON path finds nothing and should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum PathFault {
    /// What its variables made of it is no path, or one of them has no value.
    Invalid,
    TooCostly,
}

impl fmt::Display for PathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the JSON path is invalid",
            Self::TooCostly => "the JSON path takes too long in this document",
        })
    }
}

/// An `XPath`.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Expression {
    pub(in crate::policy) text: String,
    path: XPath,
}

/// Prefixes and what they stand for.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Namespaces(Vec<(String, String)>);

/// Why a payload is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) struct PayloadError(pub(in crate::policy) String);

/// Refuses what does not compile (JSONPathCompilationFailed). The element is not empty.
pub(in crate::policy) fn read_json_path(
    element: &Element,
    owner: &Owner<'_>,
    diags: &mut Diagnostics,
) -> Option<JsonExpression> {
    let written = element.text();
    let text = written.trim();
    let span = element.text_span();
    let template = Template::parse(text, span, diags);
    let Some(literal) = template.as_literal() else {
        let path = JsonSource::Template(template);
        return Some(JsonExpression { text: text.to_owned(), path });
    };
    match JsonPath::compile(normal(literal)) {
        Ok(path) => {
            let path = JsonSource::Fixed(Box::new(path));
            Some(JsonExpression { text: text.to_owned(), path })
        }
        Err(error) => {
            owner
                .refuse(diags, span, &format!("Failed to compile jsonpath {text}"))
                .note(None, error.to_string());
            None
        }
    }
}

/// Refuses what does not compile (XPathCompilationFailed). The element is not empty.
pub(in crate::policy) fn read_xpath(
    element: &Element,
    namespaces: &Namespaces,
    owner: &Owner<'_>,
    diags: &mut Diagnostics,
) -> Option<Expression> {
    let written = element.text();
    let text = written.trim();
    let declared: Vec<(&str, &str)> =
        namespaces.0.iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str())).collect();
    match XPath::compile(text, &declared) {
        Ok(path) => Some(Expression { text: text.to_owned(), path }),
        Err(error) => {
            owner
                .refuse(diags, element.text_span(), &format!("Failed to compile xpath {text}"))
                .note(None, error.to_string());
            None
        }
    }
}

fn normal(path: &str) -> &str {
    if path == "$." { "$" } else { path }
}

impl JsonExpression {
    pub(in crate::policy) fn link(&mut self, linker: &mut dyn Linker) {
        match &mut self.path {
            JsonSource::Fixed(_) => {}
            JsonSource::Template(template) => linker.bind(template),
        }
    }

    /// An indefinite path whose list is empty finds that list, `Found::Many` of none.
    pub(in crate::policy) fn find<'d>(
        &self,
        cx: &MessageContext,
        document: &'d json::Value<'d>,
        unresolved: Unresolved,
    ) -> Result<Found<'d>, PathFault> {
        let made;
        let path = match &self.path {
            JsonSource::Fixed(path) => path,
            JsonSource::Template(template) => {
                let text = template.render(cx, unresolved).map_err(|_| PathFault::Invalid)?;
                made = JsonPath::kept(normal(&text)).ok_or(PathFault::Invalid)?;
                &*made
            }
        };
        match path.find(document).map_err(|_| PathFault::TooCostly)? {
            Found::Nothing if path.lists_in(document) => Ok(Found::Many(Vec::new())),
            found => Ok(found),
        }
    }
}

impl Expression {
    pub(in crate::policy) fn returns_nodeset(&self) -> bool {
        self.path.returns_nodeset()
    }

    pub(in crate::policy) fn find<'t>(
        &'t self,
        document: &'t XmlTree,
    ) -> Result<Value<'t>, XPathTooCostly> {
        self.path.evaluate(document, document.root())
    }
}

impl Namespaces {
    /// Of an `XMLPayload`.
    pub(in crate::policy) fn read(xml: &mut Fields<'_, '_>, owner: &Owner<'_>) -> Self {
        let mut known: Vec<(String, String)> = Vec::new();
        let Some(element) = xml.child("Namespaces") else { return Self::default() };
        let mut list = element.reader(xml.diags());
        for namespace in list.children("Namespace") {
            let mut inner = namespace.reader(list.diags());
            let prefix = inner.attribute("prefix").map_or("", |found| found.value.trim());
            inner.finish();
            let text = namespace.text();
            let uri = text.trim();
            let span = namespace.span;
            if uri.is_empty() && !prefix.is_empty() {
                let reason = format!("Non-empty prefix {prefix} cannot be mapped to empty uri");
                owner.refuse(list.diags(), span, &reason);
            } else if known.iter().any(|(known, _)| known == prefix) {
                owner.refuse(list.diags(), span, &format!("Duplicate prefix {prefix}"));
            }
            known.push((prefix.to_owned(), uri.to_owned()));
        }
        list.finish();
        Self(known)
    }
}

impl Origin {
    /// `None` where the message holds something else.
    pub(in crate::policy) fn json(
        &self,
        cx: &mut MessageContext,
        format: Format,
    ) -> Result<Option<Rc<json::Document>>, PayloadError> {
        let Some(payload) = self.payload(cx, format) else { return Ok(None) };
        let document = cx.documents.json(&payload);
        document.map(Some).map_err(|error| PayloadError(error.to_string()))
    }

    /// `None` where the message holds something else.
    pub(in crate::policy) fn xml(
        &self,
        cx: &mut MessageContext,
    ) -> Result<Option<Rc<XmlTree>>, PayloadError> {
        let Some(payload) = self.payload(cx, Format::Xml) else { return Ok(None) };
        let document = cx.documents.xml(&payload);
        document.map(Some).map_err(|error| PayloadError(error.to_string()))
    }
}
