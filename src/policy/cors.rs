//! CORS: tells browsers which pages of other origins may read an answer.
//! Source: Apigee docs, "CORS policy"; the Fetch standard, section "CORS protocol". A preflight
//! is OPTIONS with `Origin` and `Access-Control-Request-Method`; it is answered here, and goes on
//! with the response flows of the ProxyEndpoint. To other requests with an `Origin` the headers
//! are put on whatever answer leaves, a fault's included.
//! Variables: `cross_origin_resource_sharing.*`. Faults: `steps.cors.UnresolvedVariable` (500).
//! Findings: `GW346` (InvalidMaxAge), `GW347` (InvalidHTTPMethods), `GW348`
//! (AllowHeadersSizeTooLarge, ExposeHeadersSizeTooLarge), `PO032` (a part that stands again).

mod page;

use std::borrow::Cow;

use bytestring::ByteString;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::diag::Diagnostics;
use crate::message::{AnswerHeaders, Fault, Message, MessageContext, Phase, Value, header_text};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::template::{Template, Unresolved, UnresolvedVariable};
use crate::variable::{Slot, VarRef};
use crate::xml::{Element, Fields, Text};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "CORS", failed_prefix: "cors", read, page: &page::PAGE };

const UNRESOLVED: &str = "steps.cors.UnresolvedVariable";

/// The platform's InvalidMaxAge.
const BAD_MAX_AGE: &str = "GW346";
/// The platform's InvalidHTTPMethods.
const BAD_METHOD: &str = "GW347";
/// The platform's AllowHeadersSizeTooLarge and ExposeHeadersSizeTooLarge.
const LIST_TOO_LARGE: &str = "GW348";

/// A part that stands again. What else is a slip is a rule's.
const SLIP: &str = "PO032";

/// Unknown: the size at which the platform refuses a list of headers.
const HEADERS_BYTES_MAX: usize = 8 * 1024;
const METHODS_DEFAULT: &str = "GET, POST, HEAD, OPTIONS";
const HEADERS_DEFAULT: &str = "Origin, Accept, X-Requested-With, Content-Type, \
    Access-Control-Request-Method, Access-Control-Request-Headers";
const MAX_AGE_SECONDS_DEFAULT: i64 = 1800;
/// Sent as it is, and means that a browser keeps nothing.
const MAX_AGE_NONE: i64 = -1;

const NAMESPACE: &str = "cross_origin_resource_sharing";

#[derive(Debug)]
struct Cors {
    lists: Lists<Template>,
    max_age_seconds: i64,
    /// `None`: the header is not sent.
    credentials: Option<bool>,
    answers_preflight: bool,
    ignore_unresolved: bool,
}

/// The four lists: as they are written, and as they read for one request.
#[derive(Debug)]
struct Lists<T> {
    origins: T,
    methods: T,
    headers: T,
    expose: Option<T>,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    xml.doubles_as(SLIP);
    skip_head(&mut xml);
    let origins: Option<Text> = xml.required("AllowOrigins");
    let origins = origins.map(|text| Template::parse(&text.value, text.span, xml.diags()));
    let methods = read_methods(&mut xml);
    let headers = read_headers(&mut xml, "AllowHeaders", "AllowHeadersSizeTooLarge");
    let expose = read_headers(&mut xml, "ExposeHeaders", "ExposeHeadersSizeTooLarge");
    let max_age_seconds = read_max_age(&mut xml);
    let credentials = xml.optional("AllowCredentials");
    let answers_preflight = xml.flag("GeneratePreflightResponse", true);
    let ignore_unresolved = xml.flag("IgnoreUnresolvedVariables", true);
    xml.finish();
    Some(Box::new(Cors {
        lists: Lists {
            origins: origins?,
            methods: methods.unwrap_or_else(|| Template::literal(METHODS_DEFAULT)),
            headers: headers.unwrap_or_else(|| Template::literal(HEADERS_DEFAULT)),
            expose,
        },
        max_age_seconds,
        credentials,
        answers_preflight,
        ignore_unresolved,
    }))
}

