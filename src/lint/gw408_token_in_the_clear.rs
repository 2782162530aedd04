//! GW408: an Authentication whose Google token would go to another machine over `http`, which
//! anybody on the way can read: each call of it would fault.
//! Source: Apigee docs, "Using Google authentication", which knows targets by https alone. Unknown:
//! whether the platform refuses another one.

use crate::diag::{Diagnostic, Diagnostics, Severity, Span};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;
use crate::model::{Connection, LoadBalancer};
use crate::profile::Profile;
use crate::upstream::is_loopback;
use crate::upstream::target_server::TargetServer;
use crate::xml::Element;

pub(super) static RULE: Rule =
    Rule { code: "GW408", severity: Severity::Warning, summary: "Google token over http", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    if cx.view.profile == Profile::Edge {
        return; // There are no tokens.
    }
    for (target, connection) in connections(cx) {
        if connection.child("Authentication").is_none() {
            continue;
        }
        match &target.connection {
            Connection::Url { .. } => check_url(connection, diags),
            Connection::Servers(balancer) => check_servers(balancer, cx, diags),
            Connection::Local(_) | Connection::Unsupported { .. } | Connection::Missing => {}
        }
    }
}

fn check_url(connection: &Element, diags: &mut Diagnostics) {
    let Some(url) = connection.child("URL") else { return };
    let text = url.text();
    let Some(host) = plain_host(text.trim()).filter(|host| !is_loopback(host)) else { return };
    report(&host, url.text_span(), diags).help("write `https://`");
}

fn check_servers(balancer: &LoadBalancer, cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let enabled = balancer.tls.as_ref().and_then(|tls| tls.enabled.as_ref());
    let is_endpoint_plain =
        enabled.is_none_or(|enabled| enabled.value.trim().eq_ignore_ascii_case("false"));
    let is_plain = |server: &TargetServer| match &server.tls {
        Some(tls) => !tls.enabled,
        None => is_endpoint_plain,
    };
    for named in balancer.servers.iter().filter(|server| server.is_enabled) {
        let found = cx.view.targets.servers.get(&named.name.value);
        if let Some(server) = found.filter(|found| found.is_enabled && is_plain(found))
            && !is_loopback(&server.host)
        {
            report(&server.host, named.name.span, diags)
                .help("give the target server an `ssl_info` that is enabled");
        }
    }
}

fn report<'d>(host: &str, place: Span, diags: &'d mut Diagnostics) -> &'d mut Diagnostic {
    let message = format!("a Google token would go to `{host}` in the clear");
    RULE.report(diags, place, message)
        .note(None, "a call of this target answers 500 `GoogleTokenGenerationFailure`")
}

/// The host of an `http` URL in which it is no variable's.
fn plain_host(url: &str) -> Option<String> {
    const SCHEME: &str = "http://";
    let start = url.get(..SCHEME.len()).filter(|start| start.eq_ignore_ascii_case(SCHEME))?;
    let rest = url.get(start.len()..)?;
    let authority = rest.split(['/', '?', '#']).next().filter(|found| !found.contains('{'))?;
    let uri: http::Uri = format!("{SCHEME}{authority}/").parse().ok()?;
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| host.to_owned())
}
