//! A node as XML text.
//!
//! An element is written with the declarations that its names and those inside it may need,
//! so that the text can be read by itself.

use std::borrow::Cow;

use crate::xmltree::{FRAGMENTS_BYTES_MAX, Node, NodeKind, XmlTree};

/// Which declarations an element is written with.
#[derive(Clone, Copy)]
enum Declared {
    /// All in scope: nothing around the element gives them.
    InScope,
    /// Those of its own tag.
    Here,
}

impl XmlTree {
    /// The root without an XML declaration; a text escaped; an attribute or a namespace as
    /// `name="value"`.
    pub fn to_xml(&self, node: Node) -> String {
        let mut xml = String::new();
        let mut next = Some(node);
        // Elements whose end tags are still to come.
        let mut open = Vec::new();
        while let Some(current) = next {
            let declared = if current == node { Declared::InScope } else { Declared::Here };
            let inside = self.start(&mut xml, current, declared);
            if let Some(child) = inside {
                open.push(current);
                next = Some(child);
                continue;
            }
            next = self.next_sibling(current).filter(|_| current != node);
            while next.is_none()
                && let Some(parent) = open.pop()
            {
                self.end_tag(&mut xml, parent);
                next = self.next_sibling(parent).filter(|_| parent != node);
            }
        }
        xml
    }

    /// What a node is worth in a text. Unknown: how the platform writes one; an element is
    /// markup, any other node its value.
    pub fn to_fragment(&self, node: Node) -> Cow<'_, str> {
        match self.kind(node) {
            NodeKind::Root | NodeKind::Element => Cow::Owned(self.to_xml(node)),
            NodeKind::Attribute
            | NodeKind::Namespace
            | NodeKind::Text
            | NodeKind::Comment
            | NodeKind::Instruction => Cow::Borrowed(self.string_value(node)),
        }
    }

    /// Several nodes, one behind the other; `None` where they are longer than
    /// [`FRAGMENTS_BYTES_MAX`].
    pub fn to_fragments(&self, nodes: impl IntoIterator<Item = Node>) -> Option<String> {
        let mut text = String::new();
        for node in nodes {
            text.push_str(&self.to_fragment(node));
            if text.len() > FRAGMENTS_BYTES_MAX {
                return None;
            }
        }
        Some(text)
    }

    /// Writes a node up to its children; the first of those.
    fn start(&self, xml: &mut String, node: Node, declared: Declared) -> Option<Node> {
        match self.kind(node) {
            NodeKind::Root => return self.first_child(node),
            NodeKind::Element => {
                xml.push('<');
                xml.push_str(self.name(node));
                self.declarations(xml, node, declared);
                for attribute in self.attributes(node) {
                    xml.push(' ');
                    pair(xml, self.name(attribute), self.string_value(attribute));
                }
                let child = self.first_child(node);
                xml.push_str(if child.is_some() { ">" } else { "/>" });
                return child;
            }
            NodeKind::Attribute => pair(xml, self.name(node), self.string_value(node)),
            NodeKind::Namespace => self.declaration_of(xml, node),
            NodeKind::Text => escape_text(xml, self.string_value(node)),
            NodeKind::Comment => {
                xml.push_str("<!--");
                xml.push_str(self.string_value(node));
                xml.push_str("-->");
            }
            NodeKind::Instruction => {
                xml.push_str("<?");
                xml.push_str(self.name(node));
                if !self.string_value(node).is_empty() {
                    xml.push(' ');
                    xml.push_str(self.string_value(node));
                }
                xml.push_str("?>");
            }
        }
        None
    }

    fn declarations(&self, xml: &mut String, element: Node, declared: Declared) {
        let namespaces = match declared {
            Declared::InScope => self.namespaces(element),
            Declared::Here => self.declared_by(element),
        };
        for namespace in namespaces.into_iter().filter(|found| self.name(*found) != "xml") {
            xml.push(' ');
            self.declaration_of(xml, namespace);
        }
    }

    /// What an element's own tag declares, as namespace nodes in the order of the tag.
    pub fn declared_by(&self, element: Node) -> Vec<Node> {
        let scope = |node: Node| self.data(node).map_or(0, |data| data.scope);
        // The root has that of `xml` in scope.
        let outer = self.parent(element).map_or(0, scope);
        let mut own = Vec::new();
        let mut next = scope(element);
        while next != outer
            && let Some(declaration) = self.declaration(next)
        {
            own.push(Node::namespace(element.index(), next));
            next = declaration.outer;
        }
        own.reverse();
        own
    }

    fn declaration_of(&self, xml: &mut String, namespace: Node) {
        let name = match self.name(namespace) {
            "" => "xmlns".to_owned(),
            prefix => format!("xmlns:{prefix}"),
        };
        pair(xml, &name, self.string_value(namespace));
    }

    fn end_tag(&self, xml: &mut String, node: Node) {
        if self.kind(node) == NodeKind::Element {
            xml.push_str("</");
            xml.push_str(self.name(node));
            xml.push('>');
        }
    }
}

fn pair(xml: &mut String, name: &str, value: &str) {
    xml.push_str(name);
    xml.push_str("=\"");
    escape_attribute(xml, value);
    xml.push('"');
}

fn escape_attribute(xml: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' => xml.push_str("&quot;"),
            '\t' => xml.push_str("&#9;"),
            '\n' => xml.push_str("&#10;"),
            other => escape(xml, other),
        }
    }
}

fn escape_text(xml: &mut String, text: &str) {
    text.chars().for_each(|c| escape(xml, c));
}

fn escape(xml: &mut String, c: char) {
    match c {
        '&' => xml.push_str("&amp;"),
        '<' => xml.push_str("&lt;"),
        '>' => xml.push_str("&gt;"),
        '\r' => xml.push_str("&#13;"),
        other => xml.push(other),
    }
}
