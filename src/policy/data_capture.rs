//! DataCapture: collects values of a request for statistics.
//! Source: Apigee docs, "DataCapture policy". What is collected is recorded when the request is
//! over, so that of several values for one data collector the last one counts; a number is
//! summed up, any other text counted.
//! Faults (500): `steps.datacapture.` with `UnresolvedVariable`, `PrivateVariableAccess`,
//! `NonMsgVariable`, `InvalidMsgContentType`, `MsgContentParsingFailed`, `JSONPathQueryFailed`,
//! `XPathEvaluationFailed`, `ExtractionFailure`, `VariableCountLimitExceeded`,
//! `VariableValueLimitExceeded`. Variable: `dataCapturePolicyErrors`. Finding: `GW352`.
//!
//! Differs: data collectors need no resource of their own and have no type, so that nothing is
//! the wrong type (`DataCollectorTypeMismatch`) or not deployed (`DeploymentAssertionError`).
//! Unknown: the faultstrings; and what `default` stands for. It takes the place of whatever is
//! not there, so that nothing of that faults.

mod page;
mod read;

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use bytestring::ByteString;

use crate::message::{CAPTURED_MAX, Collector, Fault, MessageContext, Value};
use crate::policy::data_capture::page::PAGE;
use crate::policy::extraction::{
    Expression, Field, Format, JsonExpression, Origin, PathFault, PathPattern, Pattern, Source,
};
use crate::policy::kind::{Linker, Next, PayloadUse, Policy, PolicyKind, PureStep, Step, Uses};
use crate::store::metrics::VALUE_BYTES_MAX;
use crate::template::Unresolved;
use crate::variable::{Slot, VarRef};
use crate::xpath;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "DataCapture",
    failed_prefix: "datacapture",
    read: read::read,
    page: &PAGE,
};

const UNRESOLVED: &str = "steps.datacapture.UnresolvedVariable";
const PRIVATE: &str = "steps.datacapture.PrivateVariableAccess";
const NO_MESSAGE: &str = "steps.datacapture.NonMsgVariable";
const OTHER_CONTENT: &str = "steps.datacapture.InvalidMsgContentType";
const PARSING_FAILED: &str = "steps.datacapture.MsgContentParsingFailed";
const JSON_PATH_FAILED: &str = "steps.datacapture.JSONPathQueryFailed";
const XPATH_FAILED: &str = "steps.datacapture.XPathEvaluationFailed";
const EXTRACTION_FAILED: &str = "steps.datacapture.ExtractionFailure";
const TOO_MANY: &str = "steps.datacapture.VariableCountLimitExceeded";
const TOO_LONG: &str = "steps.datacapture.VariableValueLimitExceeded";

/// What all policies of a request list their errors in.
const ERRORS_VARIABLE: &str = "dataCapturePolicyErrors";
/// The list is a captured value itself.
const ERRORS_BYTES_MAX: usize = VALUE_BYTES_MAX;

#[derive(Debug)]
struct DataCapture {
    ignore_unresolved: bool,
    throws_on_limit: bool,
    captures: Vec<Capture>,
    payloads: Vec<PayloadUse>,
}

#[derive(Debug)]
struct Capture {
    collector: String,
    /// What is collected where there is no value.
    default: Option<String>,
    origin: ValueOrigin,
}

#[derive(Debug)]
enum ValueOrigin {
    Variable(VarRef),
    Message { source: Source, part: MessagePart },
}

#[derive(Debug)]
enum MessagePart {
    /// The first pattern that matches counts.
    Path(Vec<PathPattern>),
    Field {
        field: Field,
        patterns: Vec<Pattern>,
    },
    Json(JsonExpression),
    Xml(Expression),
}

/// Why a value is not collected.
struct Failure {
    code: &'static str,
    text: String,
    /// Nothing is wrong, there is only no value.
    is_absence: bool,
}

impl Policy for DataCapture {
    fn uses(&self) -> Uses {
        Uses { payloads: self.payloads.clone(), ..Uses::default() }
    }

