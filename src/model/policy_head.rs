//! What every policy file says about itself, whatever its kind.
//!
//! Source: Apigee docs, "API proxy configuration reference", and each policy's page, which
//! lists the attributes that all of them share. A policy's kind reads what is left.

use crate::diag::Diagnostics;
use crate::model::{PolicyHead, file_stem};
use crate::xml::fields::MISSING;
use crate::xml::{Element, Node, Text};

/// Attributes that are read here and nowhere else. `async` never makes a policy asynchronous,
/// so it is dropped; `name` stays, because a kind may have to name the policy in a finding.
const ATTRIBUTES: [&str; 3] = ["enabled", "continueOnError", "async"];
/// Children that may stand in any policy and have no effect.
const CHILDREN: [&str; 3] = ["DisplayName", "Description", "FaultRules"];

pub(super) fn policy_head(file: String, mut body: Element, diags: &mut Diagnostics) -> PolicyHead {
    let mut xml = body.reader(diags);
    let name = match xml.attribute("name") {
        Some(found) => Text { value: found.value.clone(), span: found.span },
        None => {
            let message = format!("policy `{}` has no `name`", body.name);
            xml.diags()
                .error(MISSING, body.open_span, message)
                .help("write the name by which a Step calls it");
            Text { value: file_stem(&file).to_owned(), span: body.name_span }
        }
    };
    let enabled = xml.attribute_flag("enabled", true);
    let continue_on_error = xml.attribute_flag("continueOnError", false);
    body.attributes.retain(|attribute| !ATTRIBUTES.contains(&attribute.name.as_str()));
    let mut shared = Vec::new();
    for node in std::mem::take(&mut body.children) {
        match node {
            Node::Element(child) if is_shared(&child) => shared.push(child),
            Node::Element(_) | Node::Text { .. } | Node::Comment { .. } => body.children.push(node),
        }
    }
    PolicyHead { name, kind: body.name.clone(), file, enabled, continue_on_error, body, shared }
}

/// An empty `Properties` is what the editor writes everywhere; a full one is the kind's.
fn is_shared(child: &Element) -> bool {
    CHILDREN.contains(&child.name.as_str()) || (child.name == "Properties" && child.is_empty())
}