fn read_methods(xml: &mut Fields<'_, '_>) -> Option<Template> {
    const KNOWN: [&str; 10] =
        ["*", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    let text: Text = xml.optional("AllowMethods")?;
    let template = Template::parse(&text.value, text.span, xml.diags());
    if template.as_literal().is_some() {
        for method in items(&text.value).filter(|method| !KNOWN.contains(method)) {
            let message =
                format!("InvalidHTTPMethods: `{method}` in AllowMethods is no HTTP method");
            xml.diags().error(BAD_METHOD, text.span, message);
        }
    }
    Some(template)
}

fn read_headers(
    xml: &mut Fields<'_, '_>,
    name: &'static str,
    error_name: &str,
) -> Option<Template> {
    let text: Text = xml.optional(name)?;
    if text.value.len() > HEADERS_BYTES_MAX {
        let message = format!(
            "{error_name}: {name} has {} bytes, more than {HEADERS_BYTES_MAX}",
            text.value.len()
        );
        xml.diags().error(LIST_TOO_LARGE, text.span, message);
    }
    Some(Template::parse(&text.value, text.span, xml.diags()))
}

fn read_max_age(xml: &mut Fields<'_, '_>) -> i64 {
    let text: Option<Text> = xml.optional("MaxAge");
    let Some(text) = text else { return MAX_AGE_SECONDS_DEFAULT };
    let seconds = text.value.parse().ok().filter(|seconds| *seconds >= MAX_AGE_NONE);
    seconds.unwrap_or_else(|| {
        let message =
            format!("InvalidMaxAge: `{}` in MaxAge is no number of seconds, nor -1", text.value);
        xml.diags().error(BAD_MAX_AGE, text.span, message);
        MAX_AGE_SECONDS_DEFAULT
    })
}

impl Policy for Cors {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        let Lists { origins, methods, headers, expose } = &mut self.lists;
        for list in [origins, methods, headers].into_iter().chain(expose) {
            linker.bind(list);
        }
        // The request's head is read where the policy runs behind the target, too.
        linker.bind(&mut VarRef::parse("request.header.origin"));
        let policy = ByteString::from(linker.policy());
        let mut output = |name: &str| linker.output(&format!("{NAMESPACE}.{name}"));
        Step::Pure(Box::new(LinkedCors {
            policy,
            out: Outputs {
                allow_credentials: output("allow.credentials"),
                allow_headers: output("allow.headers"),
                allow_methods: output("allow.methods"),
                allow_origin: output("allow.origin"),
                allow_origins_list: output("allow.origins.list"),
                expose_headers: output("expose.headers"),
                max_age: output("max.age"),
                preflight_accepted: output("preflight.accepted"),
                request_headers: output("request.headers"),
                request_method: output("request.method"),
                request_origin: output("request.origin"),
                request_type: output("request.type"),
            },
            cors: *self,
        }))
    }
}

struct LinkedCors {
    policy: ByteString,
    out: Outputs,
    cors: Cors,
}

/// Below `cross_origin_resource_sharing`.
struct Outputs {
    allow_credentials: Option<Slot>,
    allow_headers: Option<Slot>,
    allow_methods: Option<Slot>,
    allow_origin: Option<Slot>,
    allow_origins_list: Option<Slot>,
    expose_headers: Option<Slot>,
    max_age: Option<Slot>,
    preflight_accepted: Option<Slot>,
    request_headers: Option<Slot>,
    request_method: Option<Slot>,
    request_origin: Option<Slot>,
    request_type: Option<Slot>,
}

/// What a browser asks in a preflight.
struct Preflight {
    method: HeaderValue,
    /// The names of the headers that will be sent.
    headers: Option<HeaderValue>,
}

