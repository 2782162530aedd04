//! ExtractVariables: takes parts of a message or of a variable apart into variables.
//! Source: Apigee docs, "ExtractVariables policy", its runtime and deployment error pages.
//! Extractions run in document order, each sees what those before it have set.
//! Faults (500): `steps.extractvariables.` with `SourceMessageNotAvailable`, `ExecutionFailed`,
//! `InvalidJSONPath`, `JsonPathParsingFailure`, `UnableToCast`, `ImmutableVariable`,
//! `SetVariableFailed`. Findings: `GW350` (what the platform refuses), `GW353`, `PO033`, `PO040`.
//!
//! Unknown: what IgnoreUnresolvedVariables is about. Where it is false, a source without value
//! faults, and so does a JSON path or an XPath that leads nowhere, as the runtime error page and
//! the policies of public bundles have it; a `Variable` without value and a pattern that does
//! not match leave their variables unset in either case.

mod cast;
mod page;
mod read;

use std::borrow::Cow;

use crate::jsonpath::Found;
use crate::message::{Fault, MessageContext, SetError, Value, View};
use crate::policy::extract_variables::cast::{Cast, Datatype};
use crate::policy::extract_variables::page::PAGE;
use crate::policy::extraction::{
    Expression, Field, Format, JsonExpression, Origin, PathFault, PathPattern, Pattern, Source,
    shown,
};
use crate::policy::kind::{Linker, Next, PayloadUse, Policy, PolicyKind, PureStep, Step, Uses};
use crate::template::Unresolved;
use crate::variable::{Place, VarRef};
use crate::xpath;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "ExtractVariables",
    failed_prefix: "extractvariables",
    read: read::read,
    page: &PAGE,
};

const NO_SOURCE: &str = "steps.extractvariables.SourceMessageNotAvailable";
const EXECUTION_FAILED: &str = "steps.extractvariables.ExecutionFailed";
const INVALID_PATH: &str = "steps.extractvariables.InvalidJSONPath";
const PARSING_FAILED: &str = "steps.extractvariables.JsonPathParsingFailure";
const UNABLE_TO_CAST: &str = "steps.extractvariables.UnableToCast";
const IMMUTABLE: &str = "steps.extractvariables.ImmutableVariable";
const SET_FAILED: &str = "steps.extractvariables.SetVariableFailed";

#[derive(Debug)]
struct ExtractVariables {
    policy: String,
    source: Source,
    clear_payload: bool,
    ignore_unresolved: bool,
    extractions: Vec<Extraction>,
    payloads: Vec<PayloadUse>,
    targets: Vec<Target>,
}

#[derive(Debug)]
enum Extraction {
    /// By the number of their segments, the most first.
    Path(Vec<(PathPattern, Holes)>),
    Field {
        field: Field,
        patterns: Vec<(Pattern, Holes)>,
    },
    Variable {
        variable: VarRef,
        patterns: Vec<(Pattern, Holes)>,
    },
    Json(Vec<PathVariable<JsonExpression>>),
    Xml {
        variables: Vec<PathVariable<Expression>>,
        /// Until one variable is set.
        stops: bool,
    },
}

/// Which target each hole of a pattern sets.
type Holes = Vec<usize>;

#[derive(Debug)]
struct PathVariable<P> {
    target: usize,
    datatype: Datatype,
    /// The first that finds something counts.
    paths: Vec<P>,
}

/// A variable that the policy sets.
#[derive(Debug)]
struct Target {
    variable: VarRef,
    /// Targets whose names it continues, `a.b` for `a.b.c`.
    below: Vec<usize>,
}

impl Policy for ExtractVariables {
    fn uses(&self) -> Uses {
        Uses { payloads: self.payloads.clone(), ..Uses::default() }
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.policy = linker.policy().to_owned();
        let reads_payload = |extraction: &Extraction| {
            matches!(extraction, Extraction::Json(_) | Extraction::Xml { .. })
        };
        if self.clear_payload || self.extractions.iter().any(reads_payload) {
            self.source.link(linker);
        } else {
            self.source.link_head(linker);
        }
        for extraction in &mut self.extractions {
            match extraction {
                Extraction::Field { field, .. } => field.link(linker),
                Extraction::Variable { variable, .. } => linker.bind(variable),
                Extraction::Json(variables) => {
                    let paths = variables.iter_mut().flat_map(|variable| &mut variable.paths);
                    paths.for_each(|path| path.link(linker));
                }
                Extraction::Path(_) | Extraction::Xml { .. } => {}
            }
        }
        for target in &mut self.targets {
            linker.bind_output(&mut target.variable);
        }
        Step::Pure(self)
    }
}

impl PureStep for ExtractVariables {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let result = self.extract(cx);
        cx.documents.end_step();
        result.map(|()| Next::Continue)
    }
}

