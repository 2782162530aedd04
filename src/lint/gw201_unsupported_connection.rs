//! GW201: a TargetEndpoint that reaches its backend in a way that this gateway does not run
//! yet. Weighed like an unsupported policy type.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Connection;
use crate::profile::Profile;

pub(super) static RULE: Rule =
    Rule { code: "GW201", severity: Severity::Error, summary: "unsupported connection", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for target in &cx.proxy.target_endpoints {
        let (element, span) = match &target.connection {
            // EP002 says that the platform refuses it.
            Connection::Unsupported { element: "HostedTarget", .. }
                if cx.view.profile == Profile::X =>
            {
                continue;
            }
            Connection::Unsupported { element, span } => (*element, *span),
            Connection::Url { .. }
            | Connection::Servers(_)
            | Connection::Local(_)
            | Connection::Missing => continue,
        };
        let severity = cx.unsupported(cx.is_routed_to(&target.name.value));
        let message = format!("`{element}` is not supported yet");
        RULE.report_as(severity, diags, span, message).help("write an `HTTPTargetConnection`");
    }
}
