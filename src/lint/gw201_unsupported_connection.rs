//! GW201: a TargetEndpoint that reaches its backend in a way that this gateway does not run
//! yet. Weighed like an unsupported policy type.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Connection;

pub(super) static RULE: Rule =
    Rule { code: "GW201", severity: Severity::Error, summary: "unsupported connection", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for target in &cx.proxy.target_endpoints {
        let Connection::Unsupported { element, span } = target.connection else { continue };
        let severity = cx.unsupported(cx.is_routed_to(&target.name.value));
        let message = format!("`{element}` is not supported yet");
        let found = RULE.report_as(severity, diags, span, message);
        if element == "LoadBalancer" {
            found.help("write the server's address as `URL`");
        }
    }
}
