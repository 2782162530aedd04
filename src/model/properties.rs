//! The properties of the two connections, and what their text can be read as.
//!
//! Source: Apigee docs, "Endpoint properties reference". Times are milliseconds, sizes
//! bytes. A text that is no such thing reads as absent; lint reports it (`GW139`).

use crate::xml::fields::parse_flag;

/// What a property's text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKind {
    Flag,
    Millis,
    /// A number of bytes, such as `10M`.
    Size,
    /// Status codes, exact or as classes: `2XX, 1XX, 505`.
    Codes,
    /// One of these words.
    Word(&'static [&'static str]),
    Text,
}

/// A property that Apigee documents.
#[derive(Clone, Copy, Debug)]
pub struct PropertyRow {
    pub name: &'static str,
    pub kind: PropertyKind,
    /// As the documentation shows it.
    pub default: &'static str,
    /// What it does here, or would do.
    pub meaning: &'static str,
    /// False where this gateway does not do what the property asks for.
    pub has_effect: bool,
}

const fn row(
    name: &'static str,
    kind: PropertyKind,
    default: &'static str,
    meaning: &'static str,
) -> PropertyRow {
    PropertyRow { name, kind, default, meaning, has_effect: true }
}

/// Known, and without effect here.
const fn idle(name: &'static str, kind: PropertyKind, meaning: &'static str) -> PropertyRow {
    PropertyRow { name, kind, default: "", meaning, has_effect: false }
}

const COMPRESSION: PropertyKind = PropertyKind::Word(&["gzip", "deflate", "none"]);

/// Those of `HTTPProxyConnection`.
pub static PROXY: &[PropertyRow] = &[
    row(
        "X-Forwarded-For",
        PropertyKind::Flag,
        "`false`",
        "the client's address is added to `X-Forwarded-For` of the request to the target",
    ),
    row(
        "request.streaming.enabled",
        PropertyKind::Flag,
        "`false`",
        "with `true` no policy sees the request's body, and it has no limit; what nobody reads is streamed in any case",
    ),
    row(
        "response.streaming.enabled",
        PropertyKind::Flag,
        "`false`",
        "the same for the answer's body",
    ),
    row(
        "request.payload.parse.limit",
        PropertyKind::Size,
        "`limits.body_bytes_max`",
        "the largest request body that a policy may read: `10M` to `30M`",
    ),
    row(
        "compression.algorithm",
        COMPRESSION,
        "as it came",
        "how answers to the client are sent; see below",
    ),
    row(
        "api.timeout",
        PropertyKind::Millis,
        "none",
        "the time of a whole transaction: asked after each policy and before the call of the target; \
         calls, and the wait for a Google token, end with it",
    ),
    idle("allow.http10", PropertyKind::Flag, "HTTP/1.0 from clients"),
    idle("allow.http11", PropertyKind::Flag, "HTTP/1.1 from clients"),
    idle("allow.http.method.*", PropertyKind::Flag, "which methods clients may use"),
    row(
        "HTTPHeader.allowDuplicates",
        PropertyKind::Text,
        "none",
        "names of headers, between commas, that a request may repeat; see below",
    ),
    row("HTTPHeader.multiValued", PropertyKind::Text, "none", "the same"),
    idle(
        "request.queryparams.ignore.content.type.charset",
        PropertyKind::Flag,
        "which charset query parameters are read in",
    ),
];