    fn link(self: Box<Self>, linker: &mut dyn Linker) -> Step {
        let (metrics, proxy) = (linker.metrics(), linker.proxy().to_owned());
        let errors = linker.output(ERRORS_VARIABLE);
        let policy = linker.policy().to_owned();
        let mut captures = Vec::new();
        for mut capture in self.captures {
            capture.link(linker);
            let metric = metrics.metric(&proxy, &capture.collector);
            let collector = metric.map(|metric| -> Arc<dyn Collector> { metric });
            captures.push((capture, collector));
        }
        Step::Pure(Box::new(LinkedDataCapture {
            policy,
            ignore_unresolved: self.ignore_unresolved,
            throws_on_limit: self.throws_on_limit,
            captures,
            errors,
        }))
    }
}

impl Capture {
    fn link(&mut self, linker: &mut dyn Linker) {
        match &mut self.origin {
            ValueOrigin::Variable(variable) => linker.bind(variable),
            ValueOrigin::Message { source, part } => match part {
                MessagePart::Path(_) => source.link_head(linker),
                MessagePart::Field { field, .. } => {
                    source.link_head(linker);
                    field.link(linker);
                }
                MessagePart::Json(path) => {
                    source.link(linker);
                    path.link(linker);
                }
                MessagePart::Xml(_) => source.link(linker),
            },
        }
    }
}

struct LinkedDataCapture {
    policy: String,
    ignore_unresolved: bool,
    throws_on_limit: bool,
    /// Without collector where there are too many metrics.
    captures: Vec<(Capture, Option<Arc<dyn Collector>>)>,
    errors: Option<Slot>,
}

impl PureStep for LinkedDataCapture {
    /// All captures are tried before the first failure faults.
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let mut first = None;
        for (capture, collector) in &self.captures {
            let Err(failure) = self.capture(capture, collector.as_ref(), cx) else { continue };
            self.list(&failure, capture, cx);
            first.get_or_insert(failure);
        }
        cx.documents.end_step();
        match first.filter(|failure| self.throws_on_limit || !failure.is_limit()) {
            Some(failure) => Err(Fault::new(failure.code, failure.text)),
            None => Ok(Next::Continue),
        }
    }
}

impl LinkedDataCapture {
    fn capture(
        &self,
        capture: &Capture,
        collector: Option<&Arc<dyn Collector>>,
        cx: &mut MessageContext,
    ) -> Result<(), Failure> {
        let value = match (self.value(&capture.origin, cx), &capture.default) {
            (Ok(value), _) => value,
            (Err(failure), Some(default)) if failure.is_absence => default.clone(),
            (Err(failure), None) if failure.is_absence && self.ignore_unresolved => return Ok(()),
            (Err(failure), _) => return Err(failure),
        };
        let name = &capture.collector;
        let is_too_long = value.len() > VALUE_BYTES_MAX;
        let too_long = || {
            let text = format!("The value for {name} is longer than {VALUE_BYTES_MAX} bytes");
            Failure::new(TOO_LONG, text)
        };
        if is_too_long && self.throws_on_limit {
            return Err(too_long());
        }
        let kept = value.get(..value.floor_char_boundary(VALUE_BYTES_MAX)).unwrap_or_default();
        if let Some(collector) = collector
            && cx.captured.set(collector, ByteString::from(kept)).is_err()
        {
            let text = format!("{name} would be one more than {CAPTURED_MAX} variables");
            return Err(Failure::new(TOO_MANY, text));
        }
        if is_too_long { Err(too_long()) } else { Ok(()) }
    }

