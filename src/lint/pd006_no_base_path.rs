//! PD006: an HTTPProxyConnection without a BasePath. Reading reports one with several.
//! Source: apigeelint PD006; Apigee docs, "API proxy configuration reference": the default
//! is `/`.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PD006", severity: Severity::Warning, summary: "no BasePath", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let Some(connection) = endpoint.connection else { continue };
        if endpoint.base_path.is_none() {
            let message = format!("ProxyEndpoint `{}` has no BasePath", endpoint.name.value);
            RULE.report(diags, connection, message)
                .note(None, "it takes `/`, and with it every path that no other proxy has")
                .help("write a `BasePath`");
        }
    }
}
