//! The tree of an XML payload, as XPath sees it: read once, never changed.
//!
//! Sources: XPath 1.0, section 5 (kinds of nodes, string-values, document order); Namespaces in
//! XML 1.0. Nodes stand in one list in document order, an element before its attributes and
//! those before its children. All character data is one text, so that the string-value of an
//! element is a slice of it. Document types and entities of one's own are refused.

mod parse;
#[cfg(test)]
mod tests;
mod write;

use std::ops::Range;

/// How long a document may be.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// How many nodes one document may hold, attributes among them.
pub const NODES_MAX: usize = 500_000;
/// How deep elements may nest.
pub const NESTING_MAX: usize = 256;
/// How many namespace declarations may be in scope of one element.
pub const NAMESPACES_MAX: usize = 100;
/// How long the text of several nodes may be; they may hold one another, and each repeats the
/// declarations that are in scope.
pub const FRAGMENTS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the prefix `xml` always stands for.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlTreeError {
    /// `line` and `column` count from 1, columns in characters.
    #[error("{message} at line {line} column {column}")]
    Malformed { message: String, line: usize, column: usize },
    #[error("the XML is not UTF-8")]
    Encoding,
    #[error("the XML has a document type declaration")]
    Doctype,
    #[error("the XML has {bytes} bytes; the limit is {BYTES_MAX}")]
    TooLong { bytes: usize },
    #[error("the XML has more than {NODES_MAX} nodes")]
    TooManyNodes,
    #[error("the XML nests deeper than {NESTING_MAX} levels")]
    TooDeep,
    #[error("the XML has more than {NAMESPACES_MAX} namespaces in one place")]
    TooManyNamespaces,
}

/// A document.
#[derive(Clone, Debug)]
pub struct XmlTree {
    nodes: Vec<NodeData>,
    /// The first one is that of `xml`.
    declarations: Vec<Declaration>,
    /// The character data of all text nodes.
    text: String,
    /// Names, values of attributes, comments, instructions.
    words: String,
}

/// A node of one [`XmlTree`]; they compare in document order.
///
/// The upper half is the place in the list; the lower half is 0, or for a namespace node of
/// the element there the number of its declaration and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    Root,
    Element,
    Attribute,
    Namespace,
    Text,
    Comment,
    Instruction,
}

/// No node, no declaration.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct NodeData {
    kind: NodeKind,
    parent: u32,
    /// The sibling before it.
    previous: u32,
    /// One past the last node inside.
    end: u32,
    /// Of an element, where its attributes end.
    children: u32,
    /// Into `words`; the target of an instruction.
    name: Slice,
    /// How long the prefix is, its colon not counted.
    prefix_len: u32,
    /// The declaration that the name's prefix means.
    namespace: u32,
    /// Of an element, the nearest declaration in scope.
    scope: u32,
    /// Into `text` for the root, elements and texts, else into `words`.
    value: Slice,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    start: u32,
    end: u32,
}

impl Slice {
    fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
struct Declaration {
    prefix: Slice,
    uri: Slice,
    /// The next one outward.
    outer: u32,
}

impl Node {
    fn at(index: u32) -> Self {
        Self(u64::from(index) << 32)
    }

    fn namespace(element: u32, declaration: u32) -> Self {
        Self(u64::from(element) << 32 | (u64::from(declaration) + 1))
    }

    fn index(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or(NONE)
    }

    fn declaration(self) -> Option<u32> {
        u32::try_from(self.0 & u64::from(u32::MAX)).ok()?.checked_sub(1)
    }
}

impl XmlTree {
    /// The node above the document's element.
    pub fn root(&self) -> Node {
        Node::at(0)
    }

    pub fn kind(&self, node: Node) -> NodeKind {
        if node.declaration().is_some() {
            return NodeKind::Namespace;
        }
        self.data(node).map_or(NodeKind::Root, |data| data.kind)
    }

    /// `None` of the root. An attribute and a namespace belong to their element.
    pub fn parent(&self, node: Node) -> Option<Node> {
        if node.declaration().is_some() {
            return Some(Node::at(node.index()));
        }
        let parent = self.data(node)?.parent;
        (parent != NONE).then_some(Node::at(parent))
    }

    pub fn first_child(&self, node: Node) -> Option<Node> {
        if node.declaration().is_some() {
            return None;
        }
        let data = self.data(node)?;
        (data.children < data.end).then_some(Node::at(data.children))
    }

    /// `None` of attributes and namespaces, which are no children.
    pub fn next_sibling(&self, node: Node) -> Option<Node> {
        if node.declaration().is_some() {
            return None;
        }
        let data = self.data(node).filter(|data| data.kind != NodeKind::Attribute)?;
        let parent = self.data(Node::at(data.parent))?;
        (data.end < parent.end).then_some(Node::at(data.end))
    }

