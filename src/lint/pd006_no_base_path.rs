//! PD006: a ProxyEndpoint without a BasePath. Reading reports one with several.
//! Source: apigeelint PD006; Apigee docs, "API proxy configuration reference": the default
//! is `/`.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PD006", severity: Severity::Warning, summary: "no BasePath", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        if endpoint.base_path.is_none() {
            let message = format!("ProxyEndpoint `{}` has no BasePath", endpoint.name.value);
            RULE.report(diags, endpoint.name.span, message)
                .note(None, "it takes `/`, and with it every path that no other proxy has")
                .help("write `HTTPProxyConnection` with a `BasePath`");
        }
    }
}
