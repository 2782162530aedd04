//! EP002: an element that does not belong where it stands, below an HTTPTargetConnection, and a
//! HostedTarget under profile `x`. Reading reports the rest of an endpoint.
//! Source: apigeelint EP002; Apigee docs, "API proxy configuration reference", "Load balancing across
//! backend servers" and "Options for configuring TLS".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;
use crate::model::Connection;
use crate::profile::Profile;
use crate::xml::Element;
use crate::xml::fields::nearest;

pub(super) static RULE: Rule =
    Rule { code: "EP002", severity: Severity::Warning, summary: "misplaced element", check };

/// What may stand in what.
const CHILDREN: [(&str, &[&str]); 8] = [
    (
        "LoadBalancer",
        &[
            "Algorithm",
            "Server",
            "MaxFailures",
            "ServerUnhealthyResponse",
            "RetryEnabled",
            "TargetDisableSecs",
        ],
    ),
    ("Server", &["Weight", "IsFallback", "IsEnabled"]),
    ("HealthMonitor", &["IsEnabled", "IntervalInSec", "HTTPMonitor", "TCPMonitor"]),
    ("HTTPMonitor", &["Request", "SuccessResponse"]),
    ("TCPMonitor", &["ConnectTimeoutInSec", "Port"]),
    (
        "Request",
        &[
            "ConnectTimeoutInSec",
            "SocketReadTimeoutInSec",
            "UseTargetServerSSLInfo",
            "Payload",
            "IsSSL",
            "TrustAllSSL",
            "Port",
            "Verb",
            "Path",
            "Header",
            "IncludeHealthCheckIdHeader",
        ],
    ),
    ("SuccessResponse", &["ResponseCode", "Header"]),
    (
        "SSLInfo",
        &[
            "Enabled",
            "Enforce",
            "TrustStore",
            "KeyStore",
            "ClientAuthEnabled",
            "KeyAlias",
            "IgnoreValidationErrors",
            "Protocols",
            "Ciphers",
            "CommonName",
        ],
    ),
];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for target in &cx.proxy.target_endpoints {
        if let Connection::Unsupported { element: "HostedTarget", span } = target.connection
            && cx.view.profile == Profile::X
        {
            // The platform that has no such thing refuses it.
            let message = "Apigee X has no `HostedTarget`";
            RULE.report_as(Severity::Error, diags, span, message)
                .note(None, "it is a Node.js application that Apigee Edge hosts itself")
                .help("run the application elsewhere, and write an `HTTPTargetConnection`");
        }
    }
    for (_, connection) in connections(cx) {
        for part in connection.elements() {
            if ["LoadBalancer", "HealthMonitor", "SSLInfo"].contains(&part.name.as_str()) {
                check_children(part, diags);
            }
        }
    }
}

/// The tree is as deep as its table, so that no document makes this go deep.
fn check_children(parent: &Element, diags: &mut Diagnostics) {
    let Some((_, known)) = CHILDREN.iter().find(|(name, _)| *name == parent.name) else { return };
    for child in parent.elements() {
        if known.contains(&child.name.as_str()) {
            check_children(child, diags);
            continue;
        }
        let message = format!("`{}` is unknown in `{}` and has no effect", child.name, parent.name);
        let found = RULE.report(diags, child.name_span, message);
        if let Some(near) = nearest(&child.name, known) {
            found.help(format!("did you mean `{near}`?"));
        }
    }
    if parent.name == "HealthMonitor" {
        check_monitors(parent, diags);
    }
}

fn check_monitors(parent: &Element, diags: &mut Diagnostics) {
    let is_monitor =
        |child: &&Element| ["HTTPMonitor", "TCPMonitor"].contains(&child.name.as_str());
    let mut monitors = parent.elements().filter(is_monitor);
    let Some(first) = monitors.next() else { return };
    for again in monitors {
        let message = "a second monitor in a `HealthMonitor` is never read";
        RULE.report(diags, again.name_span, message).note(first.name_span, "the first one counts");
    }
}
