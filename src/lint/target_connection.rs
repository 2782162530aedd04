//! What the rules about targets share: the connections as they are written.

use crate::lint::rule::LintContext;
use crate::model::TargetEndpoint;
use crate::xml::Element;
use crate::xml::fields::parse_flag;

/// Each target that is reached by HTTP, with its HTTPTargetConnection.
pub(super) fn connections<'a>(
    cx: &LintContext<'a>,
) -> impl Iterator<Item = (&'a TargetEndpoint, &'a Element)> {
    let targets = cx.proxy.target_endpoints.iter();
    targets.filter_map(|target| Some((target, target.http_connection.as_ref()?)))
}

/// Whether the child of that name says `true`.
pub(super) fn is_true(element: &Element, name: &str) -> bool {
    element.child(name).is_some_and(|child| parse_flag(&child.text()) == Some(true))
}
