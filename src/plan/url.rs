//! A target's URL, taken apart once where it is fixed.

use bytestring::ByteString;
use http::{HeaderValue, Uri};

use crate::message::header_text;
use crate::template::Template;
use crate::upstream::{Scheme, TargetAddress};

/// `HTTPTargetConnection/URL`, or a RouteRule's own.
#[derive(Debug)]
pub enum TargetUrl {
    Fixed(ParsedUrl),
    /// Holds references: known only per request.
    Template(Template),
}

/// Where a URL leads.
#[derive(Clone, Debug)]
pub struct ParsedUrl {
    pub address: TargetAddress,
    /// The Host field: host and port as written.
    pub host: HeaderValue,
    pub uri: Uri,
}

impl ParsedUrl {
    /// `None` where the text is no absolute http or https URL.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.trim().parse().ok()?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some(_) | None => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return None;
        }
        let port = authority.port_u16().unwrap_or_else(|| scheme.default_port());
        let address = TargetAddress { scheme, host: ByteString::from(host), port, tls: None };
        // What stands before an `@` is no part of Host.
        let shown = authority.as_str().rsplit('@').next().unwrap_or(host);
        let host = header_text(shown);
        Some(Self { address, host, uri })
    }
}

impl TargetUrl {
    pub(super) fn new(template: Template) -> Self {
        match template.as_literal().and_then(ParsedUrl::parse) {
            Some(parsed) => Self::Fixed(parsed),
            None => Self::Template(template),
        }
    }
}
