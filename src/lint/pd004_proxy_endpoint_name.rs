//! PD004: a ProxyEndpoint whose name is not its file's.
//! Source: apigeelint PD004.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::file_stem;

pub(super) static RULE: Rule = Rule {
    code: "PD004",
    severity: Severity::Warning,
    summary: "ProxyEndpoint unlike its file",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let (name, stem) = (&endpoint.name, file_stem(&endpoint.file));
        if name.value != stem {
            let message = format!("ProxyEndpoint `{}` stands in file `{stem}.xml`", name.value);
            RULE.report(diags, name.span, message).help("give both one name");
        }
    }
}
