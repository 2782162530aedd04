//! BN014: two policies that differ in nothing but their names.
//! Source: apigeelint BN014.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::{Element, Node};

pub(super) static RULE: Rule =
    Rule { code: "BN014", severity: Severity::Warning, summary: "policy written twice", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for policy in cx.policies {
        let head = &policy.head;
        let mut text = String::new();
        write_children(&head.body, &mut text);
        // Two policies that say nothing are no copies of each other.
        if text.is_empty() {
            continue;
        }
        let text = format!("{} {} {}{text}", head.kind, head.enabled, head.continue_on_error);
        match seen.iter().find(|(other, _)| *other == text) {
            // Two of one name are told as such.
            Some((_, first)) if *first == head.name.value => {}
            Some((_, first)) => {
                let message = format!("policy `{}` is the same as `{first}`", head.name.value);
                RULE.report(diags, head.name.span, message)
                    .help(format!("let its Steps name `{first}`, and delete it"));
            }
            None => seen.push((text, &head.name.value)),
        }
    }
}

/// What is inside, without comments and the white space around texts.
fn write_children(element: &Element, out: &mut String) {
    for node in &element.children {
        match node {
            Node::Element(child) => {
                out.push('<');
                out.push_str(&child.name);
                for attribute in &child.attributes {
                    for part in [" ", &attribute.name, "=", &attribute.value] {
                        out.push_str(part);
                    }
                }
                out.push('>');
                write_children(child, out);
                out.push_str("</>");
            }
            Node::Text { text, .. } => out.push_str(text.trim()),
            Node::Comment { .. } => {}
        }
    }
}
