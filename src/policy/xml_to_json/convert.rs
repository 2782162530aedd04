//! A tree of XML as JSON text.
//!
//! Source: Apigee docs, "XML to JSON policy", which shows each option by an example. Elements of
//! one name inside one parent become an array where the first of them stands. White space
//! between elements is nothing, comments and instructions neither, and CDATA is text.

use std::borrow::Cow;

use hashbrown::HashMap;

use crate::xml::scan::is_white_space;
use crate::xmltree::{Node, NodeKind, XmlTree};

/// How long the JSON may become.
pub(super) const OUTPUT_BYTES_MAX: usize = 32 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) recognize_number: bool,
    pub(super) recognize_boolean: bool,
    pub(super) recognize_null: bool,
    /// What an empty element becomes where null is recognized. `None` is JSON's null.
    pub(super) null_value: Option<String>,
    /// `None`: names lose their prefixes, and declarations are left out.
    pub(super) namespaces: Option<Namespaces>,
    pub(super) text_always: bool,
    pub(super) text_name: String,
    pub(super) attribute_block: Option<String>,
    pub(super) attribute_prefix: String,
    pub(super) output_prefix: String,
    pub(super) output_suffix: String,
    pub(super) strip_levels: u32,
    pub(super) arrays: Vec<ArrayPath>,
}

#[derive(Clone, Debug)]
pub(super) struct Namespaces {
    /// Between prefix and local name.
    pub(super) separator: String,
    /// Where declarations are shown. Unknown: what the platform makes of them without one; they
    /// are left out.
    pub(super) block: Option<String>,
    pub(super) default_name: Option<String>,
}

/// An element that is an array even where it stands once.
#[derive(Clone, Debug)]
pub(super) struct ArrayPath {
    /// From the root element, by local name or by the name as written.
    pub(super) steps: Vec<String>,
    /// The array takes the place of the element around it.
    pub(super) unwrap: bool,
}

/// What stands for the default namespace where `DefaultNamespaceNodeName` is not set.
const DEFAULT_NAMESPACE: &str = "$default";

impl Default for Options {
    fn default() -> Self {
        Self {
            recognize_number: false,
            recognize_boolean: false,
            recognize_null: false,
            null_value: None,
            namespaces: None,
            text_always: false,
            text_name: "#text".to_owned(),
            attribute_block: None,
            attribute_prefix: String::new(),
            output_prefix: String::new(),
            output_suffix: String::new(),
            strip_levels: 0,
            arrays: Vec::new(),
        }
    }
}

impl Options {
    /// The options that a `Format` stands for.
    pub(super) fn of_format(name: &str) -> Option<Self> {
        let mut options = Self::default();
        match name {
            "xml.com" => {
                options.recognize_null = true;
                options.attribute_prefix = "@".to_owned();
            }
            "yahoo" => {
                options.recognize_number = true;
                options.text_name = "content".to_owned();
            }
            "google" => {
                options.text_name = "$t".to_owned();
                options.text_always = true;
                options.namespaces =
                    Some(Namespaces { separator: "$".to_owned(), block: None, default_name: None });
            }
            "badgerFish" => {
                options.text_name = "$".to_owned();
                options.text_always = true;
                options.attribute_prefix = "@".to_owned();
                options.namespaces = Some(Namespaces {
                    separator: ":".to_owned(),
                    block: Some("@xmlns".to_owned()),
                    default_name: Some("$".to_owned()),
                });
            }
            _ => return None,
        }
        Some(options)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the JSON would have more than {OUTPUT_BYTES_MAX} bytes")]
pub(super) struct TooLong;

pub(super) fn to_json(tree: &XmlTree, options: &Options) -> Result<String, TooLong> {
    to_json_within(tree, options, OUTPUT_BYTES_MAX)
}

/// `bytes_max` bounds the whole text.
pub(super) fn to_json_within(
    tree: &XmlTree,
    options: &Options,
    bytes_max: usize,
) -> Result<String, TooLong> {
    let mut writer = Writer { tree, options, json: String::new(), bytes_max };
    writer.push(&options.output_prefix)?;
    let mut paths: Vec<&ArrayPath> = options.arrays.iter().collect();
    let mut depth = 0;
    let mut container = tree.root();
    for _ in 0..options.strip_levels {
        let Some(inner) = writer.only_element(container) else { break };
        paths.retain(|path| writer.matches(path, depth, inner));
        (container, depth) = (inner, depth + 1);
    }
    writer.value(container, depth, &paths)?;
    writer.push(&options.output_suffix)?;
    Ok(writer.json)
}

struct Writer<'t> {
    tree: &'t XmlTree,
    options: &'t Options,
    json: String,
    bytes_max: usize,
}

/// A member of an object: one value, or several, which are an array.
struct Member<'t> {
    name: Cow<'t, str>,
    values: Vec<Item<'t>>,
    is_array: bool,
    /// The array takes the object's place.
    unwrap: bool,
}

