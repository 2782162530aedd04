//! GW205: a target URL without references that is no absolute http or https URL: each call of it
//! would fault.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::{Connection, Destination};

pub(super) static RULE: Rule =
    Rule { code: "GW205", severity: Severity::Warning, summary: "target URL is no URL", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let targets = cx.proxy.target_endpoints.iter().filter_map(|target| match &target.connection {
        Connection::Url { url, .. } => Some(url),
        Connection::Servers(_)
        | Connection::Local(_)
        | Connection::Unsupported { .. }
        | Connection::Missing => None,
    });
    let rules = cx.proxy.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.route_rules);
    let direct = rules.filter_map(|rule| match &rule.destination {
        Destination::Url(url) => Some(url),
        Destination::Target(_) | Destination::Integration(_) | Destination::Null => None,
    });
    for url in targets.chain(direct) {
        let is_literal = !url.value.contains('{');
        if is_literal && !is_absolute(&url.value) {
            RULE.report(diags, url.span, format!("`{}` is no absolute URL", url.value))
                .note(None, "a call of this target answers 503 `ServiceUnavailable`")
                .help("write `http://`, the host, and a path where there is one");
        }
    }
}

fn is_absolute(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let port_is_one = uri.authority().is_some_and(|authority| {
        let port = authority.as_str().rsplit_once(':').map_or("", |(_, port)| port);
        port.is_empty() || port.ends_with(']') || authority.port_u16().is_some()
    });
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && port_is_one
}
