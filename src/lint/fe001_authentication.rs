//! FE001: an Authentication, the Google token of a call, where the platform has none, or that
//! names no token or several.
//! Source: apigeelint FE001; Apigee docs, "Using Google authentication": Apigee X alone has it,
//! in the connection of a TargetEndpoint, a ServiceCallout or an ExternalCallout; the last
//! takes a `GoogleIDToken` only.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;
use crate::profile::Profile;
use crate::xml::Element;

pub(super) static RULE: Rule =
    Rule { code: "FE001", severity: Severity::Warning, summary: "Authentication", check };

const HTTP_TOKENS: &[&str] = &["GoogleAccessToken", "GoogleIDToken"];
const GRPC_TOKENS: &[&str] = &["GoogleIDToken"];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies {
        let (connection, tokens) = match policy.head.kind.as_str() {
            "ServiceCallout" => ("HTTPTargetConnection", HTTP_TOKENS),
            "ExternalCallout" => ("GrpcConnection", GRPC_TOKENS),
            _ => continue,
        };
        if let Some(connection) = policy.head.body.child(connection) {
            check_connection(cx, connection, tokens, diags);
        }
    }
    for (_, connection) in connections(cx) {
        check_connection(cx, connection, HTTP_TOKENS, diags);
    }
}

fn check_connection(
    cx: &LintContext<'_>,
    connection: &Element,
    tokens: &[&str],
    diags: &mut Diagnostics,
) {
    let mut written = connection.elements().filter(|child| child.name == "Authentication");
    let Some(first) = written.next() else { return };
    if cx.view.profile == Profile::Edge {
        RULE.report(diags, first.open_span, "Apigee Edge has no `Authentication`")
            .note(None, "the configured `profile` is `edge`");
        return;
    }
    for again in written {
        RULE.report(diags, again.open_span, "a second `Authentication`")
            .note(first.open_span, "the first one stands here");
    }
    check_token(first, tokens, diags);
}

fn check_token(element: &Element, tokens: &[&str], diags: &mut Diagnostics) {
    let mut found: Option<&Element> = None;
    for child in element.elements() {
        let name = child.name.as_str();
        if !tokens.contains(&name) {
            if name != "HeaderName" {
                let message = format!("`{name}` is unknown in `Authentication` and has no effect");
                RULE.report(diags, child.name_span, message);
            }
            continue;
        }
        match found {
            Some(first) => {
                RULE.report(diags, child.open_span, "a second token in `Authentication`")
                    .note(first.open_span, "the first one stands here");
            }
            None => found = Some(child),
        }
    }
    if found.is_none() {
        let names: Vec<String> = tokens.iter().map(|name| format!("`{name}`")).collect();
        RULE.report(diags, element.open_span, "`Authentication` names no token")
            .help(format!("write {} in it", names.join(" or ")));
    }
}