enum Item<'t> {
    Element(Node),
    Text(Cow<'t, str>),
    Attributes(Vec<Node>),
    Namespaces(Vec<Node>),
}

/// The members of one object, those of one name together.
struct Members<'t> {
    list: Vec<Member<'t>>,
    by_name: HashMap<Cow<'t, str>, usize, foldhash::fast::RandomState>,
}

impl<'t> Members<'t> {
    fn add(&mut self, name: Cow<'t, str>, item: Item<'t>) -> Option<&mut Member<'t>> {
        let at = *self.by_name.entry(name.clone()).or_insert(self.list.len());
        if at == self.list.len() {
            let values = Vec::with_capacity(1);
            self.list.push(Member { name, values, is_array: false, unwrap: false });
        }
        let member = self.list.get_mut(at)?;
        member.values.push(item);
        Some(member)
    }
}

impl<'t> Writer<'t> {
    /// The one element inside, where it in turn holds something to show: a level to strip.
    fn only_element(&self, container: Node) -> Option<Node> {
        let mut elements = self.elements(container);
        let inner = elements.next().filter(|_| elements.next().is_none())?;
        let is_mixed = self.texts(container).next().is_some();
        let is_object =
            self.elements(inner).next().is_some() || self.tree.attributes(inner).next().is_some();
        (is_object && !is_mixed).then_some(inner)
    }

    /// `paths` lead through `element`, which stands `depth` elements deep; the root stands 0.
    fn value(&mut self, element: Node, depth: usize, paths: &[&ArrayPath]) -> Result<(), TooLong> {
        let members = self.members(element, depth, paths);
        if members.list.is_empty() && element != self.tree.root() {
            let text = self.whole_text(element);
            return match text {
                None if self.options.recognize_null => self.null(),
                None => self.push("{}"),
                Some(text) if self.options.text_always => {
                    self.push("{")?;
                    self.string(&self.options.text_name)?;
                    self.push(":")?;
                    self.scalar(&text)?;
                    self.push("}")
                }
                Some(text) => self.scalar(&text),
            };
        }
        if let [only] = members.list.as_slice()
            && only.unwrap
        {
            return self.items(only, depth, paths);
        }
        let mut separator = "{";
        for member in &members.list {
            self.push(separator)?;
            self.string(&member.name)?;
            self.push(":")?;
            self.items(member, depth, paths)?;
            separator = ",";
        }
        self.push("}")
    }

    fn items(
        &mut self,
        member: &Member<'t>,
        depth: usize,
        paths: &[&ArrayPath],
    ) -> Result<(), TooLong> {
        if !member.is_array
            && let [only] = member.values.as_slice()
        {
            return self.item(only, depth, paths);
        }
        let mut separator = "[";
        for item in &member.values {
            self.push(separator)?;
            self.item(item, depth, paths)?;
            separator = ",";
        }
        self.push("]")
    }

