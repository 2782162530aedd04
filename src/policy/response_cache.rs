//! ResponseCache: answers requests with responses that were kept.
//! Source: Apigee docs, "ResponseCache policy", its deployment error page, and "Support for HTTP
//! response headers". One policy stands in a request flow, where it looks up, and in a response
//! flow, where it stores; the engine skips what lies between them on a hit.
//! Unknown: what `Vary` does. Nothing: what an answer depends on is what the key is made of.
//! Unknown: whether an answer says `Age`. It does not: it goes out with the headers that the target
//! gave it.
//! Variables: `responsecache.{policy}.cachename`, `.cachekey`, `.cachehit`, `.invalidentry`.
//! Faults: `steps.cache.CacheNotFound` (500). Findings: `GW304` (InvalidTimeout), `GW305`,
//! `GW345` (InvalidMessagePatternForErrorCode).

mod freshness;
mod page;
mod request;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use http::StatusCode;
use http::header::{ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING};
use http::{HeaderName, Method};
use jiff::tz::TimeZone;

use crate::condition::Condition;
use crate::diag::Diagnostics;
use crate::message::{
    Body, Fault, Message, MessageContext, Phase, Revalidation, StoredResponse, Value, coding,
};
use crate::policy::cache_entry::{CacheEntry, LinkedEntry, ask};
use crate::policy::cache_key::KeyBuffer;
use crate::policy::expiry_settings::ExpirySettings;
use crate::policy::kind::{
    CacheAccess, IoStep, Linker, Next, Policy, PolicyKind, Run, Step, Uses, skip_head,
};
use crate::policy::lookup_cache::read_timeout;
use crate::policy::response_cache::freshness::Directives;
use crate::store::cache::expiry::Ttl;
use crate::store::cache::{Answer, Item, Lookup, NamedCache};
use crate::variable::Slot;
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "ResponseCache",
    failed_prefix: "responsecache",
    read,
    page: &page::PAGE,
};

/// A condition that is none.
const BAD_CONDITION: &str = "GW345";

/// What `UseAcceptHeader` puts behind the key, in this order.
static ACCEPT_HEADERS: [HeaderName; 4] = [ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ACCEPT_CHARSET];

#[derive(Debug)]
struct ResponseCache {
    entry: CacheEntry,
    timeout: Duration,
    expiry: ExpirySettings,
    skip_lookup: Option<Condition>,
    skip_population: Option<Condition>,
    exclude_errors: bool,
    use_accept_header: bool,
    use_cache_headers: bool,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let entry = CacheEntry::read(&mut xml);
    let timeout = read_timeout(&mut xml);
    let expiry = ExpirySettings::read(&mut xml);
    let skip_lookup =
        read_condition(&mut xml, "SkipCacheLookup", "InvalidSkipCacheLookUpCondition");
    let skip_population =
        read_condition(&mut xml, "SkipCachePopulation", "InvalidSkipCachePopulationCondition");
    let exclude_errors = xml.flag("ExcludeErrorResponse", false);
    let use_accept_header = xml.flag("UseAcceptHeader", false);
    let use_cache_headers = xml.flag("UseResponseCacheHeaders", false);
    xml.finish();
    Some(Box::new(ResponseCache {
        entry: entry?,
        timeout,
        expiry,
        skip_lookup,
        skip_population,
        exclude_errors,
        use_accept_header,
        use_cache_headers,
    }))
}

/// A condition that says when something is left out. One that is wrong is refused in the
/// platform's words, which are those of a message that it could not fill.
fn read_condition(
    xml: &mut Fields<'_, '_>,
    name: &'static str,
    error_name: &str,
) -> Option<Condition> {
    let text: Text = xml.optional(name)?;
    match Condition::parse(&text.value) {
        Ok(condition) => {
            let condition = condition?;
            for finding in condition.findings() {
                let place = text.part(finding.start, finding.end);
                xml.diags().warning(finding.code, place, finding.message).help = finding.help;
            }
            Some(condition)
        }
        Err(error) => {
            let message =
                format!("Invalid message pattern found for error code steps.cache.{error_name}.");
            let place = text.part(error.start, error.end);
            let found = xml.diags().error(BAD_CONDITION, place, message);
            found.note(None, error.message);
            found.help = error.help;
            None
        }
    }
}

impl Policy for ResponseCache {
    fn uses(&self) -> Uses {
        self.entry.uses(CacheAccess::Respond)
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind(&mut self.expiry);
        linker.bind(&mut self.skip_lookup);
        linker.bind(&mut self.skip_population);
        let policy = linker.policy().to_owned();
        let entry = self.entry.link("responsecache", linker);
        let body_bytes_max = entry.value_bytes_max();
        Step::Io(Box::new(LinkedResponseCache {
            entry,
            body_bytes_max,
            timeout: self.timeout,
            expiry: self.expiry,
            zone: linker.zone(),
            skip_lookup: self.skip_lookup,
            skip_population: self.skip_population,
            exclude_errors: self.exclude_errors,
            use_accept_header: self.use_accept_header,
            use_cache_headers: self.use_cache_headers,
            out_cachehit: linker.output(&format!("responsecache.{policy}.cachehit")),
            out_invalidentry: linker.output(&format!("responsecache.{policy}.invalidentry")),
            policy: ByteString::from(policy),
        }))
    }
}

