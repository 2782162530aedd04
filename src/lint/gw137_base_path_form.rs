//! GW137: a BasePath that no path can fit.
//! Source: Apigee docs, "API proxy configuration reference": `*` stands for one path
//! element, not for the first, and `/**` is not supported.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "GW137", severity: Severity::Error, summary: "unusable BasePath", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let Some(path) = &endpoint.base_path else { continue };
        let written = path.value.as_str();
        if written.split('/').any(|element| element == "**") {
            RULE.report(diags, path.span, format!("BasePath `{written}` holds `**`"))
                .help("write `*` for one path element; what follows a base path always fits");
        } else if written.trim_start_matches('/').split('/').next() == Some("*") {
            RULE.report(diags, path.span, format!("BasePath `{written}` starts with `*`"))
                .help("start with an element that does not vary");
        } else if !written.starts_with('/') {
            let message = format!("BasePath `{written}` does not start with `/`");
            RULE.report_as(Severity::Warning, diags, path.span, message)
                .note(None, format!("it is taken as `/{written}`"));
        }
    }
}