impl PureStep for LinkedCors {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        // A request without an origin asks for nothing, and nobody hears the PostClientFlow.
        let Some(origin) = cx.request.headers.get(ORIGIN).cloned() else {
            return Ok(Next::Continue);
        };
        if cx.phase == Phase::PostClient {
            return Ok(Next::Continue);
        }
        let lists = self.cors.lists.render(cx, self.cors.unresolved()).map_err(|error| {
            let text = format!("CORS[{}]: unable to resolve variable {}", self.policy, error.name);
            Fault::new(UNRESOLVED, text)
        })?;
        let lists = lists.into_owned();
        let preflight = preflight(cx);
        let allowed = self.cors.allowed_origin(&lists, &origin);
        let accepted = preflight.as_ref().map(|asked| allowed.is_some() && lists.accepts(asked));
        self.show(cx, &origin, &lists, allowed.as_ref(), preflight.as_ref(), accepted);
        let Some(asked) = preflight else {
            cx.answer_headers = Some(Box::new(self.cors.to_actual(&lists, allowed)));
            return Ok(Next::Continue);
        };
        if !self.cors.answers_preflight {
            return Ok(Next::Continue);
        }
        // Unknown: how a preflight is turned down. Its answer says nothing, which a browser takes
        // for a no.
        let allowed = allowed.filter(|_| accepted == Some(true));
        let headers = self.cors.to_preflight(&lists, allowed, &asked);
        if cx.in_error() || cx.phase.is_response() {
            cx.answer_headers = Some(Box::new(headers));
            return Ok(Next::Continue);
        }
        let mut response = Message::response(StatusCode::OK);
        headers.apply(&mut response.headers);
        cx.response = Some(response);
        Ok(Next::Respond)
    }
}

impl LinkedCors {
    fn show(
        &self,
        cx: &mut MessageContext,
        origin: &HeaderValue,
        lists: &Lists<String>,
        allowed: Option<&HeaderValue>,
        preflight: Option<&Preflight>,
        accepted: Option<bool>,
    ) {
        let out = &self.out;
        let text = |value: &HeaderValue| {
            Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        cx.set_output(out.request_origin, || text(origin));
        cx.set_output(out.request_type, || {
            Value::from(if preflight.is_some() { "PREFLIGHT" } else { "ACTUAL" })
        });
        cx.set_output(out.allow_origins_list, || Value::from(lists.origins.as_str()));
        cx.set_output(out.allow_methods, || Value::from(lists.methods.as_str()));
        cx.set_output(out.allow_headers, || Value::from(lists.headers.as_str()));
        cx.set_output(out.max_age, || Value::Long(self.cors.max_age_seconds));
        if let Some(expose) = &lists.expose {
            cx.set_output(out.expose_headers, || Value::from(expose.as_str()));
        }
        if let Some(flag) = self.cors.credentials {
            cx.set_output(out.allow_credentials, || Value::Boolean(flag));
        }
        if let Some(allowed) = allowed {
            cx.set_output(out.allow_origin, || text(allowed));
        }
        if let Some(accepted) = accepted {
            cx.set_output(out.preflight_accepted, || Value::Boolean(accepted));
        }
        if let Some(asked) = preflight {
            cx.set_output(out.request_method, || text(&asked.method));
            if let Some(headers) = &asked.headers {
                cx.set_output(out.request_headers, || text(headers));
            }
        }
    }
}

impl Cors {
    fn unresolved(&self) -> Unresolved {
        if self.ignore_unresolved { Unresolved::Empty } else { Unresolved::Fails }
    }

    fn has_credentials(&self) -> bool {
        self.credentials == Some(true)
    }

    /// What `Access-Control-Allow-Origin` says; `None` where the origin is not among those that
    /// are allowed.
    ///
    /// Unknown: what a wildcard answers. It is `*`, except beside credentials, with which browsers
    /// do not take it.
    fn allowed_origin(&self, lists: &Lists<String>, origin: &HeaderValue) -> Option<HeaderValue> {
        let is_any = items(&lists.origins).any(|item| item == "*");
        if is_any && !self.has_credentials() {
            return Some(HeaderValue::from_static("*"));
        }
        let is_meant = |item: &str| item.as_bytes().eq_ignore_ascii_case(origin.as_bytes());
        (is_any || items(&lists.origins).any(is_meant)).then(|| origin.clone())
    }