/// Those of `HTTPTargetConnection`.
pub static TARGET: &[PropertyRow] = &[
    row(
        "connect.timeout.millis",
        PropertyKind::Millis,
        "`3000`",
        "how long a connection to the target may take to come about, in milliseconds",
    ),
    row(
        "io.timeout.millis",
        PropertyKind::Millis,
        "`55000`",
        "how long the target may be silent, in milliseconds",
    ),
    row(
        "keepalive.timeout.millis",
        PropertyKind::Millis,
        "`60000`",
        "how long an idle connection to the target is kept, in milliseconds",
    ),
    row(
        "success.codes",
        PropertyKind::Codes,
        "`1XX,2XX,3XX`",
        "which answers are no fault; a list replaces the default",
    ),
    row(
        "request.streaming.enabled",
        PropertyKind::Flag,
        "`false`",
        "with `true` no policy sees the request's body on its way to the target",
    ),
    row(
        "response.streaming.enabled",
        PropertyKind::Flag,
        "`false`",
        "with `true` no policy sees the answer's body, and it has no limit",
    ),
    row(
        "response.payload.parse.limit",
        PropertyKind::Size,
        "`limits.body_bytes_max`",
        "the largest answer that a policy may read: `10M` to `30M`",
    ),
    row(
        "request.retain.headers.enabled",
        PropertyKind::Flag,
        "`true`",
        "with `false` no header of the request goes on",
    ),
    row(
        "response.retain.headers.enabled",
        PropertyKind::Flag,
        "`true`",
        "with `false` no header of the answer goes on",
    ),
    row(
        "retain.queryparams.enabled",
        PropertyKind::Flag,
        "`true`",
        "with `false` no query parameter goes on",
    ),
    row(
        "request.retain.headers",
        PropertyKind::Text,
        "all",
        "the headers of the request that go on, between commas; goes before the switch",
    ),
    row(
        "response.retain.headers",
        PropertyKind::Text,
        "all",
        "the headers of the answer that go on",
    ),
    row("retain.queryparams", PropertyKind::Text, "all", "the query parameters that go on"),
    row(
        "compression.algorithm",
        COMPRESSION,
        "as it came",
        "how requests to the target are sent; see below",
    ),
    idle("supports.http10", PropertyKind::Flag, "HTTP/1.0 to the target"),
    idle("supports.http11", PropertyKind::Flag, "HTTP/1.1 to the target"),
    row(
        "allow.post.without.content.length",
        PropertyKind::Flag,
        "`false`",
        "a POST that has no body and does not say so goes on; without it that is 411 `LengthRequired`",
    ),
    row("allow.put.without.content.length", PropertyKind::Flag, "`false`", "the same for PUT"),
    row(
        "allow.tls.session.resumption",
        PropertyKind::Flag,
        "`true`",
        "TLS sessions with the target are taken up again",
    ),
    row(
        "ignore.allow.header.for.405",
        PropertyKind::Flag,
        "`true`",
        "a 405 without `Allow` passes; with `false` it is 502 `Response405WithoutAllowHeader`",
    ),
    idle("use.proxy", PropertyKind::Flag, "calls go through a forward proxy"),
    idle("use.proxy.tunneling", PropertyKind::Flag, "they are tunnelled there"),
    idle(
        "use.proxy.host.header.with.target.uri",
        PropertyKind::Flag,
        "the `Host` that a forward proxy sees",
    ),
    idle(
        "enable.method.override",
        PropertyKind::Flag,
        "the method goes out as `X-HTTP-Method-Override`",
    ),
    idle("*.override.method", PropertyKind::Text, "the method that stands for another one"),
    idle("copy.pathsuffix", PropertyKind::Flag, "use the variable `target.copy.pathsuffix`"),
    row(
        "HTTPHeader.allowDuplicates",
        PropertyKind::Text,
        "none",
        "names of headers, between commas, that an answer may repeat; see below",
    ),
    row("HTTPHeader.multiValued", PropertyKind::Text, "none", "the same"),
];

/// The row of that name; `*` in a row stands for any text.
pub fn find(rows: &'static [PropertyRow], name: &str) -> Option<&'static PropertyRow> {
    rows.iter().find(|row| match row.name.split_once('*') {
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| rest.ends_with(tail)),
        None => row.name == name,
    })
}

/// Whether the text is what the kind wants.
pub fn is_valid(kind: PropertyKind, text: &str) -> bool {
    match kind {
        PropertyKind::Flag => parse_flag(text).is_some(),
        PropertyKind::Millis => text.parse().is_ok_and(|millis: u64| millis > 0),
        PropertyKind::Size => parse_bytes(text).is_some(),
        PropertyKind::Codes => text.split(',').all(|code| is_code(code.trim())),
        PropertyKind::Word(words) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
        PropertyKind::Text => true,
    }
}

/// `1000`, `512K`, `10M`, and the same with a `B` behind.
fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim_end_matches(['b', 'B']);
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    digits.trim_end().parse::<u64>().ok()?.checked_mul(factor)
}

/// `404`, or a class such as `2XX`.
fn is_code(code: &str) -> bool {
    let &[class, tens, ones] = code.as_bytes() else { return false };
    let exact = tens.is_ascii_digit() && ones.is_ascii_digit();
    let whole_class = tens.eq_ignore_ascii_case(&b'x') && ones.eq_ignore_ascii_case(&b'x');
    (b'1'..=b'5').contains(&class) && (exact || whole_class)
}