struct LinkedResponseCache {
    entry: LinkedEntry,
    /// A larger body is not brought into memory to be stored.
    body_bytes_max: usize,
    timeout: Duration,
    expiry: ExpirySettings,
    zone: TimeZone,
    skip_lookup: Option<Condition>,
    skip_population: Option<Condition>,
    exclude_errors: bool,
    use_accept_header: bool,
    use_cache_headers: bool,
    out_cachehit: Option<Slot>,
    out_invalidentry: Option<Slot>,
    policy: ByteString,
}

impl IoStep for LinkedResponseCache {
    fn run<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        // Neither has a response that others could be given.
        if cx.in_error() || cx.phase == Phase::PostClient {
            return Run::Done(Ok(Next::Continue));
        }
        if cx.phase.is_response() { self.populate(cx) } else { self.look_up(cx) }
    }
}

impl LinkedResponseCache {
    fn look_up<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        let found = self.entry.find_with(cx, |cx, key| {
            if self.use_accept_header {
                push_accept_headers(cx, key);
            }
        });
        let (cache, key) = match found {
            Ok(found) => found,
            Err(fault) => return Run::Done(Err(fault)),
        };
        if key.get().is_none() {
            self.entry.log_too_long();
        }
        if key.get().is_none() || self.skips_lookup(cx) || request::is_for_origin(&cx.request) {
            return Run::Done(Ok(self.missed(cx, &key, Entry::None)));
        }
        let timeout = self.timeout;
        ask(
            cx,
            cache,
            key,
            move |cache, key| cache.lookup(key, timeout),
            |cx, key, answer| Ok(self.looked_up(cx, key, answer)),
        )
    }

    fn skips_lookup(&self, cx: &MessageContext) -> bool {
        self.skip_lookup.as_ref().is_some_and(|condition| condition.holds(cx))
    }

    fn looked_up(&self, cx: &mut MessageContext, key: &KeyBuffer, answer: Lookup) -> Next {
        let stored = match answer {
            Lookup::Hit(Item::Response(stored)) => stored,
            Lookup::Hit(_) => return self.missed(cx, key, Entry::Unusable),
            Lookup::Miss(_) => return self.missed(cx, key, Entry::None),
        };
        let is_taken = |coding| request::accepts(&cx.request.headers, coding);
        let plain = if stored.encoding().is_none_or(is_taken) {
            None
        } else if let Some(plain) = stored.plain_message() {
            Some(plain)
        } else {
            return self.missed(cx, key, Entry::Unusable);
        };
        if stored.must_be_revalidated() {
            let next = self.missed(cx, key, Entry::Unusable);
            if !request::can_be_conditional(&cx.request)
                || stored.validators().iter().all(Option::is_none)
            {
                return next;
            }
            cx.revalidation = Some(Box::new(Revalidation {
                stored,
                is_unpacked: plain.is_some(),
                cachehit: self.out_cachehit,
                invalidentry: self.out_invalidentry,
            }));
            return Next::AnsweredIfNotModified;
        }
        cx.set_output(self.out_cachehit, || Value::Boolean(true));
        cx.set_output(self.out_invalidentry, || Value::Boolean(false));
        let is_known = request::has_already(&cx.request, &stored);
        cx.response = Some(match plain {
            _ if is_known => stored.not_modified(),
            Some(plain) => plain,
            None => stored.message(),
        });
        Next::Answered
    }

    /// Keeps the key for what the target will answer: at the response side `request.uri` and the
    /// scope are others.
    fn missed(&self, cx: &mut MessageContext, key: &KeyBuffer, entry: Entry) -> Next {
        cx.set_output(self.out_cachehit, || Value::Boolean(false));
        cx.set_output(self.out_invalidentry, || Value::Boolean(entry == Entry::Unusable));
        if let Some(key) = key.get() {
            cx.kept_keys.push((self.policy.clone(), Bytes::copy_from_slice(key)));
        }
        Next::Continue
    }

    fn populate<'a>(&'a self, cx: &'a mut MessageContext) -> Run<'a> {
        match self.to_be_stored(cx) {
            Some((cache, key, plan)) => Run::Wait(Box::pin(self.store(cx, cache, key, plan))),
            None => Run::Done(Ok(Next::Continue)),
        }
    }

    /// Where to and for how long; `None` for what is not stored.
    fn to_be_stored(&self, cx: &MessageContext) -> Option<(&NamedCache, Bytes, Keep)> {
        // Unknown: what is stored where the request side did not run. There is no key then, since
        // one that is made of the target's request would be found by nobody.
        let mut kept = cx.kept_keys.iter().rev();
        let (_, key) = kept.find(|(policy, _)| *policy == self.policy)?;
        let cache = self.entry.cache(cx).ok()?;
        let response = cx.response.as_ref()?;
        let status = response.status()?;
        let is_skipped = self.skip_population.as_ref().is_some_and(|found| found.holds(cx));
        let is_excluded = self.exclude_errors && !(200..=205).contains(&status.as_u16());
        if is_skipped || is_excluded || !is_whole(status, cx.request.method()) {
            return None;
        }
        let directives = Directives::of(&response.headers);
        if directives.is_private() {
            return None;
        }
        // Such a body is not to wait until it is there as a whole.
        if !response.body.is_buffered() && cx.response_wait.is_none() {
            return None;
        }
        let now_ms = cx.clock.epoch_ms();
        let own = self.expiry.ttl(cx, &self.zone);
        let own = own.unwrap_or_else(|| cache.definition().default_ttl(now_ms, &self.zone));
        let named = self.use_cache_headers.then(|| directives.ttl(&response.headers, now_ms));
        // Unknown: which of the two holds. The lower does.
        let ttl = named.flatten().map_or(own, |named| named.min(own));
        Some((cache, key.clone(), Keep { ttl, revalidate: directives.no_cache }))
    }

    async fn store(
        &self,
        cx: &mut MessageContext,
        cache: &NamedCache,
        key: Bytes,
        keep: Keep,
    ) -> Result<Next, Fault> {
        let silence = cx.response_wait.unwrap_or_default();
        let Some(response) = &mut cx.response else { return Ok(Next::Continue) };
        let was_buffered = response.body.is_buffered();
        let stored = copy_of(response, self.body_bytes_max, silence, keep.revalidate).await;
        if !was_buffered {
            cx.times.target_received_end = Some(cx.clock.epoch_ms());
        }
        let Some(stored) = stored else {
            tracing::debug!(limit = self.body_bytes_max, "a response is too large to be cached");
            return Ok(Next::Continue);
        };
        let item = Item::Response(Arc::new(stored));
        let stored = match cache.populate(&key, item, keep.ttl) {
            Answer::Now(stored) => stored,
            Answer::Later(stored) => stored.await,
        };
        if let Err(error) = stored {
            tracing::debug!(%error, "a response is not cached");
        }
        Ok(Next::Continue)
    }
}