    fn item(&mut self, item: &Item<'t>, depth: usize, paths: &[&ArrayPath]) -> Result<(), TooLong> {
        match item {
            Item::Element(element) if paths.is_empty() => self.value(*element, depth + 1, &[]),
            Item::Element(element) => {
                let inner: Vec<&ArrayPath> = paths
                    .iter()
                    .copied()
                    .filter(|path| self.matches(path, depth, *element))
                    .collect();
                self.value(*element, depth + 1, &inner)
            }
            Item::Text(text) => self.scalar(text),
            Item::Attributes(attributes) => {
                let mut separator = "{";
                for attribute in attributes {
                    let name = self.attribute_name(*attribute);
                    self.push(separator)?;
                    self.string(&name)?;
                    self.push(":")?;
                    self.scalar(self.tree.string_value(*attribute))?;
                    separator = ",";
                }
                self.push("}")
            }
            Item::Namespaces(declarations) => {
                let default_name = self
                    .options
                    .namespaces
                    .as_ref()
                    .and_then(|namespaces| namespaces.default_name.as_deref());
                let mut separator = "{";
                for declaration in declarations {
                    let name = match self.tree.name(*declaration) {
                        "" => default_name.unwrap_or(DEFAULT_NAMESPACE),
                        prefix => prefix,
                    };
                    self.push(separator)?;
                    self.string(name)?;
                    self.push(":")?;
                    self.string(self.tree.string_value(*declaration))?;
                    separator = ",";
                }
                self.push("}")
            }
        }
    }