struct Run<'p> {
    policy: &'p ExtractVariables,
    /// Which targets were set so far; empty where no name continues another.
    set: Vec<bool>,
}

impl ExtractVariables {
    fn extract(&self, cx: &mut MessageContext) -> Result<(), Fault> {
        let Some(origin) = self.source.origin(cx) else { return self.no_source() };
        let mut run = Run::new(self);
        for extraction in &self.extractions {
            match extraction {
                Extraction::Path(patterns) => run.path(patterns, &origin, cx)?,
                Extraction::Field { field, patterns } => {
                    let value = field.value(&origin, cx).map(owned);
                    run.value(value, patterns, cx)?;
                }
                Extraction::Variable { variable, patterns } => {
                    let value = cx.get(variable).map(owned);
                    run.value(value, patterns, cx)?;
                }
                Extraction::Json(variables) => run.json(variables, &origin, cx)?,
                Extraction::Xml { variables, stops } => {
                    run.xml(variables, *stops, &origin, cx)?;
                }
            }
        }
        if self.clear_payload {
            self.source.clear(&origin, cx);
        }
        Ok(())
    }

    /// The error page has `JsonPathParsingFailure` for a part of a message, such as
    /// `request.content`, and `SourceMessageNotAvailable` for any other name.
    fn no_source(&self) -> Result<(), Fault> {
        if self.ignore_unresolved {
            return Ok(());
        }
        let wants_json = self.extractions.iter().any(|found| matches!(found, Extraction::Json(_)));
        if wants_json && !self.source.may_be_message() {
            return Err(self.parsing_failed());
        }
        let (policy, name) = (&self.policy, self.source.name());
        let text = format!("{name} message is not available for ExtractVariable: {policy}");
        Err(Fault::new(NO_SOURCE, text))
    }

    /// The doubled word is the platform's.
    fn parsing_failed(&self) -> Fault {
        let (policy, name) = (&self.policy, self.source.name());
        let text = format!(
            "ExtractVariables {policy}: Json path parsing failed for for flow variables {name}"
        );
        Fault::new(PARSING_FAILED, text)
    }

    fn execution_failed(&self) -> Fault {
        let text = format!("Failed to execute the ExtractVariables: {}", self.policy);
        Fault::new(EXECUTION_FAILED, text)
    }

    fn invalid_path(&self, path: &str) -> Fault {
        let text = format!("Invalid JSON path {path} in policy {}.", self.policy);
        Fault::new(INVALID_PATH, text)
    }

    fn unresolved(&self) -> Unresolved {
        if self.ignore_unresolved { Unresolved::Empty } else { Unresolved::Fails }
    }
}

impl<'p> Run<'p> {
    fn new(policy: &'p ExtractVariables) -> Self {
        let is_nested = policy.targets.iter().any(|target| !target.below.is_empty());
        let count = if is_nested { policy.targets.len() } else { 0 };
        Self { policy, set: vec![false; count] }
    }

    fn path(
        &mut self,
        patterns: &[(PathPattern, Holes)],
        origin: &Origin,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        if !origin.is_request(cx) {
            return Ok(());
        }
        let path = cx.pathsuffix();
        let found = patterns.iter().find_map(|(pattern, holes)| {
            let taken = pattern.matches(path)?;
            Some((holes, taken.iter().map(|part| Value::from(*part)).collect::<Vec<_>>()))
        });
        let Some((holes, values)) = found else { return Ok(()) };
        self.set_all(holes, values, cx)
    }

    fn value(
        &mut self,
        value: Option<Read>,
        patterns: &[(Pattern, Holes)],
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        let Some(value) = value else { return Ok(()) };
        let text = value.text();
        for (pattern, holes) in patterns {
            let Some(taken) = pattern.matches(&text) else { continue };
            // What is taken whole keeps its type: all values of a header stay a list.
            let values = match (&value, holes.as_slice()) {
                (Read::List(list), [_]) if taken.first().is_some_and(|t| *t == text) => {
                    vec![list.clone()]
                }
                _ => taken.iter().map(|part| Value::from(*part)).collect(),
            };
            return self.set_all(holes, values, cx);
        }
        Ok(())
    }

