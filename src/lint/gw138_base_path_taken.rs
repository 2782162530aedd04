//! GW138: a BasePath that another ProxyEndpoint has, in the bundle or deployed.
//! Source: Apigee Edge's answer to such a deployment, in its own words.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::ProxyEndpoint;
use crate::xml::Text;

pub(super) static RULE: Rule =
    Rule { code: "GW138", severity: Severity::Error, summary: "BasePath taken", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let mut seen: Vec<(&ProxyEndpoint, &str)> = Vec::new();
    for endpoint in &cx.proxy.proxy_endpoints {
        let path = endpoint.base_path.as_ref().map_or("/", |path| path.value.as_str());
        let place = endpoint.base_path.as_ref().map_or(endpoint.name.span, |path| path.span);
        if let Some((first, _)) = seen.iter().find(|(_, other)| is_same(other, path)) {
            let message = format!(
                "ProxyEndpoints `{}` and `{}` have one BasePath, `{path}`",
                first.name.value, endpoint.name.value
            );
            let first: &Text = first.base_path.as_ref().unwrap_or(&first.name);
            RULE.report(diags, place, message).note(first.span, "first taken here");
        }
        seen.push((endpoint, path));
        let mut deployed = cx.view.base_paths.iter();
        let deployed = deployed.find(|deployed| is_same(&deployed.base_path, path));
        if let Some(deployed) = deployed {
            // The platform's own words.
            let message = format!(
                "Path {path} conflicts with existing deployment path for revision {} of the \
                 APIProxy {} in organization {}",
                deployed.revision, deployed.proxy, cx.view.organization
            );
            RULE.report(diags, place, message)
                .help(format!("change the BasePath, or undeploy `{}` first", deployed.proxy));
        }
    }
}

fn is_same(a: &str, b: &str) -> bool {
    elements(a).eq(elements(b))
}

/// Slashes at the end and doubled ones do not matter.
fn elements(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|element| !element.is_empty())
}