    /// What an element shows as an object's members; nothing where it is a text or empty.
    fn members(&self, element: Node, depth: usize, paths: &[&ArrayPath]) -> Members<'t> {
        let mut members = Members { list: Vec::new(), by_name: HashMap::default() };
        if let Some(namespaces) = &self.options.namespaces
            && let Some(block) = &namespaces.block
        {
            let declared = self.tree.declared_by(element);
            if !declared.is_empty() {
                members.add(Cow::Borrowed(block), Item::Namespaces(declared));
            }
        }
        let mut attributes = self.tree.attributes(element).peekable();
        match &self.options.attribute_block {
            Some(block) if attributes.peek().is_some() => {
                members.add(Cow::Borrowed(block), Item::Attributes(attributes.collect()));
            }
            _ => {
                for attribute in attributes {
                    let text = Cow::Borrowed(self.tree.string_value(attribute));
                    members.add(self.attribute_name(attribute), Item::Text(text));
                }
            }
        }
        if members.list.is_empty() && self.elements(element).next().is_none() {
            return members;
        }
        for part in self.parts(element) {
            match part {
                Item::Element(child) => {
                    let path = paths.iter().find(|path| {
                        path.steps.len() == depth + 1 && self.matches(path, depth, child)
                    });
                    let member = members.add(self.element_name(child), part);
                    if let (Some(path), Some(member)) = (path, member) {
                        member.is_array = true;
                        member.unwrap |= path.unwrap;
                    }
                }
                other => {
                    members.add(Cow::Borrowed(&self.options.text_name), other);
                }
            }
        }
        members
    }

    /// Elements and texts, in their order.
    fn parts(&self, element: Node) -> impl Iterator<Item = Item<'t>> {
        let mut next = self.tree.first_child(element);
        let tree = self.tree;
        std::iter::from_fn(move || {
            let mut text: Cow<'t, str> = Cow::Borrowed("");
            while let Some(node) = next {
                match tree.kind(node) {
                    NodeKind::Element if is_blank(&text) => {
                        next = tree.next_sibling(node);
                        return Some(Item::Element(node));
                    }
                    NodeKind::Element => return Some(Item::Text(text)),
                    NodeKind::Text if text.is_empty() => {
                        text = Cow::Borrowed(tree.string_value(node));
                    }
                    // A comment stood between them.
                    NodeKind::Text => text.to_mut().push_str(tree.string_value(node)),
                    NodeKind::Root
                    | NodeKind::Attribute
                    | NodeKind::Namespace
                    | NodeKind::Comment
                    | NodeKind::Instruction => {}
                }
                next = tree.next_sibling(node);
            }
            (!is_blank(&text)).then_some(Item::Text(text))
        })
    }

    fn elements(&self, container: Node) -> impl Iterator<Item = Node> {
        self.parts(container).filter_map(|part| match part {
            Item::Element(element) => Some(element),
            Item::Text(_) | Item::Attributes(_) | Item::Namespaces(_) => None,
        })
    }

    fn texts(&self, container: Node) -> impl Iterator<Item = Cow<'t, str>> {
        self.parts(container).filter_map(|part| match part {
            Item::Text(text) => Some(text),
            Item::Element(_) | Item::Attributes(_) | Item::Namespaces(_) => None,
        })
    }

    /// Of an element without elements inside; `None` where it has no text but white space.
    fn whole_text(&self, element: Node) -> Option<Cow<'t, str>> {
        self.texts(element).next()
    }

    /// Whether the path's step at that depth names the element.
    fn matches(&self, path: &ArrayPath, depth: usize, element: Node) -> bool {
        path.steps.get(depth).is_some_and(|step| {
            step == self.tree.local_name(element) || step == self.tree.name(element)
        })
    }

    fn element_name(&self, element: Node) -> Cow<'t, str> {
        self.shown_name(element, "")
    }

    fn attribute_name(&self, attribute: Node) -> Cow<'t, str> {
        self.shown_name(attribute, &self.options.attribute_prefix)
    }

    fn shown_name(&self, node: Node, before: &str) -> Cow<'t, str> {
        let (name, local) = (self.tree.name(node), self.tree.local_name(node));
        let separated = self.options.namespaces.as_ref().zip(name.split_once(':'));
        match separated {
            Some((namespaces, (prefix, local))) => {
                Cow::Owned(format!("{before}{prefix}{}{local}", namespaces.separator))
            }
            None if before.is_empty() => Cow::Borrowed(local),
            None => Cow::Owned(format!("{before}{local}")),
        }
    }

    fn null(&mut self) -> Result<(), TooLong> {
        match &self.options.null_value {
            Some(text) => self.string(text),
            None => self.push("null"),
        }
    }

    /// Unknown: whether the platform recognizes numbers in attributes; here they are read like
    /// texts, so that what JSONToXML made of a number is one again.
    fn scalar(&mut self, text: &str) -> Result<(), TooLong> {
        let trimmed = text.trim_matches(is_white_space);
        let is_number = self.options.recognize_number && is_json_number(trimmed);
        let is_boolean = self.options.recognize_boolean && matches!(trimmed, "true" | "false");
        if is_number || is_boolean { self.push(trimmed) } else { self.string(text) }
    }

    fn string(&mut self, text: &str) -> Result<(), TooLong> {
        self.push("\"")?;
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
            let (plain, tail) = rest.split_at(at);
            self.push(plain)?;
            let mut after = tail.chars();
            match after.next() {
                Some('\n') => self.push("\\n")?,
                Some('\r') => self.push("\\r")?,
                Some('\t') => self.push("\\t")?,
                Some(control) if control < ' ' => {
                    self.push(&format!("\\u{:04x}", u32::from(control)))?;
                }
                Some(quoted) => {
                    self.push("\\")?;
                    self.push(quoted.encode_utf8(&mut [0; 4]))?;
                }
                None => {}
            }
            rest = after.as_str();
        }
        self.push(rest)?;
        self.push("\"")
    }

    fn push(&mut self, text: &str) -> Result<(), TooLong> {
        if text.len() > self.bytes_max.saturating_sub(self.json.len()) {
            return Err(TooLong);
        }
        self.json.push_str(text);
        Ok(())
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(is_white_space)
}

/// A text that is a number in JSON as it stands, so that none loses a digit or a leading zero.
fn is_json_number(text: &str) -> bool {
    let whole = text.strip_prefix('-').unwrap_or(text);
    let Some(mut rest) = skip_digits(whole) else { return false };
    let has_leading_zero = whole.starts_with('0') && whole.len() - rest.len() > 1;
    if let Some(fraction) = rest.strip_prefix('.') {
        let Some(after) = skip_digits(fraction) else { return false };
        rest = after;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let Some(after) = skip_digits(exponent) else { return false };
        rest = after;
    }
    rest.is_empty() && !has_leading_zero
}

/// What is behind the digits; `None` where there are none.
fn skip_digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}
