//! From XML to extractions.
//!
//! Source: Apigee docs, "Extract Variables policy deployment error troubleshooting", whose texts
//! these are; apigeelint PO033 and PO040. Unknown: several `JSONPath` or `XPath` in one
//! `Variable`; the first that finds something counts.

use crate::diag::{Diagnostics, Severity};
use crate::policy::extract_variables::cast::Datatype;
use crate::policy::extract_variables::{
    ExtractVariables, Extraction, Holes, PathVariable, Target, continues,
};
use crate::policy::extraction::{
    Case, Expression, Field, FieldKind, Namespaces, Owner, Parse, PathPattern, Pattern,
    PatternError, Source, read_json_path, read_xpath,
};
use crate::policy::kind::{PayloadFormat, PayloadUse, Policy, skip_head};
use crate::variable::VarRef;
use crate::xml::{Element, Text};

/// What the platform refuses, in its words.
const REFUSED: &str = "GW350";
/// What deploys and then faults.
const DOUBTFUL: &str = "GW353";
/// Parts that are missing, doubled or of the wrong type.
const SHAPE: &str = "PO033";
/// A brace of a JSON path that has no partner.
const BRACES: &str = "PO040";

const PARTS: [&str; 7] =
    ["URIPath", "QueryParam", "Header", "FormParam", "Variable", "JSONPayload", "XMLPayload"];

pub(super) fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let owner = Owner::of(body, "ExtractVariables", REFUSED, ".");
    let errors = diags.count(Severity::Error);
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let source = Source::read(&mut xml);
    let clear_payload = body
        .child("Source")
        .is_some_and(|element| element.reader(xml.diags()).attribute_flag("clearPayload", false));
    let prefix = xml.optional("VariablePrefix").map(|text: Text| text.value);
    let ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", false);
    PARTS.into_iter().for_each(|part| drop(xml.children(part)));
    let mut reading = Reading {
        owner,
        source: &source,
        prefix,
        diags: xml.diags(),
        extractions: Vec::new(),
        payloads: Vec::new(),
        targets: Vec::new(),
    };
    for element in body.elements() {
        reading.part(element);
    }
    reading.doubled(body, "JSONPayload");
    reading.doubled(body, "XMLPayload");
    if !body.elements().any(|element| PARTS.contains(&element.name.as_str())) {
        let reason = "at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, \
                      JSONPayload is mandatory";
        owner.refuse(reading.diags, body.name_span, reason);
    }
    let Reading { extractions, payloads, mut targets, .. } = reading;
    xml.finish();
    Target::nest(&mut targets);
    (diags.count(Severity::Error) == errors).then(|| {
        Box::new(ExtractVariables {
            policy: String::new(),
            source,
            clear_payload,
            ignore_unresolved,
            extractions,
            payloads,
            targets,
        }) as Box<dyn Policy>
    })
}

struct Reading<'a> {
    owner: Owner<'a>,
    source: &'a Source,
    prefix: Option<String>,
    diags: &'a mut Diagnostics,
    extractions: Vec<Extraction>,
    payloads: Vec<PayloadUse>,
    targets: Vec<Target>,
}

