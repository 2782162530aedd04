//! Fields that speak of one connection and go no further.
//!
//! Source: RFC 9110 section 7.6.1: the fields that Connection names, and those that are of one
//! connection by definition.

use http::header::{
    CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

static HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Takes off a message that has just arrived what its sender means for this connection alone.
/// Policies see none of it. What they set themselves under such a name is their own, and goes on:
/// otherwise a client could name a field of theirs and so have it dropped.
pub fn remove_connection_options(headers: &mut HeaderMap) {
    if !headers.contains_key(CONNECTION) {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| name != CONNECTION)
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// Takes the fields of one connection off a message that goes to another one.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    // Most messages have none, and a look at each name's length is cheaper than a search for
    // each field.
    if !headers.keys().any(|name| may_be_hop_by_hop(name.as_str())) {
        return;
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Whether the name has the length of one of them.
fn may_be_hop_by_hop(name: &str) -> bool {
    const LENGTHS: u32 = (1 << "te".len())
        | (1 << "trailer".len())
        | (1 << "connection".len())
        | (1 << "proxy-connection".len())
        | (1 << "transfer-encoding".len())
        | (1 << "proxy-authenticate".len())
        | (1 << "proxy-authorization".len());
    name.len() < 32 && (LENGTHS >> name.len()) & 1 == 1
}
