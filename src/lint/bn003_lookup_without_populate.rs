//! BN003: a LookupCache whose entries no policy of the bundle stores.
//! Source: apigeelint BN003. Another proxy or another program may store them, so that this
//! is no more than a warning.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::policy::kind::{CacheAccess, CacheUse};

pub(super) static RULE: Rule = Rule {
    code: "BN003",
    severity: Severity::Warning,
    summary: "cache lookup without a populate",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    // What a policy of the environment stores is not known here.
    if !cx.knows_all_steps() || cx.proxy.steps().any(|step| cx.policy(&step.name.value).is_none()) {
        return;
    }
    let attached: Vec<_> =
        cx.policies.iter().filter(|policy| cx.is_attached(&policy.head)).collect();
    let with = |access| {
        let uses = attached
            .iter()
            .flat_map(|policy| policy.uses.caches.iter().map(|found| (*policy, found)));
        uses.filter(move |(_, found)| found.access == access)
    };
    for (policy, lookup) in with(CacheAccess::Lookup) {
        let stores: Vec<_> = with(CacheAccess::Populate)
            .filter(|(_, store)| cache(store) == cache(lookup))
            .filter(|(_, store)| may_meet(&store.key, &lookup.key))
            .filter(|(_, store)| store.scope.is_some() == lookup.scope.is_some())
            .collect();
        if stores.iter().any(|(_, store)| store.scope == lookup.scope) {
            continue;
        }
        let message =
            format!("nothing in the bundle stores what `{}` looks up", policy.head.name.value);
        let found = RULE.report(diags, lookup.span, message);
        match stores.first() {
            Some((other, store)) => found.note(
                store.span,
                format!(
                    "`{}` stores under the same key, in scope `{}` and not `{}`",
                    other.head.name.value,
                    store.scope.unwrap_or_default(),
                    lookup.scope.unwrap_or_default(),
                ),
            ),
            None => {
                found.help("attach a PopulateCache with the same CacheResource, Scope and CacheKey")
            }
        };
    }
}

/// Whether two keys as written can be one key at run time: a variable can be anything.
fn may_meet(one: &str, other: &str) -> bool {
    let parts = |key: &str| key.split("__").map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (parts(one), parts(other));
    let is_variable = |part: &str| part.starts_with('{');
    one.len() == other.len()
        && one.iter().zip(&other).all(|(a, b)| a == b || is_variable(a) || is_variable(b))
}

fn cache(found: &CacheUse) -> Option<&str> {
    found.resource.as_ref().map(|text| text.value.as_str())
}