    fn value(&self, origin: &ValueOrigin, cx: &mut MessageContext) -> Result<String, Failure> {
        let (source, part) = match origin {
            ValueOrigin::Message { source, part } => (source, part),
            ValueOrigin::Variable(variable) => {
                let name = variable.name();
                if name.starts_with("private.") {
                    let text = format!("Variable {name} is private");
                    return Err(Failure::new(PRIVATE, text));
                }
                return cx.text(variable).map(String::from).ok_or_else(|| {
                    Failure::absence(UNRESOLVED, format!("Failed to resolve variable {name}"))
                });
            }
        };
        let name = source.name();
        let origin = match source.origin(cx) {
            Some(Origin::Text(_)) => {
                let text = format!("Variable {name} does not resolve to a Message");
                return Err(Failure::new(NO_MESSAGE, text));
            }
            Some(origin) => origin,
            None => {
                let text = format!("Failed to resolve variable {name}");
                return Err(Failure::absence(UNRESOLVED, text));
            }
        };
        match part {
            MessagePart::Path(patterns) => {
                let path = origin.is_request(cx).then(|| cx.pathsuffix());
                let found = path.and_then(|path| {
                    patterns.iter().find_map(|pattern| Some(pattern.matches(path)?.concat()))
                });
                found.ok_or_else(|| no_match("the path"))
            }
            MessagePart::Field { field, patterns } => {
                let text = field.value(&origin, cx).map(crate::message::View::into_text);
                let found = text.and_then(|text| {
                    patterns.iter().find_map(|pattern| Some(pattern.matches(&text)?.concat()))
                });
                found.ok_or_else(|| no_match(field.shared_name()))
            }
            MessagePart::Json(path) => self.json(path, &origin, name, cx),
            MessagePart::Xml(path) => {
                let document = origin.xml(cx).map_err(|error| unreadable(name, &error.0))?;
                let document = document.ok_or_else(|| other_content(name, "XML"))?;
                let failed = |reason: &str| {
                    Failure::absence(XPATH_FAILED, format!("XPath {} {reason}", path.text))
                };
                match path.find(&document).map_err(|cost| failed(&format!("failed: {cost}")))? {
                    xpath::Value::NodeSet(nodes) if nodes.is_empty() => {
                        Err(failed("leads nowhere"))
                    }
                    found => Ok(found.into_string(&document).into_owned()),
                }
            }
        }
    }

    fn json(
        &self,
        path: &JsonExpression,
        origin: &Origin,
        name: &str,
        cx: &mut MessageContext,
    ) -> Result<String, Failure> {
        let document = origin.json(cx, Format::Json);
        let document = document.map_err(|error| unreadable(name, &error.0))?;
        let document = document.ok_or_else(|| other_content(name, "JSON"))?;
        let unresolved = if self.ignore_unresolved { Unresolved::Empty } else { Unresolved::Fails };
        let failed = |reason: &str| {
            Failure::absence(JSON_PATH_FAILED, format!("JSONPath {} {reason}", path.text))
        };
        let found = path.find(cx, document.root(), unresolved).map_err(|fault| match fault {
            PathFault::Invalid | PathFault::TooCostly => failed(&format!("failed: {fault}")),
        })?;
        let text = found.text().map_err(|limit| failed(&format!("failed: {limit}")))?;
        text.map(Cow::into_owned).ok_or_else(|| failed("leads nowhere"))
    }

    /// Adds an error to the list that the request's policies share, as far as it may grow.
    fn list(&self, failure: &Failure, capture: &Capture, cx: &mut MessageContext) {
        let Some(slot) = self.errors else { return };
        let variable = VarRef::parse(ERRORS_VARIABLE);
        let mut list = cx.text(&variable).map_or_else(|| "[]".to_owned(), String::from);
        list.pop();
        if list.len() > 1 {
            list.push(',');
        }
        let entry = serde_json::json!({
            "errorType": failure.name(),
            "policyName": self.policy,
            "dataCollector": capture.collector,
        });
        if write!(list, "{entry}]").is_ok() && list.len() <= ERRORS_BYTES_MAX {
            cx.set_slot(slot, Value::from(list));
        }
    }
}

impl Failure {
    fn new(code: &'static str, text: String) -> Self {
        Self { code, text, is_absence: false }
    }

    fn absence(code: &'static str, text: String) -> Self {
        Self { code, text, is_absence: true }
    }

    fn is_limit(&self) -> bool {
        matches!(self.code, TOO_MANY | TOO_LONG)
    }

    fn name(&self) -> &str {
        match self.code {
            // The one that the documentation's list has by another name.
            TOO_LONG => "MaxValueSizeLimitReached",
            code => code.rsplit('.').next().unwrap_or(code),
        }
    }
}

fn no_match(what: &str) -> Failure {
    Failure::absence(EXTRACTION_FAILED, format!("No pattern matches {what}"))
}

fn unreadable(source: &str, reason: &str) -> Failure {
    Failure::new(PARSING_FAILED, format!("The content of {source} failed to be parsed: {reason}"))
}

fn other_content(source: &str, format: &str) -> Failure {
    let text = format!("The content type of {source} is not {format}");
    Failure::absence(OTHER_CONTENT, text)
}

#[cfg(test)]
mod tests;
