//! What SpikeArrest, Quota and ResetQuota share: weight, identifier, asking the counters.
//! Fault: `policies.ratelimit.InvalidMessageWeight` (500).

use std::borrow::Cow;
use std::sync::Arc;

use crate::message::{Fault, MessageContext, View};
use crate::policy::kind::{Linker, Next, Run};
use crate::store::cache::Answer;
use crate::store::counters::{CounterBackend, CounterKey};
use crate::variable::VarRef;
use crate::xml::Fields;

const INVALID_WEIGHT: &str = "policies.ratelimit.InvalidMessageWeight";

/// The `ref` of an element; `None` where it is not there.
pub(super) fn read_ref(xml: &mut Fields<'_, '_>, name: &'static str) -> Option<VarRef> {
    let found = xml.child(name)?.attribute("ref")?;
    Some(VarRef::parse(&found.value))
}

/// `MessageWeight`: one where there is no variable or it has no value.
#[derive(Debug)]
pub(super) struct Weight(Option<VarRef>);

impl Weight {
    pub(super) fn read(xml: &mut Fields<'_, '_>) -> Self {
        Self(read_ref(xml, "MessageWeight"))
    }

    pub(super) fn link(&mut self, linker: &mut dyn Linker) {
        linker.bind(&mut self.0);
    }

    pub(super) fn resolve(&self, cx: &MessageContext) -> Result<u64, Fault> {
        let Some(value) = self.0.as_ref().and_then(|variable| cx.get(variable)) else {
            return Ok(1);
        };
        match &value {
            View::Integer(n) if *n >= 0 => return Ok(n.unsigned_abs().into()),
            View::Long(n) if *n >= 0 => return Ok(n.unsigned_abs()),
            _ => {}
        }
        let text = value.into_text();
        text.trim()
            .parse()
            .map_err(|_| Fault::new(INVALID_WEIGHT, format!("Invalid message weight value {text}")))
    }
}

/// `Identifier`: whose messages are counted apart.
#[derive(Debug)]
pub(super) struct Identifier(Option<VarRef>);

impl Identifier {
    pub(super) fn read(xml: &mut Fields<'_, '_>) -> Self {
        Self(read_ref(xml, "Identifier"))
    }

    pub(super) fn link(&mut self, linker: &mut dyn Linker) {
        linker.bind(&mut self.0);
    }

    /// `None` where all messages count together.
    pub(super) fn resolve<'a>(&'a self, cx: &'a MessageContext) -> Option<Cow<'a, str>> {
        cx.text(self.0.as_ref()?).filter(|text| !text.is_empty())
    }
}

/// Asks the counters, at once where they answer at once. `question` may be put twice: the
/// first answer is thrown away unpolled where it is one to wait for.
pub(super) fn ask<'a, T: 'a>(
    cx: &'a mut MessageContext,
    counters: &'a Arc<dyn CounterBackend>,
    key: CounterKey,
    question: impl for<'k> Fn(&'k dyn CounterBackend, &'k [u8]) -> Answer<'k, T> + 'a,
    then: impl FnOnce(&mut MessageContext, T) -> Result<Next, Fault> + 'a,
) -> Run<'a> {
    match question(&**counters, key.as_bytes()) {
        Answer::Now(answer) => return Run::Done(then(cx, answer)),
        Answer::Later(unpolled) => drop(unpolled),
    }
    Run::Wait(Box::pin(async move {
        let answer = match question(&**counters, key.as_bytes()) {
            Answer::Now(answer) => answer,
            Answer::Later(answer) => answer.await,
        };
        then(cx, answer)
    }))
}
