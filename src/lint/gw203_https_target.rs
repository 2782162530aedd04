//! GW203: a target that is reached by https, which this gateway does not speak to targets yet.
//! The bundle deploys; a call of the target faults with `ServiceUnavailable`.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::{Connection, Destination};
use crate::xml::Text;

pub(super) static RULE: Rule =
    Rule { code: "GW203", severity: Severity::Warning, summary: "https target", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let targets = cx.proxy.target_endpoints.iter().filter_map(|target| match &target.connection {
        Connection::Url { url, .. } => Some(url),
        Connection::Unsupported { .. } | Connection::Missing => None,
    });
    let rules = cx.proxy.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.route_rules);
    let direct = rules.filter_map(|rule| match &rule.destination {
        Destination::Url(url) => Some(url),
        Destination::Target(_) | Destination::Integration(_) | Destination::Null => None,
    });
    for Text { value, span } in targets.chain(direct) {
        let scheme = value.get(.."https:".len()).unwrap_or("");
        if scheme.eq_ignore_ascii_case("https:") {
            RULE.report(
                diags,
                span.part(0, "https".len()),
                "https to targets is not supported yet",
            )
            .note(None, "a call of this target answers 503 `ServiceUnavailable`")
            .help("reach the backend by http until then");
        }
    }
}
