//! TD002: a target by its address, where a target server could stand.
//! Source: apigeelint TD002: a bundle that names target servers is the same in every environment. It
//! leaves out bundles of Edge Microgateway, which knows no target servers.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;

pub(super) static RULE: Rule =
    Rule { code: "TD002", severity: Severity::Warning, summary: "target by its URL", check };

const MICROGATEWAY: &str = "edgemicro_";

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    if cx.proxy.name.value.starts_with(MICROGATEWAY) {
        return;
    }
    for (target, connection) in connections(cx) {
        let Some(url) = connection.child("URL").filter(|url| !url.is_empty()) else { continue };
        let message =
            format!("TargetEndpoint `{}` has the address in the bundle", target.name.value);
        RULE.report(diags, url.name_span, message)
            .help("write a `LoadBalancer` with a target server of the environment");
    }
}