/// The response as it is to be sent: one that a policy has read is plain by now, and gets the
/// codings that its headers name once more. `None` where the body is larger than that, or fails
/// on its way.
async fn copy_of(
    response: &mut Message,
    body_bytes_max: usize,
    silence: Duration,
    revalidate: bool,
) -> Option<StoredResponse> {
    if !response.headers.contains_key(CONTENT_ENCODING) {
        let body = response.body.collect(body_bytes_max, silence).await?;
        return StoredResponse::copy_of(response, &body, revalidate);
    }
    if response.body.is_buffered() {
        let mut copy = response.snapshot();
        coding::settle(&mut copy.headers, &mut copy.body, None);
        let body = copy.body.collect(body_bytes_max, silence).await?;
        return StoredResponse::copy_of(&copy, &body, revalidate);
    }
    let body = response.body.collect(body_bytes_max, silence).await?;
    let stored = StoredResponse::copy_of(response, &body, revalidate);
    response.body = Body::unread(body);
    stored
}

/// How a response is to be kept.
struct Keep {
    ttl: Ttl,
    revalidate: bool,
}

/// Whether there was an entry that could not be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    None,
    Unusable,
}

/// Unknown: what stands between the values, and what one that is missing contributes. They are
/// parts of the key, and a missing one is an empty part.
fn push_accept_headers(cx: &MessageContext, key: &mut KeyBuffer) {
    for name in &ACCEPT_HEADERS {
        let mut values = cx.request.headers.get_all(name).iter();
        key.push_part(values.next().map_or(&[][..], |value| value.as_bytes()));
        for value in values {
            key.push_more(b",");
            key.push_more(value.as_bytes());
        }
    }
}

/// Differs: the documentation excludes nothing by itself. An answer to HEAD has no body, and some
/// statuses answer a condition, a range or an expectation that other requests do not have: given
/// to those, they would be wrong, and anybody could have them kept for everybody.
fn is_whole(status: StatusCode, method: Option<&Method>) -> bool {
    let is_for_one = matches!(
        status,
        StatusCode::NOT_MODIFIED
            | StatusCode::PARTIAL_CONTENT
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::RANGE_NOT_SATISFIABLE
            | StatusCode::EXPECTATION_FAILED
    );
    !is_for_one && method != Some(&Method::HEAD)
}

#[cfg(test)]
mod tests;