    fn json(
        &mut self,
        variables: &[PathVariable<JsonExpression>],
        origin: &Origin,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        let policy = self.policy;
        let document = match origin.json(cx, Format::Json) {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(()),
            Err(_) if matches!(origin, Origin::Text(_)) => return Err(policy.parsing_failed()),
            Err(_) => return Err(policy.execution_failed()),
        };
        for variable in variables {
            let mut value = None;
            for path in &variable.paths {
                match path.find(cx, document.root(), policy.unresolved()) {
                    Ok(Found::Nothing) => {}
                    Ok(found) => {
                        value = Some(variable.datatype.of_json(&found));
                        break;
                    }
                    Err(PathFault::Invalid) => return Err(policy.invalid_path(&path.text)),
                    Err(PathFault::TooCostly) => return Err(policy.execution_failed()),
                }
            }
            match (value, variable.paths.first()) {
                (Some(cast), _) => {
                    self.set_cast(variable.target, cast, cx)?;
                }
                (None, Some(path)) if !policy.ignore_unresolved => {
                    return Err(policy.invalid_path(&path.text));
                }
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn xml(
        &mut self,
        variables: &[PathVariable<Expression>],
        stops: bool,
        origin: &Origin,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        let policy = self.policy;
        let document = match origin.xml(cx) {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(()),
            Err(_) => return Err(policy.execution_failed()),
        };
        for variable in variables {
            let mut cast = None;
            for path in &variable.paths {
                let found = path.find(&document).map_err(|_| policy.execution_failed())?;
                if !matches!(&found, xpath::Value::NodeSet(nodes) if nodes.is_empty()) {
                    cast = Some(variable.datatype.of_xml(found, &document));
                    break;
                }
            }
            let Some(cast) = cast else {
                if policy.ignore_unresolved {
                    continue;
                }
                // Unknown: which code it is. The error page has none for it, and the platform's
                // own page for another vendor says that it faults.
                return Err(policy.execution_failed());
            };
            let is_set = self.set_cast(variable.target, cast, cx)?;
            if is_set && stops {
                break;
            }
        }
        Ok(())
    }

    fn set_all(
        &mut self,
        holes: &[usize],
        values: Vec<Value>,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        holes.iter().zip(values).try_for_each(|(target, value)| self.set(*target, value, cx))
    }

    /// Whether there was something to set.
    fn set_cast(
        &mut self,
        target: usize,
        cast: Cast,
        cx: &mut MessageContext,
    ) -> Result<bool, Fault> {
        match cast {
            Cast::Value(value) => self.set(target, value, cx).map(|()| true),
            Cast::Null => Ok(false),
            Cast::Impossible { value, datatype } => {
                let text = format!("Unable to cast value {} as {datatype}.", shown(&value));
                Err(Fault::new(UNABLE_TO_CAST, text))
            }
            Cast::TooLong => Err(self.policy.execution_failed()),
        }
    }

    fn set(&mut self, index: usize, value: Value, cx: &mut MessageContext) -> Result<(), Fault> {
        let Some(target) = self.policy.targets.get(index) else { return Ok(()) };
        let is_set = |above: &usize| self.set.get(*above).copied().unwrap_or(false);
        if target.below.iter().any(is_set) {
            return Err(self.not_set(&target.variable, &value));
        }
        if let Some(flag) = self.set.get_mut(index) {
            *flag = true;
        }
        match cx.set(&target.variable, value.clone()) {
            Ok(()) => Ok(()),
            Err(SetError::ReadOnly { name }) => {
                let policy = &self.policy.policy;
                let text = format!("Variable {name} is immutable in ExtractVariables: {policy}");
                Err(Fault::new(IMMUTABLE, text))
            }
            Err(SetError::WrongType { .. } | SetError::NoMessage { .. }) => {
                Err(self.not_set(&target.variable, &value))
            }
        }
    }

    fn not_set(&self, variable: &VarRef, value: &Value) -> Fault {
        let text = value.view().into_text();
        let text = format!(
            "Failed to set variable {} value {} from ExtractVariables: {}",
            variable.name(),
            shown(&text),
            self.policy.policy
        );
        Fault::new(SET_FAILED, text)
    }
}

/// A value that is matched against patterns.
enum Read {
    Text(String),
    List(Value),
}

impl Read {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::List(list) => list.view().into_text(),
        }
    }
}

/// What is written may be what was read, so that it cannot stay borrowed.
fn owned(view: View<'_>) -> Read {
    match view {
        View::Collection(_) => {
            let list = view.into_value();
            list.map_or_else(|| Read::Text(String::new()), Read::List)
        }
        other => Read::Text(other.into_text().into_owned()),
    }
}

impl Target {
    /// What the platform keeps as a tree: below a variable with a value there is no room for
    /// another one. Names of predefined variables are no part of that tree.
    fn nest(targets: &mut [Self]) {
        let variables: Vec<VarRef> = targets.iter().map(|found| found.variable.clone()).collect();
        for target in targets {
            let above = variables.iter().enumerate();
            let above = above.filter(|(_, above)| continues(&target.variable, above));
            target.below = above.map(|(index, _)| index).collect();
        }
    }
}

fn continues(variable: &VarRef, above: &VarRef) -> bool {
    let is_own = |variable: &VarRef| match variable.place() {
        Place::Fixed(_) | Place::Message(..) | Place::Property => false,
        Place::Slot(_) | Place::SlotPart { .. } | Place::Named => true,
    };
    let rest = variable.name().strip_prefix(above.name());
    rest.is_some_and(|rest| rest.starts_with('.')) && is_own(variable) && is_own(above)
}

#[cfg(test)]
mod tests;
