//! GW141: a CacheResource that the environment does not have.
//! Source: Apigee docs, "LookupCache policy deployment error troubleshooting",
//! InvalidCacheResourceReference, in its own words. Apigee X creates a cache on first use.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::profile::Profile;
use crate::xml::fields::nearest;

pub(super) static RULE: Rule =
    Rule { code: "GW141", severity: Severity::Error, summary: "unknown CacheResource", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    if cx.view.profile == Profile::X {
        return;
    }
    let (proxy, view) = (cx.proxy, cx.view);
    let caches: Vec<&str> = view.caches.iter().map(String::as_str).collect();
    for policy in cx.policies {
        for resource in policy.uses.caches.iter().filter_map(|found| found.resource.as_ref()) {
            if caches.contains(&resource.value.as_str()) {
                continue;
            }
            let message = format!(
                "Invalid cache resource reference {} in Step definition {}. Context \
                 Revision:{};APIProxy:{};Organization:{};Environment:{}",
                resource.value,
                policy.head.name.value,
                proxy.revision,
                proxy.name.value,
                view.organization,
                view.environment,
            );
            let found = RULE.report(diags, resource.span, message);
            match nearest(&resource.value, &caches) {
                Some(near) => found.help(format!("did you mean `{near}`?")),
                None => found.help(format!(
                    "create the cache `{}` in environment `{}`, or leave out `CacheResource` to use \
                     the shared cache",
                    resource.value, view.environment
                )),
            };
        }
    }
}
