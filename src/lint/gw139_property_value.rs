//! GW139: a connection property whose text is not what the property takes.
//! Source: Apigee docs, "Endpoint properties reference".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Property;
use crate::model::properties::{self, PropertyKind, PropertyRow};

pub(super) static RULE: Rule =
    Rule { code: "GW139", severity: Severity::Warning, summary: "unreadable property", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        check_properties(&endpoint.properties, properties::PROXY, diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        check_properties(&endpoint.properties, properties::TARGET, diags);
    }
}

fn check_properties(written: &[Property], rows: &'static [PropertyRow], diags: &mut Diagnostics) {
    for property in written {
        let Some(value) = &property.value else { continue };
        let Some(row) = properties::find(rows, &property.name.value) else { continue };
        if properties::is_valid(row.kind, &value.value) {
            continue;
        }
        let wanted = match row.kind {
            PropertyKind::Flag => "`true` or `false`".to_owned(),
            PropertyKind::Millis => "a number of milliseconds, such as `3000`".to_owned(),
            PropertyKind::Size => "a size, such as `10M`".to_owned(),
            PropertyKind::Codes => "status codes, such as `2XX, 304`".to_owned(),
            PropertyKind::Word(words) => format!("one of `{}`", words.join("`, `")),
            PropertyKind::Text => continue,
        };
        let message = format!("property `{}` is `{}`", property.name.value, value.value);
        let effect = match row.kind {
            PropertyKind::Codes => "what is no code is left out",
            PropertyKind::Flag
            | PropertyKind::Millis
            | PropertyKind::Size
            | PropertyKind::Word(_)
            | PropertyKind::Text => "it counts as not given",
        };
        RULE.report(diags, value.span, message).note(None, effect).help(format!("write {wanted}"));
    }
}
