//! What a lint rule is and what it may look at.

use crate::diag::{Diagnostic, Diagnostics, Severity, Span};
use crate::lint::EnvironmentView;
use crate::model::{ApiProxy, Destination, PolicyHead, file_stem};
use crate::policy::ReadPolicy;

/// A row of the table of rules.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Of the common Apigee lint catalogue, or our own `GW`; never reused.
    pub code: &'static str,
    /// `Error` only where the platform itself refuses the bundle.
    pub severity: Severity,
    /// What the rule finds, in a few words.
    pub summary: &'static str,
    pub check: fn(&LintContext<'_>, &mut Diagnostics),
}

impl Rule {
    /// Records a finding of this rule and hands it back for notes and help.
    pub(super) fn report<'d>(
        &self,
        diags: &'d mut Diagnostics,
        span: Span,
        message: impl Into<String>,
    ) -> &'d mut Diagnostic {
        diags.report(self.code, self.severity, span, message)
    }

    /// The same for what this rule does not weigh as it weighs the rest.
    pub(super) fn report_as<'d>(
        &self,
        severity: Severity,
        diags: &'d mut Diagnostics,
        span: Span,
        message: impl Into<String>,
    ) -> &'d mut Diagnostic {
        diags.report(self.code, severity, span, message)
    }
}

/// One bundle and the environment that it is meant for.
#[derive(Clone, Copy)]
pub struct LintContext<'a> {
    pub proxy: &'a ApiProxy,
    pub policies: &'a [ReadPolicy],
    pub view: &'a EnvironmentView,
}

impl<'a> LintContext<'a> {
    /// Whether any step of the bundle names the policy.
    pub(super) fn is_attached(&self, policy: &PolicyHead) -> bool {
        let mut steps = self.proxy.steps().chain(self.proxy.idle_steps());
        steps.any(|step| step.name.value == policy.name.value)
    }

    /// Whether what names other things was read whole: every file but those of policies.
    pub(super) fn knows_all_steps(&self) -> bool {
        self.proxy.unread.iter().all(|file| !is_in_endpoint_folder(file))
    }

    /// Whether a file of that name is there and could not be read.
    pub(super) fn is_unread(&self, name: &str) -> bool {
        self.proxy.unread.iter().any(|file| file_stem(file) == name)
    }

    /// Whether all policies of a bundle are here, and not one of the environment alone.
    pub(super) fn is_bundle(&self) -> bool {
        !self.proxy.policies.is_empty()
    }

    pub(super) fn policy(&self, name: &str) -> Option<&'a ReadPolicy> {
        self.policies.iter().find(|policy| policy.head.name.value == name)
    }

    /// The policies of a type.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'a ReadPolicy> {
        self.policies.iter().filter(move |policy| policy.head.kind == kind)
    }

    /// Whether any RouteRule names the TargetEndpoint.
    pub(super) fn is_routed_to(&self, target: &str) -> bool {
        let mut rules = self.proxy.proxy_endpoints.iter().flat_map(|found| &found.route_rules);
        rules.any(|rule| match &rule.destination {
            Destination::Target(name) => name.value == target,
            Destination::Url(_) | Destination::Integration(_) | Destination::Null => false,
        })
    }

    /// How to weigh what this gateway cannot run: it refuses only what a request can reach.
    pub(super) fn unsupported(&self, is_reachable: bool) -> Severity {
        if is_reachable && !self.view.unsupported_faults {
            Severity::Error
        } else {
            Severity::Warning
        }
    }
}

fn is_in_endpoint_folder(file: &str) -> bool {
    ["/proxies/", "/targets/", "/sharedflows/"].iter().any(|folder| file.contains(folder))
}
