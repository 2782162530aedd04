//! PD005: a VirtualHost where the environment has none, or no HTTPProxyConnection. Reading reports a
//! second HTTPProxyConnection.
//! Source: apigeelint PD005: Apigee X routes by environment group.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::VirtualHost;
use crate::profile::Profile;

pub(super) static RULE: Rule =
    Rule { code: "PD005", severity: Severity::Warning, summary: "VirtualHost under X", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let name = &endpoint.name;
        if endpoint.connection.is_none() {
            let message = format!("ProxyEndpoint `{}` has no HTTPProxyConnection", name.value);
            RULE.report(diags, name.span, message)
                .note(None, "it takes `/`, and with it every path that no other proxy has")
                .help("write `HTTPProxyConnection` with a `BasePath`");
        }
        if cx.view.profile == Profile::Edge {
            continue;
        }
        for VirtualHost { name, removal } in &endpoint.virtual_hosts {
            let message = format!("VirtualHost `{}` has no effect under profile `x`", name.value);
            RULE.report(diags, name.span, message).fix(*removal, "");
        }
    }
}
