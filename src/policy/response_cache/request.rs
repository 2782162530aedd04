//! What a request's own headers mean for an answer from a cache.
//!
//! Sources: Apigee docs, "Support for HTTP response headers" (If-Match, If-None-Match,
//! If-Modified-Since, Accept-Encoding); RFC 9110 sections 8.8.3.2 (weak comparison), 12.5.3 and
//! 13.1.

use http::header::{
    ACCEPT_ENCODING, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    RANGE,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::message::{Message, StoredResponse};

/// Whether only the origin can answer: If-Modified-Since on GET, and If-Match with tags.
pub(super) fn is_for_origin(request: &Message) -> bool {
    let headers = &request.headers;
    if headers.contains_key(IF_MODIFIED_SINCE) && request.method() == Some(&Method::GET) {
        return true;
    }
    headers.get_all(IF_MATCH).iter().any(|value| value.as_bytes().trim_ascii() != b"*")
}

/// Whether a condition of ours may be put on the request, which has none of its own then.
pub(super) fn can_be_conditional(request: &Message) -> bool {
    const OWN: [http::HeaderName; 6] =
        [IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_MATCH, IF_UNMODIFIED_SINCE, IF_RANGE, RANGE];
    is_read(request) && !OWN.iter().any(|name| request.headers.contains_key(name))
}

/// Whether the client says that it has this very response: If-None-Match with its ETag.
pub(super) fn has_already(request: &Message, stored: &StoredResponse) -> bool {
    let mut conditions = request.headers.get_all(IF_NONE_MATCH).iter().peekable();
    if conditions.peek().is_none() || !is_read(request) {
        return false;
    }
    let etag = stored.etag();
    conditions.any(|condition| match (condition.as_bytes().trim_ascii(), etag) {
        (b"*", _) => true,
        (tags, Some(etag)) => names_tag(tags, etag.as_bytes()),
        (_, None) => false,
    })
}

/// Whether the client takes all codings of a body. One that says nothing takes none: RFC 9110
/// would have it take any, which clients that send no Accept-Encoding do not.
pub(super) fn accepts(headers: &HeaderMap, encoding: &HeaderValue) -> bool {
    let mut codings = encoding.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii);
    codings.all(|coding| {
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") || takes(headers, coding)
    })
}

fn is_read(request: &Message) -> bool {
    matches!(request.method(), Some(&Method::GET | &Method::HEAD))
}

fn takes(headers: &HeaderMap, coding: &[u8]) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let offers = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    let mut by_wildcard = false;
    for offer in offers {
        let mut parts = offer.split(|b| *b == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let is_taken = !parts.any(is_zero_weight);
        if is_same(name, coding) {
            return is_taken;
        }
        if name == b"*" {
            by_wildcard = is_taken;
        }
    }
    by_wildcard
}

/// `x-gzip` is `gzip` by another name.
fn is_same(offered: &[u8], coding: &[u8]) -> bool {
    let plain = |name: &[u8]| name.to_ascii_lowercase();
    let strip = |name: Vec<u8>| name.strip_prefix(b"x-").map(<[u8]>::to_vec).unwrap_or(name);
    strip(plain(offered)) == strip(plain(coding))
}

/// `q=0`, `q=0.0` and the like.
fn is_zero_weight(parameter: &[u8]) -> bool {
    let Some((name, value)) = std::str::from_utf8(parameter).ok().and_then(|p| p.split_once('='))
    else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0)
}

/// Whether a list of entity tags names the tag; both may be weak. A tag may hold commas.
fn names_tag(list: &[u8], tag: &[u8]) -> bool {
    let opaque = |tag: &'_ [u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
    let tag = opaque(tag.trim_ascii());
    let mut rest = list;
    while !rest.is_empty() {
        let mut is_quoted = false;
        let end = rest.iter().position(|b| {
            is_quoted ^= *b == b'"';
            *b == b',' && !is_quoted
        });
        let (this, next) = rest.split_at(end.unwrap_or(rest.len()));
        if opaque(this.trim_ascii()) == tag {
            return true;
        }
        rest = next.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests;
