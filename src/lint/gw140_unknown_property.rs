//! GW140: a connection property that Apigee does not document.
//! Source: Apigee docs, "Endpoint properties reference".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Property;
use crate::model::properties::{self, PropertyRow};
use crate::xml::fields::nearest;

pub(super) static RULE: Rule =
    Rule { code: "GW140", severity: Severity::Warning, summary: "unknown property", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        check_properties("HTTPProxyConnection", &endpoint.properties, properties::PROXY, diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        check_properties("HTTPTargetConnection", &endpoint.properties, properties::TARGET, diags);
    }
}

fn check_properties(
    connection: &str,
    written: &[Property],
    rows: &'static [PropertyRow],
    diags: &mut Diagnostics,
) {
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    for property in written {
        let name = property.name.value.as_str();
        if properties::find(rows, name).is_some() {
            continue;
        }
        let message = format!("property `{name}` is unknown in `{connection}` and has no effect");
        let found = RULE.report(diags, property.name.span, message);
        if let Some(near) = nearest(name, &names) {
            found.help(format!("did you mean `{near}`?"));
        }
    }
}
