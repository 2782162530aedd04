//! GW375: a MessageLogging whose Syslog asks for TLS, which this gateway does not speak to syslog
//! servers yet. Nothing is sent: its lines must not be readable on the way.
//! Differs: Apigee deploys it. An error where a step would run it and `[deploy] unsupported` is
//! `refuse`, else a warning.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::fields::parse_flag;

pub(super) static RULE: Rule =
    Rule { code: "GW375", severity: Severity::Error, summary: "syslog over TLS", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies.iter().filter(|policy| policy.head.kind == "MessageLogging") {
        let head = &policy.head;
        let enabled = head
            .body
            .child("Syslog")
            .and_then(|syslog| syslog.child("SSLInfo"))
            .and_then(|info| info.child("Enabled"))
            .filter(|enabled| parse_flag(&enabled.text()) == Some(true));
        let Some(enabled) = enabled else { continue };
        let severity = cx.unsupported(head.enabled && cx.is_attached(head));
        let message = "syslog over TLS is not supported yet";
        RULE.report_as(severity, diags, enabled.text_span(), message)
            .note(None, "nothing is sent to this server")
            .help("log to a server on the same machine without it, and let that one pass it on");
    }
}