    pub fn previous_sibling(&self, node: Node) -> Option<Node> {
        if node.declaration().is_some() {
            return None;
        }
        let previous = self.data(node)?.previous;
        (previous != NONE).then_some(Node::at(previous))
    }

    /// Those that stand in its tag, declarations of namespaces left out.
    pub fn attributes(&self, node: Node) -> impl Iterator<Item = Node> + use<> {
        let data = self.data(node).filter(|data| data.kind == NodeKind::Element);
        let range = match data.filter(|_| node.declaration().is_none()) {
            Some(data) => node.index().saturating_add(1)..data.children,
            None => 0..0,
        };
        range.map(Node::at)
    }

    /// The namespaces in scope of an element, that of `xml` among them.
    pub fn namespaces(&self, node: Node) -> Vec<Node> {
        let mut found = Vec::new();
        let Some(data) = self.data(node).filter(|data| data.kind == NodeKind::Element) else {
            return found;
        };
        if node.declaration().is_some() {
            return found;
        }
        let mut prefixes: Vec<&str> = Vec::new();
        let mut next = data.scope;
        while let Some(declaration) = self.declaration(next) {
            let prefix = declaration.prefix.of(&self.words);
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
                // An empty one takes back the default namespace.
                if declaration.uri.start < declaration.uri.end {
                    found.push(Node::namespace(node.index(), next));
                }
            }
            next = declaration.outer;
        }
        found.sort_unstable();
        found
    }

    /// The children and what is below them, in document order.
    pub fn descendants(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let range = match self.data(node).filter(|_| node.declaration().is_none()) {
            Some(data) => data.children..data.end,
            None => 0..0,
        };
        range.map(Node::at).filter(|node| self.kind(*node) != NodeKind::Attribute)
    }

    /// What stands behind the node and everything in it, in document order.
    pub fn following(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let start = match self.data(node) {
            // What is behind an attribute or a namespace starts inside its element.
            Some(data) if node.declaration().is_some() => data.children,
            Some(data) if data.kind == NodeKind::Attribute => {
                self.data(Node::at(data.parent)).map_or(NONE, |element| element.children)
            }
            Some(data) => data.end,
            None => NONE,
        };
        let end = self.nodes.first().map_or(0, |root| root.end);
        (start..end.max(start)).map(Node::at).filter(|node| self.kind(*node) != NodeKind::Attribute)
    }

    /// What stands before the node, its ancestors left out, the nearest first.
    pub fn preceding(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let from = match self.kind(node) {
            NodeKind::Attribute | NodeKind::Namespace => self.parent(node).unwrap_or(node),
            NodeKind::Root
            | NodeKind::Element
            | NodeKind::Text
            | NodeKind::Comment
            | NodeKind::Instruction => node,
        };
        (0..from.index()).rev().map(Node::at).filter(move |before| {
            self.data(*before)
                .is_some_and(|data| data.end <= from.index() && data.kind != NodeKind::Attribute)
        })
    }

    /// As written, prefix and all; the target of an instruction, the prefix of a namespace.
    /// Empty where the node has no name.
    pub fn name(&self, node: Node) -> &str {
        match node.declaration().and_then(|at| self.declaration(at)) {
            Some(declaration) => declaration.prefix.of(&self.words),
            None => self.data(node).map_or("", |data| data.name.of(&self.words)),
        }
    }

    pub fn local_name(&self, node: Node) -> &str {
        let name = self.name(node);
        if node.declaration().is_some() {
            return name;
        }
        match self.data(node).map_or(0, |data| data.prefix_len as usize) {
            0 => name,
            prefix_len => name.get(prefix_len + 1..).unwrap_or_default(),
        }
    }

    /// Of the name; empty where it has none.
    pub fn namespace_uri(&self, node: Node) -> &str {
        if node.declaration().is_some() {
            return "";
        }
        self.data(node)
            .and_then(|data| self.declaration(data.namespace))
            .map_or("", |declaration| declaration.uri.of(&self.words))
    }

    /// XPath 1.0, section 5: of the root and of elements the texts inside, of the others what
    /// they hold.
    pub fn string_value(&self, node: Node) -> &str {
        if let Some(declaration) = node.declaration() {
            return self.declaration(declaration).map_or("", |found| found.uri.of(&self.words));
        }
        let Some(data) = self.data(node) else { return "" };
        match data.kind {
            NodeKind::Root | NodeKind::Element | NodeKind::Text => data.value.of(&self.text),
            NodeKind::Attribute
            | NodeKind::Namespace
            | NodeKind::Comment
            | NodeKind::Instruction => data.value.of(&self.words),
        }
    }

    fn data(&self, node: Node) -> Option<&NodeData> {
        self.nodes.get(node.index() as usize)
    }

    fn declaration(&self, index: u32) -> Option<&Declaration> {
        self.declarations.get(index as usize)
    }
}

/// Offsets fit: [`BYTES_MAX`] is below 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

fn slice(range: Range<usize>) -> Slice {
    Slice { start: offset(range.start), end: offset(range.end) }
}
