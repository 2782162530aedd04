//! RegularExpressionProtection: refuses messages in which a pattern finds something.
//! Source: Apigee docs, "RegularExpressionProtection policy", its deployment error page; SAP API
//! Management, "Regular Expression Protection", the same runtime, for the texts.
//! Faults (500): `steps.regexprotection.` with `ThreatDetected`, `ExecutionFailed`,
//! `VariableResolutionFailed`, `NonMessageVariable`, `SourceMessageNotAvailable`.
//! Finding: `GW351` (what the platform refuses).
//!
//! Nothing may slip by: a pattern that cannot be decided within its limit, a payload that cannot
//! be read and a source that is not there fault, whatever IgnoreUnresolvedVariables says.
//! Unknown: which values of a name without an index are looked at, and in which form; all of
//! them, and a path or a JSON text both as it stands and with its escapes undone or made.
//! Differs: a fault shows the first 1,024 bytes of what was found.

mod page;
mod read;

use percent_encoding::percent_decode_str;

use crate::json;
use crate::message::{Fault, MessageContext, View};
use crate::policy::extraction::{Expression, Field, Format, JsonExpression, Origin, Source, shown};
use crate::policy::kind::{Linker, Next, PayloadUse, Policy, PolicyKind, PureStep, Step, Uses};
use crate::policy::regular_expression_protection::page::PAGE;
use crate::regex::JavaRegex;
use crate::template::Unresolved;
use crate::variable::VarRef;
use crate::xpath;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "RegularExpressionProtection",
    failed_prefix: "regularexpressionprotection",
    read: read::read,
    page: &PAGE,
};

const THREAT: &str = "steps.regexprotection.ThreatDetected";
const EXECUTION_FAILED: &str = "steps.regexprotection.ExecutionFailed";
const UNRESOLVED: &str = "steps.regexprotection.VariableResolutionFailed";
const NO_MESSAGE: &str = "steps.regexprotection.NonMessageVariable";
const NO_SOURCE: &str = "steps.regexprotection.SourceMessageNotAvailable";

/// How much JSON or XML is written to look into what one policy's paths find.
const WRITTEN_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Debug)]
struct RegularExpressionProtection {
    policy: String,
    source: Source,
    ignore_unresolved: bool,
    checks: Vec<Check>,
    payloads: Vec<PayloadUse>,
}

#[derive(Debug)]
enum Check {
    Path(Patterns),
    /// One name in all its forms.
    Field {
        fields: Vec<Field>,
        patterns: Patterns,
    },
    Variable {
        variable: VarRef,
        patterns: Patterns,
    },
    Json {
        escapes_slashes: bool,
        paths: Vec<(JsonExpression, Patterns)>,
    },
    Xml(Vec<(Expression, NodeForm, Patterns)>),
}

#[derive(Debug)]
struct Patterns(Vec<Pattern>);

#[derive(Debug)]
struct Pattern {
    /// As it is written.
    text: String,
    regex: JavaRegex,
}

/// What of a node is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeForm {
    Text,
    /// `nodeset`
    Markup,
}

impl Policy for RegularExpressionProtection {
    fn uses(&self) -> Uses {
        Uses { payloads: self.payloads.clone(), ..Uses::default() }
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.policy = linker.policy().to_owned();
        let reads_payload = |check: &Check| matches!(check, Check::Json { .. } | Check::Xml(_));
        if self.checks.iter().any(reads_payload) {
            self.source.link(linker);
        } else {
            self.source.link_head(linker);
        }
        for check in &mut self.checks {
            match check {
                Check::Field { fields, .. } => fields.iter_mut().for_each(|f| f.link(linker)),
                Check::Variable { variable, .. } => linker.bind(variable),
                Check::Json { paths, .. } => paths.iter_mut().for_each(|(p, _)| p.link(linker)),
                Check::Path(_) | Check::Xml(_) => {}
            }
        }
        Step::Pure(self)
    }
}

impl PureStep for RegularExpressionProtection {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let result = self.look(cx);
        cx.documents.end_step();
        result.map(|()| Next::Continue)
    }
}

impl RegularExpressionProtection {
    fn look(&self, cx: &mut MessageContext) -> Result<(), Fault> {
        let origin = self.origin(cx)?;
        for check in &self.checks {
            match check {
                Check::Path(patterns) => {
                    if let Some(path) = origin.path(cx) {
                        self.look_into(&path, patterns)?;
                        if path.contains('%') {
                            let decoded = percent_decode_str(&path).decode_utf8_lossy();
                            self.look_into(&decoded, patterns)?;
                        }
                    }
                }
                Check::Field { fields, patterns } => {
                    for field in fields {
                        if let Some(value) = field.value(&origin, cx) {
                            self.look_into_view(value, patterns)?;
                        }
                    }
                }
                Check::Variable { variable, patterns } => match cx.get(variable) {
                    Some(value) => self.look_into_view(value, patterns)?,
                    None if self.ignore_unresolved => {}
                    None => {
                        let text = format!("Failed to resolve variable {}", variable.name());
                        return Err(Fault::new(UNRESOLVED, text));
                    }
                },
                Check::Json { escapes_slashes, paths } => {
                    self.look_into_json(paths, *escapes_slashes, &origin, cx)?;
                }
                Check::Xml(paths) => self.look_into_xml(paths, &origin, cx)?,
            }
        }
        Ok(())
    }

