//! GW204: a connection property that this gateway knows and does not act on.
//! Source: Apigee docs, "Endpoint properties reference".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Property;
use crate::model::properties::{self, PropertyRow};

pub(super) static RULE: Rule =
    Rule { code: "GW204", severity: Severity::Warning, summary: "property without effect", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        check_properties(&endpoint.properties, properties::PROXY, diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        check_properties(&endpoint.properties, properties::TARGET, diags);
    }
}

fn check_properties(written: &[Property], rows: &'static [PropertyRow], diags: &mut Diagnostics) {
    for property in written.iter().filter(|property| property.value.is_some()) {
        let name = &property.name.value;
        if properties::find(rows, name).is_some_and(|row| !row.has_effect) {
            let message = format!("property `{name}` has no effect in this gateway yet");
            RULE.report(diags, property.name.span, message);
        }
    }
}
