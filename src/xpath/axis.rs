//! The nodes of an axis that pass a test.
//!
//! Source: XPath 1.0, sections 2.2 and 2.3. Reverse axes give the nearest node first, which is
//! how their positions count.

use crate::xmltree::{Node, NodeKind, XmlTree};
use crate::xpath::XPathTooCostly;
use crate::xpath::ast::{Axis, Step, Test};
use crate::xpath::eval::Budget;

/// Adds to `found` what the step selects from `node`, its predicates left out.
pub(super) fn select(
    tree: &XmlTree,
    step: &Step,
    node: Node,
    budget: &mut Budget,
    found: &mut Vec<Node>,
) -> Result<(), XPathTooCostly> {
    let mut take = |nodes: &mut dyn Iterator<Item = Node>| {
        // What an iterator passes over costs as well as what it gives.
        budget.spend(nodes.size_hint().1.unwrap_or(0).max(1))?;
        found.extend(nodes.filter(|node| passes(tree, step, *node)));
        Ok(())
    };
    match step.axis {
        Axis::Itself => take(&mut std::iter::once(node)),
        Axis::Parent => take(&mut tree.parent(node).into_iter()),
        Axis::Ancestor => take(&mut ancestors(tree, tree.parent(node)).into_iter()),
        Axis::AncestorOrSelf => take(&mut ancestors(tree, Some(node)).into_iter()),
        Axis::Attribute => take(&mut tree.attributes(node)),
        Axis::Namespace => {
            let namespaces = tree.namespaces(node);
            // Each was compared with those nearer to the element.
            budget.spend(namespaces.len() * namespaces.len())?;
            found.extend(namespaces.into_iter().filter(|node| passes(tree, step, *node)));
            Ok(())
        }
        Axis::Descendant => take(&mut tree.descendants(node)),
        Axis::DescendantOrSelf => take(&mut std::iter::once(node).chain(tree.descendants(node))),
        Axis::Following => take(&mut tree.following(node)),
        Axis::Preceding => take(&mut tree.preceding(node)),
        Axis::Child | Axis::FollowingSibling => {
            let mut next = match step.axis {
                Axis::Child => tree.first_child(node),
                _ => tree.next_sibling(node),
            };
            while let Some(sibling) = next {
                budget.spend(1)?;
                if passes(tree, step, sibling) {
                    found.push(sibling);
                }
                next = tree.next_sibling(sibling);
            }
            budget.spend(1)
        }
        Axis::PrecedingSibling => {
            let mut next = tree.previous_sibling(node);
            while let Some(sibling) = next {
                budget.spend(1)?;
                if passes(tree, step, sibling) {
                    found.push(sibling);
                }
                next = tree.previous_sibling(sibling);
            }
            budget.spend(1)
        }
    }
}

/// From `node` up to the root.
fn ancestors(tree: &XmlTree, node: Option<Node>) -> Vec<Node> {
    std::iter::successors(node, |node| tree.parent(*node)).collect()
}

fn passes(tree: &XmlTree, step: &Step, node: Node) -> bool {
    let kind = tree.kind(node);
    let is_principal = || {
        kind == match step.axis {
            Axis::Attribute => NodeKind::Attribute,
            Axis::Namespace => NodeKind::Namespace,
            Axis::Ancestor
            | Axis::AncestorOrSelf
            | Axis::Child
            | Axis::Descendant
            | Axis::DescendantOrSelf
            | Axis::Following
            | Axis::FollowingSibling
            | Axis::Parent
            | Axis::Preceding
            | Axis::PrecedingSibling
            | Axis::Itself => NodeKind::Element,
        }
    };
    match &step.test {
        Test::Node => true,
        Test::Text => kind == NodeKind::Text,
        Test::Comment => kind == NodeKind::Comment,
        Test::Instruction(None) => kind == NodeKind::Instruction,
        Test::Instruction(Some(target)) => {
            kind == NodeKind::Instruction && tree.name(node) == &**target
        }
        Test::AnyName => is_principal(),
        Test::InNamespace(uri) => is_principal() && tree.namespace_uri(node) == &**uri,
        Test::Name { uri, local } => {
            is_principal()
                && tree.local_name(node) == &**local
                && tree.namespace_uri(node) == &**uri
        }
    }
}
