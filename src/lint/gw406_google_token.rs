//! GW406: an Authentication with which no Google token can be asked for, or with something in it
//! that does not count.
//! Source: Apigee docs, "Using Google authentication", "AssignMessage policy". Unknown: which of
//! these the platform refuses; a call without a token faults there.

use http::HeaderName;

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;
use crate::profile::Profile;
use crate::xml::Element;
use crate::xml::fields::parse_flag;

pub(super) static RULE: Rule =
    Rule { code: "GW406", severity: Severity::Warning, summary: "Google token", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("AssignMessage") {
        let written = policy.head.body.elements().filter(|child| child.name == "Set");
        for found in written.filter_map(|set| set.child("Authentication")) {
            if cx.view.profile == Profile::Edge {
                RULE.report(diags, found.open_span, "Apigee Edge has no `Authentication`")
                    .note(None, "the message is sent without a token");
            } else {
                check_tokens(found, Target::Unknown, diags);
            }
        }
    }
    if cx.view.profile == Profile::Edge {
        return; // FE001 says that there is none.
    }
    let callouts = cx.of_kind("ServiceCallout");
    let callouts = callouts.filter_map(|policy| policy.head.body.child("HTTPTargetConnection"));
    let targets = connections(cx).map(|(_, connection)| connection);
    for connection in callouts.chain(targets) {
        if let Some(found) = connection.child("Authentication") {
            check_tokens(found, Target::Known, diags);
        }
    }
}

/// Whether the message's way is known where the token is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Known,
    Unknown,
}

fn check_tokens(element: &Element, target: Target, diags: &mut Diagnostics) {
    if let Some(name) = element.child("HeaderName") {
        check_header(name, diags);
    }
    for token in element.elements() {
        match token.name.as_str() {
            "GoogleAccessToken" => check_access(token, diags),
            "GoogleIDToken" => check_id(token, target, diags),
            _ => {}
        }
    }
}

fn check_header(element: &Element, diags: &mut Diagnostics) {
    let text = element.text();
    let text = text.trim();
    if !text.is_empty() && HeaderName::try_from(text).is_err() {
        let message = format!("`{text}` is not the name of a header");
        RULE.report(diags, element.text_span(), message)
            .note(None, "the token goes into `Authorization`");
    }
}

fn check_access(token: &Element, diags: &mut Diagnostics) {
    let scopes = token.child("Scopes").into_iter().flat_map(Element::elements);
    if !scopes.into_iter().any(|scope| scope.name == "Scope" && has_value(scope)) {
        RULE.report(diags, token.open_span, "`GoogleAccessToken` has no `Scope`")
            .help("write the scopes that the service asks for");
    }
    if let Some(lifetime) = token.child("LifetimeInSeconds") {
        let text = lifetime.text();
        let text = text.trim();
        let is_number = text.parse::<u32>().is_ok_and(|seconds| seconds > 0);
        if !text.is_empty() && !is_number {
            let message = format!("`{text}` is no number of seconds");
            RULE.report(diags, lifetime.text_span(), message)
                .note(None, "the token lives as long as its issuer says");
        }
    }
}

fn check_id(token: &Element, target: Target, diags: &mut Diagnostics) {
    let audience = token.child("Audience");
    let flag = audience.and_then(|found| found.attribute("useTargetUrl"));
    let is_target = flag.and_then(|flag| parse_flag(&flag.value)) == Some(true);
    if audience.is_some_and(has_value) || (is_target && target == Target::Known) {
        return;
    }
    let place = audience.map_or(token.open_span, |found| found.open_span);
    RULE.report(diags, place, "`GoogleIDToken` has no `Audience`").help(match target {
        Target::Known => "write the URL of the service, or set `useTargetUrl=\"true\"`",
        Target::Unknown => "write the URL of the service",
    });
}

fn has_value(element: &Element) -> bool {
    element.attribute("ref").is_some_and(|found| !found.value.trim().is_empty())
        || !element.is_empty()
}
