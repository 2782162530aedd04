//! Values out of JSON and XML payloads.
//!
//! Source: Apigee docs, "Message templates": `jsonPath(path,json[,wantArray])` gives the first
//! element of an array unless the third argument is `true`; `xpath(path,xml[,type or
//! prefix:uri,...])` takes a type (nodeset, node, number, boolean, string; nodeset where none is
//! given) and up to ten namespaces. What is not found, what is no document, and what goes beyond a limit is the empty text.

use crate::json;
use crate::jsonpath::JsonPath;
use crate::template::UnresolvedVariable;
use crate::template::functions::kind::Arguments;
use crate::xmltree::XmlTree;
use crate::xpath::{Value, XPath};

/// How many namespaces one call may declare.
const NAMESPACES_MAX: usize = 10;
/// How long an XPath may be.
const PATH_BYTES_MAX: usize = 4096;

pub(super) fn json_path(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let path = arguments.text(0)?;
    let document = arguments.bytes(1)?;
    let wants_array = arguments.count() > 2 && arguments.text(2)?.eq_ignore_ascii_case("true");
    let Some(path) = JsonPath::kept(&path) else { return Ok(()) };
    let Ok(document) = json::read(&document) else { return Ok(()) };
    let Ok(found) = path.find(&document) else { return Ok(()) };
    let text = if wants_array { found.text() } else { Ok(found.first_text()) };
    let Ok(text) = text else { return Ok(()) };
    out.push_str(&text.unwrap_or_default());
    Ok(())
}

pub(super) fn xpath(arguments: &Arguments<'_>, out: &mut String) -> Result<(), UnresolvedVariable> {
    let path = arguments.text(0)?;
    let document = arguments.bytes(1)?;
    let mut result_type = ResultType::NodeSet;
    let mut namespaces = Vec::new();
    for nth in 2..arguments.count() {
        let argument = arguments.text(nth)?;
        match argument.split_once(':') {
            Some((prefix, uri)) if namespaces.len() < NAMESPACES_MAX => {
                namespaces.push((prefix.trim().to_owned(), uri.trim().to_owned()));
            }
            Some(_) => {}
            None => result_type = ResultType::parse(argument.trim()).unwrap_or(result_type),
        }
    }
    let namespaces: Vec<(&str, &str)> =
        namespaces.iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str())).collect();
    if path.len() > PATH_BYTES_MAX {
        return Ok(());
    }
    let Ok(path) = XPath::compile(&path, &namespaces) else { return Ok(()) };
    let Ok(tree) = XmlTree::parse(&document) else { return Ok(()) };
    let Ok(value) = path.evaluate(&tree, tree.root()) else { return Ok(()) };
    let value = match (result_type, value) {
        (ResultType::Boolean, value) => Value::Boolean(value.to_boolean()),
        (ResultType::Number, value) => Value::Number(value.to_number(&tree)),
        (ResultType::NodeSet, Value::NodeSet(nodes)) => {
            out.push_str(&tree.to_fragments(nodes).unwrap_or_default());
            return Ok(());
        }
        (ResultType::Node, Value::NodeSet(nodes)) => {
            if let Some(first) = nodes.first() {
                out.push_str(&tree.to_fragment(*first));
            }
            return Ok(());
        }
        (ResultType::NodeSet | ResultType::Node | ResultType::String, value) => value,
    };
    out.push_str(&value.into_string(&tree));
    Ok(())
}

#[derive(Clone, Copy)]
enum ResultType {
    NodeSet,
    Node,
    Number,
    Boolean,
    String,
}

impl ResultType {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "nodeset" => Self::NodeSet,
            "node" => Self::Node,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "string" => Self::String,
            _ => return None,
        })
    }
}
