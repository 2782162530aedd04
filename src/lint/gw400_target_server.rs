//! GW400: a LoadBalancer that names a target server which the environment does not have. Unknown:
//! whether the platform deploys such a bundle; here it waits for the server.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Connection;

pub(super) static RULE: Rule =
    Rule { code: "GW400", severity: Severity::Warning, summary: "missing target server", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for target in &cx.proxy.target_endpoints {
        let Connection::Servers(balancer) = &target.connection else { continue };
        let is_there = |name: &str| cx.view.targets.servers.contains_key(name);
        let mut callable = balancer.servers.iter().filter(|server| server.is_enabled);
        let is_any = callable.any(|server| {
            let found = cx.view.targets.servers.get(&server.name.value);
            found.is_some_and(|found| found.is_enabled)
        });
        for server in &balancer.servers {
            let name = &server.name;
            if is_there(&name.value) {
                continue;
            }
            let effect = match is_any {
                true => "the other servers are called",
                false => "a call of this target answers 503 `NoActiveTargets`",
            };
            let message = format!("the environment has no target server `{}`", name.value);
            RULE.report(diags, name.span, message)
                .note(None, effect)
                .help("define it as `[[target_server]]` of the configuration");
        }
    }
}
