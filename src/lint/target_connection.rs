//! What the rules about targets share: the connections as they are written.

use crate::lint::rule::LintContext;
use crate::model::{Connection, SslInfo, TargetEndpoint};
use crate::xml::Element;
use crate::xml::fields::parse_flag;

/// Each target that is reached by HTTP, with its HTTPTargetConnection.
pub(super) fn connections<'a>(
    cx: &LintContext<'a>,
) -> impl Iterator<Item = (&'a TargetEndpoint, &'a Element)> {
    let targets = cx.proxy.target_endpoints.iter();
    targets.filter_map(|target| Some((target, target.http_connection.as_ref()?)))
}

/// Each target with an SSLInfo that may be used.
pub(super) fn tls<'a>(
    cx: &LintContext<'a>,
) -> impl Iterator<Item = (&'a TargetEndpoint, &'a SslInfo)> {
    cx.proxy.target_endpoints.iter().filter_map(|target| {
        let info = match &target.connection {
            Connection::Url { tls, .. } => tls.as_deref(),
            Connection::Servers(balancer) => balancer.tls.as_ref(),
            Connection::Local(_) | Connection::Unsupported { .. } | Connection::Missing => None,
        };
        let is_plain = target.http_connection.as_ref().and_then(scheme) == Some(Scheme::Http);
        Some((target, info.filter(|_| !is_plain)?))
    })
}

/// Those with a LoadBalancer, and the balancer.
pub(super) fn balancers<'a>(
    cx: &LintContext<'a>,
) -> impl Iterator<Item = (&'a Element, &'a Element)> {
    connections(cx)
        .filter_map(|(_, connection)| Some((connection, connection.child("LoadBalancer")?)))
}

/// How a connection with a `URL` and without a LoadBalancer reaches its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    Http,
    /// A variable says it, or nobody.
    Unknown,
}

/// `None` where another thing than a `URL` says where the target is.
pub(super) fn scheme(connection: &Element) -> Option<Scheme> {
    if connection.child("LoadBalancer").is_some() {
        return None;
    }
    let text = connection.child("URL")?.text();
    let text = text.trim();
    let begins = |scheme: &str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    match text {
        "" => None,
        _ if begins("https://") => Some(Scheme::Https),
        _ if begins("http://") => Some(Scheme::Http),
        _ => Some(Scheme::Unknown),
    }
}

/// Whether the child of that name says `true`.
pub(super) fn is_true(element: &Element, name: &str) -> bool {
    element.child(name).is_some_and(|child| parse_flag(&child.text()) == Some(true))
}

pub(super) fn children<'a>(element: &'a Element, name: &str) -> Vec<&'a Element> {
    element.elements().filter(|child| child.name == name).collect()
}
