//! JSONThreatProtection: refuses JSON that is deeper, longer or larger than it may be.
//! Source: Apigee docs, "JSONThreatProtection policy" and its runtime error page. It looks at
//! messages whose Content-Type is JSON and that are not empty. A limit that is missing or below
//! zero is none. Lengths are counted as Java counts them, in UTF-16 units.
//! Faults (500): `steps.jsonthreatprotection.ExecutionFailed`, `.SourceUnavailable`,
//! `.NonMessageVariable`.

mod page;
mod scan;

use crate::diag::Diagnostics;
use crate::message::Fault;
use crate::policy::json_threat_protection::scan::{Limits, scan};
use crate::policy::kind::{Policy, PolicyKind, skip_head};
use crate::policy::message_source::{MessageSource, SourceError};
use crate::policy::threat_protection::{self, ThreatProtection, limit};
use crate::xml::Element;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "JSONThreatProtection",
    failed_prefix: "jsonattack",
    read,
    page: &page::PAGE,
};

const EXECUTION_FAILED: &str = "steps.jsonthreatprotection.ExecutionFailed";
const SOURCE_UNAVAILABLE: &str = "steps.jsonthreatprotection.SourceUnavailable";
const NO_MESSAGE: &str = "steps.jsonthreatprotection.NonMessageVariable";

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
    Some(Box::new(ThreatProtection::new(source, limits)))
}

impl threat_protection::Limits for Limits {
    const FORMAT: &'static str = "json";

    fn scan(&self, text: &[u8], policy: &str) -> Result<(), Fault> {
        scan(text, self).map_err(|threat| {
            let who = format!("JSONThreatProtection[{policy}]");
            let reason = match threat.exceeded {
                Some(what) => format!("{who}: Exceeded {what}"),
                None => threat.syntax.to_owned(),
            };
            let line = threat.line;
            let text = format!("{who}: Execution failed. reason: {reason} at line {line}");
            Fault::new(EXECUTION_FAILED, text)
        })
    }

    fn no_source(error: &SourceError, variable: &str, policy: &str) -> Fault {
        let who = format!("JSONThreatProtection[{policy}]");
        match error {
            SourceError::Unavailable => Fault::new(
                SOURCE_UNAVAILABLE,
                format!("{who}:: Source {variable} is not available"),
            ),
            SourceError::NoMessage => Fault::new(
                NO_MESSAGE,
                format!("{who}: Variable {variable} does not resolve to a Message"),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