    fn to_actual(&self, lists: &Lists<String>, allowed: Option<HeaderValue>) -> AnswerHeaders {
        let mut answer = self.for_origin(allowed);
        if let Some(expose) = &lists.expose
            && !answer.set.is_empty()
            && items(expose).next().is_some()
        {
            answer.set.push((ACCESS_CONTROL_EXPOSE_HEADERS, joined(expose)));
        }
        answer
    }

    fn to_preflight(
        &self,
        lists: &Lists<String>,
        allowed: Option<HeaderValue>,
        asked: &Preflight,
    ) -> AnswerHeaders {
        let mut answer = self.for_origin(allowed);
        if answer.set.is_empty() {
            return answer;
        }
        // Beside credentials browsers read a wildcard as a name.
        let list = |text: &str, asked: Option<&HeaderValue>| match asked {
            Some(asked) if self.has_credentials() && is_wildcard(text) => asked.clone(),
            Some(_) | None => joined(text),
        };
        let methods = list(&lists.methods, Some(&asked.method));
        answer.set.push((ACCESS_CONTROL_ALLOW_METHODS, methods));
        if items(&lists.headers).next().is_some() {
            let headers = list(&lists.headers, asked.headers.as_ref());
            answer.set.push((ACCESS_CONTROL_ALLOW_HEADERS, headers));
        }
        let max_age = header_text(&self.max_age_seconds.to_string());
        answer.set.push((ACCESS_CONTROL_MAX_AGE, max_age));
        answer
    }

    /// Nothing but Vary where the origin is not allowed.
    fn for_origin(&self, allowed: Option<HeaderValue>) -> AnswerHeaders {
        let mut set: Vec<(HeaderName, HeaderValue)> = Vec::new();
        let mut vary = Some(ORIGIN);
        if let Some(origin) = allowed {
            vary = vary.filter(|_| origin != "*");
            set.push((ACCESS_CONTROL_ALLOW_ORIGIN, origin));
            if let Some(flag) = self.credentials {
                let flag = HeaderValue::from_static(if flag { "true" } else { "false" });
                set.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, flag));
            }
        }
        AnswerHeaders { set, vary }
    }
}

impl Lists<Template> {
    fn render<'a>(
        &'a self,
        cx: &'a MessageContext,
        unresolved: Unresolved,
    ) -> Result<Lists<Cow<'a, str>>, UnresolvedVariable> {
        Ok(Lists {
            origins: self.origins.render(cx, unresolved)?,
            methods: self.methods.render(cx, unresolved)?,
            headers: self.headers.render(cx, unresolved)?,
            expose: match &self.expose {
                Some(expose) => Some(expose.render(cx, unresolved)?),
                None => None,
            },
        })
    }
}

impl Lists<Cow<'_, str>> {
    fn into_owned(self) -> Lists<String> {
        Lists {
            origins: self.origins.into_owned(),
            methods: self.methods.into_owned(),
            headers: self.headers.into_owned(),
            expose: self.expose.map(Cow::into_owned),
        }
    }
}

impl Lists<String> {
    /// Whether the method and every header that a browser asks for are in the lists.
    fn accepts(&self, asked: &Preflight) -> bool {
        let has_method = is_wildcard(&self.methods)
            || items(&self.methods).any(|item| item.as_bytes() == asked.method.as_bytes());
        let is_allowed = |name: &[u8]| {
            items(&self.headers).any(|item| item.as_bytes().eq_ignore_ascii_case(name))
        };
        let mut names =
            asked.headers.iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
        has_method
            && (is_wildcard(&self.headers)
                || names.all(|name| name.trim_ascii().is_empty() || is_allowed(name.trim_ascii())))
    }
}

fn preflight(cx: &MessageContext) -> Option<Preflight> {
    if cx.request.method() != Some(&Method::OPTIONS) {
        return None;
    }
    let method = cx.request.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?.clone();
    let headers = cx.request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    Some(Preflight { method, headers })
}

/// The items of a comma list, without white space and without empty ones.
fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn is_wildcard(list: &str) -> bool {
    items(list).any(|item| item == "*")
}

fn joined(list: &str) -> HeaderValue {
    header_text(&items(list).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
