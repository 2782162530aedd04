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
    /// False where this gateway does not do what the property asks for.
    pub has_effect: bool,
}

const fn row(name: &'static str, kind: PropertyKind) -> PropertyRow {
    PropertyRow { name, kind, has_effect: true }
}

/// Known, and without effect here.
const fn idle(name: &'static str, kind: PropertyKind) -> PropertyRow {
    PropertyRow { name, kind, has_effect: false }
}

const COMPRESSION: PropertyKind = PropertyKind::Word(&["gzip", "deflate", "none"]);

/// Those of `HTTPProxyConnection`.
pub static PROXY: &[PropertyRow] = &[
    row("X-Forwarded-For", PropertyKind::Flag),
    row("request.streaming.enabled", PropertyKind::Flag),
    row("response.streaming.enabled", PropertyKind::Flag),
    row("request.payload.parse.limit", PropertyKind::Size),
    row("compression.algorithm", COMPRESSION),
    row("api.timeout", PropertyKind::Millis),
    idle("allow.http10", PropertyKind::Flag),
    idle("allow.http11", PropertyKind::Flag),
    idle("allow.http.method.*", PropertyKind::Flag),
    row("HTTPHeader.allowDuplicates", PropertyKind::Text),
    row("HTTPHeader.multiValued", PropertyKind::Text),
    idle("request.queryparams.ignore.content.type.charset", PropertyKind::Flag),
];

/// Those of `HTTPTargetConnection`.
pub static TARGET: &[PropertyRow] = &[
    row("connect.timeout.millis", PropertyKind::Millis),
    row("io.timeout.millis", PropertyKind::Millis),
    row("keepalive.timeout.millis", PropertyKind::Millis),
    row("success.codes", PropertyKind::Codes),
    row("request.streaming.enabled", PropertyKind::Flag),
    row("response.streaming.enabled", PropertyKind::Flag),
    row("response.payload.parse.limit", PropertyKind::Size),
    row("request.retain.headers.enabled", PropertyKind::Flag),
    row("response.retain.headers.enabled", PropertyKind::Flag),
    row("retain.queryparams.enabled", PropertyKind::Flag),
    row("request.retain.headers", PropertyKind::Text),
    row("response.retain.headers", PropertyKind::Text),
    row("retain.queryparams", PropertyKind::Text),
    row("compression.algorithm", COMPRESSION),
    idle("supports.http10", PropertyKind::Flag),
    idle("supports.http11", PropertyKind::Flag),
    row("allow.post.without.content.length", PropertyKind::Flag),
    row("allow.put.without.content.length", PropertyKind::Flag),
    idle("allow.tls.session.resumption", PropertyKind::Flag),
    row("ignore.allow.header.for.405", PropertyKind::Flag),
    idle("use.proxy", PropertyKind::Flag),
    idle("use.proxy.tunneling", PropertyKind::Flag),
    idle("use.proxy.host.header.with.target.uri", PropertyKind::Flag),
    idle("enable.method.override", PropertyKind::Flag),
    idle("*.override.method", PropertyKind::Text),
    idle("copy.pathsuffix", PropertyKind::Flag),
    row("HTTPHeader.allowDuplicates", PropertyKind::Text),
    row("HTTPHeader.multiValued", PropertyKind::Text),
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
