//! PD005: a VirtualHost where the environment has none.
//! Source: apigeelint PD005: Apigee X routes by environment group.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::VirtualHost;
use crate::profile::Profile;

pub(super) static RULE: Rule =
    Rule { code: "PD005", severity: Severity::Warning, summary: "VirtualHost under X", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    if cx.view.profile == Profile::Edge {
        return;
    }
    for host in cx.proxy.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.virtual_hosts) {
        let VirtualHost { name, removal } = host;
        let message = format!("VirtualHost `{}` has no effect under profile `x`", name.value);
        RULE.report(diags, name.span, message).fix(*removal, "");
    }
}
