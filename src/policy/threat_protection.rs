//! What JSONThreatProtection and XMLThreatProtection share: a message is found, and scanned
//! where its Content-Type is of the format and it is not empty.
//! Source: Apigee docs, "JSONThreatProtection policy", "XMLThreatProtection policy".

use std::fmt;

use crate::message::{Fault, MessageContext};
use crate::policy::kind::{Linker, Next, Policy, PureStep, Step, Uses};
use crate::policy::message_source::{MessageSource, SourceError};
use crate::xml::Fields;

/// The limits of one format, and the faults of the policy that holds them.
pub(super) trait Limits: fmt::Debug + Send + Sync + 'static {
    /// The last part of the media types that are scanned.
    const FORMAT: &'static str;

    /// The fault of the policy of that name where the text is over a limit, or not of the
    /// format.
    fn scan(&self, text: &[u8], policy: &str) -> Result<(), Fault>;

    /// `variable`: the name of the source that holds no message.
    fn no_source(error: &SourceError, variable: &str, policy: &str) -> Fault;
}

#[derive(Debug)]
pub(super) struct ThreatProtection<L> {
    policy: String,
    source: MessageSource,
    limits: L,
}

impl<L: Limits> ThreatProtection<L> {
    pub(super) fn new(source: MessageSource, limits: L) -> Self {
        Self { policy: String::new(), source, limits }
    }
}

/// A number that is missing or below zero is no limit.
pub(super) fn limit(xml: &mut Fields<'_, '_>, name: &'static str) -> Option<u64> {
    let number: i64 = xml.optional(name)?;
    u64::try_from(number).ok()
}

impl<L: Limits> Policy for ThreatProtection<L> {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        self.source.link(linker);
        self.policy = linker.policy().to_owned();
        Step::Pure(self)
    }
}

impl<L: Limits> PureStep for ThreatProtection<L> {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let content = match self.source.find(cx) {
            Ok(content) => content,
            Err(error) => return Err(L::no_source(&error, self.source.name(), &self.policy)),
        };
        // Unknown: what the platform makes of an empty body; there is nothing to fear in it.
        if content.is_of(L::FORMAT) && !content.bytes.trim_ascii().is_empty() {
            self.limits.scan(&content.bytes, &self.policy)?;
        }
        Ok(Next::Continue)
    }
}