    fn origin(&self, cx: &MessageContext) -> Result<Origin, Fault> {
        let (policy, name) = (&self.policy, self.source.name());
        match self.source.origin(cx) {
            Some(Origin::Text(_)) => {
                let text = format!("Variable {name} does not resolve to a Message");
                Err(Fault::new(NO_MESSAGE, text))
            }
            Some(origin) => Ok(origin),
            None => {
                let text = format!(
                    "{name} message is not available for RegularExpressionProtection \
                     StepDefinition {policy}"
                );
                Err(Fault::new(NO_SOURCE, text))
            }
        }
    }

    fn look_into_json(
        &self,
        paths: &[(JsonExpression, Patterns)],
        escapes_slashes: bool,
        origin: &Origin,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        let document = origin.json(cx, Format::AnyJson).map_err(|error| self.failed(&error.0))?;
        let Some(document) = document else { return Ok(()) };
        let unresolved = if self.ignore_unresolved { Unresolved::Empty } else { Unresolved::Fails };
        let mut left = WRITTEN_BYTES_MAX;
        for (path, patterns) in paths {
            let found = path
                .find(cx, document.root(), unresolved)
                .map_err(|fault| self.failed(&format!("{fault}: {}", path.text)))?;
            for value in found.values() {
                if let json::Value::String(text) = value {
                    self.look_into(text, patterns)?;
                    continue;
                }
                let text = value.to_json();
                self.spend(&mut left, &text)?;
                self.look_into(&text, patterns)?;
                if escapes_slashes && text.contains('/') {
                    self.look_into(&text.replace('/', "\\/"), patterns)?;
                }
            }
        }
        Ok(())
    }

    fn look_into_xml(
        &self,
        paths: &[(Expression, NodeForm, Patterns)],
        origin: &Origin,
        cx: &mut MessageContext,
    ) -> Result<(), Fault> {
        let document = origin.xml(cx).map_err(|error| self.failed(&error.0))?;
        let Some(document) = document else { return Ok(()) };
        let mut left = WRITTEN_BYTES_MAX;
        for (path, form, patterns) in paths {
            let found = path.find(&document).map_err(|cost| self.failed(&cost.to_string()))?;
            match found {
                xpath::Value::NodeSet(nodes) => {
                    for node in nodes {
                        match form {
                            NodeForm::Text => {
                                self.look_into(document.string_value(node), patterns)?;
                            }
                            NodeForm::Markup => {
                                let text = document.to_fragment(node);
                                self.spend(&mut left, &text)?;
                                self.look_into(&text, patterns)?;
                            }
                        }
                    }
                }
                other => self.look_into(&other.into_string(&document), patterns)?,
            }
        }
        Ok(())
    }

    /// Values may hold one another, so that a small document is written many times.
    fn spend(&self, left: &mut usize, text: &str) -> Result<(), Fault> {
        *left = left.checked_sub(text.len()).ok_or_else(|| {
            self.failed(&format!("what the paths find is longer than {WRITTEN_BYTES_MAX} bytes"))
        })?;
        Ok(())
    }

    /// Each item of a list by itself.
    fn look_into_view(&self, value: View<'_>, patterns: &Patterns) -> Result<(), Fault> {
        match value {
            View::Collection(items) => {
                items.iter().try_for_each(|item| self.look_into(item, patterns))
            }
            other => self.look_into(&other.into_text(), patterns),
        }
    }

    fn look_into(&self, text: &str, patterns: &Patterns) -> Result<(), Fault> {
        for pattern in &patterns.0 {
            let is_found = pattern
                .regex
                .decides(text)
                .map_err(|cost| self.failed(&format!("{cost}: {}", pattern.text)))?;
            if is_found {
                let (policy, regex, input) = (&self.policy, &pattern.text, shown(text));
                let text = format!(
                    "Regular Expression Threat Detected in {policy}: regex: {regex} input: {input}"
                );
                return Err(Fault::new(THREAT, text));
            }
        }
        Ok(())
    }

    fn failed(&self, reason: &str) -> Fault {
        let text = format!(
            "Failed to execute the RegularExpressionProtection StepDefinition {}. Reason: {reason}",
            self.policy
        );
        Fault::new(EXECUTION_FAILED, text)
    }
}

#[cfg(test)]
mod tests;