impl Reading<'_> {
    fn part(&mut self, element: &Element) {
        match element.name.as_str() {
            "URIPath" => self.uri_path(element),
            "QueryParam" | "Header" | "FormParam" => self.field(element),
            "Variable" => self.variable(element),
            "JSONPayload" => self.json(element),
            "XMLPayload" => self.xml(element),
            _ => {}
        }
    }

    fn uri_path(&mut self, element: &Element) {
        let mut found = self.patterns(element, PathPattern::parse);
        // Of those with as many segments the first one written counts.
        found.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.segments()));
        self.extractions.push(Extraction::Path(found));
    }

    fn field(&mut self, element: &Element) {
        let patterns = self.patterns(element, Pattern::parse);
        let kind = FieldKind::of(&element.name);
        let (Some(name), Some(kind)) = (self.name(element), kind) else { return };
        let field = Field::new(kind, name, self.source);
        if kind == FieldKind::FormParam {
            self.payload(element, PayloadFormat::Form);
        }
        self.extractions.push(Extraction::Field { field, patterns });
    }

    fn variable(&mut self, element: &Element) {
        let patterns = self.patterns(element, Pattern::parse);
        let Some(name) = self.name(element) else { return };
        self.extractions.push(Extraction::Variable { variable: VarRef::parse(name), patterns });
    }

    /// The patterns that are sound, and reports what else is in the element.
    fn patterns<P>(&mut self, element: &Element, parse: Parse<P>) -> Vec<(P, Holes)> {
        let mut xml = element.reader(self.diags);
        if element.name != "URIPath" {
            xml.attribute("name");
        }
        let elements = xml.children("Pattern");
        // The documentation's own samples give a Variable a type, which has no effect.
        if element.name == "Variable" {
            xml.ignore(&["type"]);
        }
        let mut patterns = Vec::new();
        let mut found = Vec::new();
        for pattern in &elements {
            let mut inner = pattern.reader(xml.diags());
            let case = Case::read(&mut inner);
            inner.finish();
            found.push((*pattern, case));
        }
        xml.finish();
        if elements.is_empty() {
            let message = format!("`{}` has no Pattern", element.name);
            self.diags.warning(SHAPE, element.open_span, message);
        }
        for (element, case) in found {
            let written = element.text();
            let text = written.trim();
            let policy = self.owner.policy;
            let refusal = match parse(text, case) {
                Ok((pattern, holes)) => {
                    let holes = holes.iter().map(|name| self.target(name, element)).collect();
                    patterns.push((pattern, holes));
                    continue;
                }
                Err(PatternError::Invalid) => {
                    format!(
                        "Pattern {text} is invalid in ExtractVariables stepDefinition {policy}."
                    )
                }
                Err(PatternError::NoHole) => format!(
                    "Pattern {text} should have atleast one variable in ExtractVariables \
                     stepDefinition {policy}."
                ),
            };
            self.diags.error(REFUSED, element.text_span(), refusal);
        }
        patterns
    }

    fn json(&mut self, element: &Element) {
        self.payload(element, PayloadFormat::Json);
        let mut xml = element.reader(self.diags);
        let variables = xml.children("Variable");
        xml.finish();
        self.no_variables(element, &variables);
        let mut read = Vec::new();
        for variable in variables {
            let paths = self.path_variable(variable, "JSONPath");
            let owner = self.owner;
            read.extend(self.read_paths(variable, &paths, |element, diags| {
                report_braces(element, diags);
                read_json_path(element, &owner, diags)
            }));
        }
        self.extractions.push(Extraction::Json(read));
    }

    fn xml(&mut self, element: &Element) {
        self.payload(element, PayloadFormat::Xml);
        let owner = self.owner;
        let mut xml = element.reader(self.diags);
        let stops = xml.attribute_flag("stopPayloadProcessing", false);
        let namespaces = Namespaces::read(&mut xml, &owner);
        let variables = xml.children("Variable");
        xml.finish();
        self.no_variables(element, &variables);
        let mut read: Vec<PathVariable<Expression>> = Vec::new();
        for variable in variables {
            let paths = self.path_variable(variable, "XPath");
            read.extend(self.read_paths(variable, &paths, |element, diags| {
                let path = read_xpath(element, &namespaces, &owner, diags)?;
                let wants_nodes = datatype(variable) == Datatype::NodeSet;
                if wants_nodes && !path.returns_nodeset() {
                    let reason =
                        format!("Result of xpath {} cannot be converted to nodeset", path.text);
                    owner.refuse(diags, element.text_span(), &reason);
                }
                Some(path)
            }));
        }
        self.extractions.push(Extraction::Xml { variables: read, stops });
    }

    fn no_variables(&mut self, payload: &Element, variables: &[&Element]) {
        if variables.is_empty() {
            let message = format!("`{}` has no Variable", payload.name);
            self.diags.warning(SHAPE, payload.open_span, message);
        }
    }

    /// The elements of the paths, which are not empty.
    fn path_variable<'e>(&mut self, variable: &'e Element, path: &'static str) -> Vec<&'e Element> {
        let lower = path.to_ascii_lowercase();
        let mut xml = variable.reader(self.diags);
        xml.ignore(&["name"]);
        if let Some(found) = xml.attribute("type")
            && Datatype::parse(&found.value).is_none()
        {
            let message = format!("`{}` is no type of a Variable", found.value);
            xml.diags()
                .warning(SHAPE, found.span, message)
                .note(None, "it counts as string")
                .help("write string, boolean, integer, long, float, double or nodeset");
        }
        let mut paths = xml.children(path);
        xml.finish();
        if paths.is_empty() {
            let reason = format!("no {lower}s to evaluate in variable name");
            self.owner.refuse(self.diags, variable.open_span, &reason);
        }
        for empty in paths.iter().filter(|path| path.is_empty()) {
            let reason = format!("{path} expression is empty in variable name");
            self.owner.refuse(self.diags, empty.open_span, &reason);
        }
        paths.retain(|path| !path.is_empty());
        paths
    }

    fn read_paths<P>(
        &mut self,
        variable: &Element,
        elements: &[&Element],
        mut read: impl FnMut(&Element, &mut Diagnostics) -> Option<P>,
    ) -> Option<PathVariable<P>> {
        let paths = elements.iter().filter_map(|element| read(element, self.diags)).collect();
        let name = self.name(variable)?;
        let target = self.target(name, variable);
        Some(PathVariable { target, datatype: datatype(variable), paths })
    }

    fn name<'e>(&mut self, element: &'e Element) -> Option<&'e str> {
        let name = element.attribute("name").map(|found| found.value.trim());
        let name = name.filter(|name| !name.is_empty());
        if name.is_none() {
            let text = format!(
                "Error occurred while validation of bean {}.xml. Reason: - Required attribute \
                 name is missing in {}",
                self.owner.policy, element.name
            );
            self.diags.error(REFUSED, element.open_span, text);
        }
        name
    }

    /// The number of the variable that is set under that name.
    fn target(&mut self, name: &str, place: &Element) -> usize {
        let variable = match &self.prefix {
            Some(prefix) => VarRef::parse(&format!("{prefix}.{name}")),
            None => VarRef::parse(name),
        };
        let known = self.targets.iter().position(|target| target.variable == variable);
        known.unwrap_or_else(|| {
            if variable.is_read_only() {
                let message = format!("`{}` is read-only: setting it faults", variable.name());
                self.diags
                    .warning(DOUBTFUL, place.text_span(), message)
                    .help("give it another name, or a VariablePrefix");
            }
            if let Some(above) =
                self.targets.iter().find(|above| continues(&variable, &above.variable))
            {
                let (name, above) = (variable.name(), above.variable.name());
                let message = format!("`{name}` continues the name of `{above}`");
                self.diags
                    .warning(DOUBTFUL, place.text_span(), message)
                    .note(None, "it faults where the policy sets both")
                    .help("give it another name");
            }
            self.targets.push(Target { variable, below: Vec::new() });
            self.targets.len() - 1
        })
    }

    fn payload(&mut self, element: &Element, format: PayloadFormat) {
        let source = self.source.name().to_owned();
        self.payloads.push(PayloadUse { source, format, span: element.name_span });
    }

    /// Both are read; apigeelint wants one.
    fn doubled(&mut self, body: &Element, name: &str) {
        let mut found = body.elements().filter(|element| element.name == name);
        let Some(first) = found.next() else { return };
        for again in found {
            let message = format!("a second `{name}`");
            self.diags
                .warning(SHAPE, again.open_span, message)
                .note(first.open_span, "the first one stands here")
                .help("put all Variables into one");
        }
    }
}

fn datatype(variable: &Element) -> Datatype {
    let found = variable.attribute("type");
    found.and_then(|found| Datatype::parse(&found.value)).unwrap_or_default()
}

/// Apart from texts in quotes.
fn report_braces(element: &Element, diags: &mut Diagnostics) {
    let text = element.text();
    let mut quote = None;
    let mut open = 0_u32;
    let mut is_balanced = true;
    for c in text.chars() {
        match (c, quote) {
            (c, Some(mark)) if c == mark => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            ('{', None) => open += 1,
            ('}', None) => match open.checked_sub(1) {
                Some(rest) => open = rest,
                None => is_balanced = false,
            },
            _ => {}
        }
    }
    if !is_balanced || open > 0 {
        let message = format!("the braces of `{}` do not match", text.trim());
        diags.warning(BRACES, element.text_span(), message);
    }
}
