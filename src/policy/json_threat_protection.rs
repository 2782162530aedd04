//! JSONThreatProtection: refuses JSON that is deeper, longer or larger than it may be.
//! Source: Apigee docs, "JSONThreatProtection policy" and its runtime error page. It looks at
//! messages whose Content-Type is JSON and that are not empty. A limit that is missing or below
//! zero is none. Lengths are counted as Java counts them, in UTF-16 units.
//! Faults (500): `steps.jsonthreatprotection.ExecutionFailed`, `.SourceUnavailable`,
//! `.NonMessageVariable`.

mod page;
mod scan;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::json_threat_protection::scan::{Limits, Threat, scan};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::policy::message_source::{MessageSource, SourceError};
use crate::xml::{Element, Fields};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "JSONThreatProtection",
    failed_prefix: "jsonattack",
    read,
    page: &page::PAGE,
};

const EXECUTION_FAILED: &str = "steps.jsonthreatprotection.ExecutionFailed";
const SOURCE_UNAVAILABLE: &str = "steps.jsonthreatprotection.SourceUnavailable";
const NO_MESSAGE: &str = "steps.jsonthreatprotection.NonMessageVariable";

#[derive(Debug)]
struct JsonThreatProtection {
    policy: String,
    source: MessageSource,
    limits: Limits,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let source = MessageSource::read(&mut xml);
    let limits = Limits {
        array_elements: limit(&mut xml, "ArrayElementCount"),
        depth: limit(&mut xml, "ContainerDepth"),
        object_entries: limit(&mut xml, "ObjectEntryCount"),
        name_length: limit(&mut xml, "ObjectEntryNameLength"),
        string_length: limit(&mut xml, "StringValueLength"),
    };
    xml.finish();
    let policy = String::new();
    Some(Box::new(JsonThreatProtection { policy, source, limits }))
}

/// A number that is missing or below zero is no limit.
pub(super) fn limit(xml: &mut Fields<'_, '_>, name: &'static str) -> Option<u64> {
    let number: i64 = xml.optional(name)?;
    u64::try_from(number).ok()
}

impl Policy for JsonThreatProtection {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.source.link(linker);
        self.policy = linker.policy().to_owned();
        Step::Pure(self)
    }
}

impl PureStep for JsonThreatProtection {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let content = self.source.find(cx).map_err(|error| self.no_source(&error))?;
        // Unknown: what the platform makes of an empty body; there is nothing to fear in it.
        if !content.is_of("json") || content.bytes.trim_ascii().is_empty() {
            return Ok(Next::Continue);
        }
        scan(&content.bytes, &self.limits).map_err(|threat| self.threat(&threat))?;
        Ok(Next::Continue)
    }
}

impl JsonThreatProtection {
    fn threat(&self, threat: &Threat) -> Fault {
        let who = format!("JSONThreatProtection[{}]", self.policy);
        let reason = match threat.exceeded {
            Some(what) => format!("{who}: Exceeded {what}"),
            None => threat.syntax.to_owned(),
        };
        let text = format!("{who}: Execution failed. reason: {reason} at line {}", threat.line);
        Fault::new(EXECUTION_FAILED, text)
    }

    fn no_source(&self, error: &SourceError) -> Fault {
        let (policy, name) = (&self.policy, self.source.name());
        match error {
            SourceError::Unavailable => Fault::new(
                SOURCE_UNAVAILABLE,
                format!("JSONThreatProtection[{policy}]:: Source {name} is not available"),
            ),
            SourceError::NoMessage => Fault::new(
                NO_MESSAGE,
                format!(
                    "JSONThreatProtection[{policy}]: Variable {name} does not resolve to a Message"
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
