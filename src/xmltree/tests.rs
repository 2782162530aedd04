use std::fmt::Write as _;

use proptest::prelude::{any, prop, proptest};
use proptest::prop_assert_eq;

use super::*;

#[track_caller]
fn parse(text: &str) -> XmlTree {
    XmlTree::parse(text.as_bytes()).expect(text)
}

/// A node a line: kind, name in braces its namespace, value.
fn show(tree: &XmlTree) -> String {
    let mut out = String::new();
    let root = tree.root();
    for node in tree.descendants(root) {
        let mut depth = 0;
        let mut up = tree.parent(node);
        while let Some(parent) = up.filter(|parent| *parent != root) {
            depth += 1;
            up = tree.parent(parent);
        }
        line(&mut out, tree, node, depth);
        for attribute in tree.attributes(node) {
            line(&mut out, tree, attribute, depth + 1);
        }
    }
    out
}

fn line(out: &mut String, tree: &XmlTree, node: Node, depth: usize) {
    let indent = "  ".repeat(depth);
    let (name, uri) = (tree.name(node), tree.namespace_uri(node));
    writeln!(out, "{indent}{:?} {name} {{{uri}}} {:?}", tree.kind(node), tree.string_value(node))
        .expect("a string takes it");
}

#[test]
fn nodes_in_document_order() {
    let text = "\u{FEFF}<?xml version='1.0' encoding='utf-8'?>\n<!-- a\r\nb --><?go  fast ?>\
        <r xmlns='urn:d' xmlns:p='urn:p' a='1' p:a='x&#10;y\tz&lt;'>one<![CDATA[<two>]]>&amp;\r\n\
        <p:e xmlns=''><f/></p:e><!----></r>\n";
    expect_test::expect![[r#"
        Comment  {} " a\nb "
        Instruction go {} "fast "
        Element r {urn:d} "one<two>&\n"
          Attribute a {} "1"
          Attribute p:a {urn:p} "x\ny z<"
          Text  {} "one<two>&\n"
          Element p:e {urn:p} ""
            Element f {} ""
          Comment  {} ""
    "#]]
    .assert_eq(&show(&parse(text)));
}

#[test]
fn neighbours() {
    let tree = parse("<a x='1' y='2'>t<b z='3'><c/></b>u<d/></a>");
    let names = |nodes: Vec<Node>| -> String {
        let name = |node| match tree.kind(node) {
            NodeKind::Text => tree.string_value(node),
            _ => tree.name(node),
        };
        nodes.into_iter().map(name).collect::<Vec<_>>().join(" ")
    };
    let a = tree.first_child(tree.root()).unwrap();
    let t = tree.first_child(a).unwrap();
    let b = tree.next_sibling(t).unwrap();
    let z = tree.attributes(b).next().unwrap();
    let u = tree.next_sibling(b).unwrap();
    assert_eq!(tree.previous_sibling(u), Some(b));
    assert_eq!(tree.previous_sibling(t), None);
    assert_eq!(tree.next_sibling(z), None);
    assert_eq!(tree.first_child(z), None);
    assert_eq!(tree.parent(z), Some(b));
    assert_eq!(tree.parent(tree.root()), None);
    assert_eq!(tree.next_sibling(a), None);
    assert_eq!(names(tree.attributes(a).collect()), "x y");
    assert_eq!(names(tree.descendants(tree.root()).collect()), "a t b c u d");
    assert_eq!(names(tree.following(b).collect()), "u d");
    assert_eq!(names(tree.following(z).collect()), "c u d");
    assert_eq!(names(tree.preceding(u).collect()), "c b t");
    assert_eq!(names(tree.preceding(z).collect()), "t");
    assert_eq!(names(tree.preceding(a).collect()), "");
}

#[test]
fn namespaces_in_scope() {
    let tree = parse("<a xmlns='d' xmlns:p='1'><b xmlns:p='2' xmlns:q='3'><c xmlns=''/></b></a>");
    let in_scope = |name: &str| -> String {
        let node = tree.descendants(tree.root()).find(|node| tree.name(*node) == name).unwrap();
        let show = |found: &Node| {
            assert_eq!(tree.kind(*found), NodeKind::Namespace);
            assert_eq!(tree.parent(*found), Some(node));
            format!("{}={}", tree.name(*found), tree.string_value(*found))
        };
        let rest: Vec<String> = tree.namespaces(node).iter().skip(1).map(show).collect();
        rest.join(" ")
    };
    assert_eq!(in_scope("a"), "=d p=1");
    assert_eq!(in_scope("b"), "=d p=2 q=3");
    assert_eq!(in_scope("c"), "p=2 q=3");
}

#[test]
fn nodes_as_xml() {
    let text = "<a xmlns=\"d\" xmlns:p=\"1\"><!--c--><?go on?><p:b x=\"&quot;&lt;&#10;\">1 &lt; 2\
                </p:b><e xmlns:p=\"2\"/></a>";
    let tree = parse(text);
    assert_eq!(tree.to_xml(tree.root()), text);
    let a = tree.first_child(tree.root()).unwrap();
    assert_eq!(tree.to_xml(a), text);
    let b = tree.descendants(a).find(|node| tree.name(*node) == "p:b").unwrap();
    let whole = "<p:b xmlns=\"d\" xmlns:p=\"1\" x=\"&quot;&lt;&#10;\">1 &lt; 2</p:b>";
    assert_eq!(tree.to_xml(b), whole);
    let x = tree.attributes(b).next().unwrap();
    assert_eq!(tree.to_xml(x), "x=\"&quot;&lt;&#10;\"");
    assert_eq!(tree.to_xml(tree.first_child(b).unwrap()), "1 &lt; 2");
    assert_eq!(tree.to_xml(tree.namespaces(b)[2]), "xmlns:p=\"1\"");
}

#[test]
fn what_is_not_well_formed_has_a_place() {
    for (text, line, column, message) in [
        ("", 1, 1, "there is no root element"),
        ("<a>\n é<b></a>", 2, 6, "`</a>` where `</b>` should stand"),
        ("<a>", 1, 4, "`a` is never closed"),
        ("<a/><b/>", 1, 6, "`b` is a second root"),
        ("<a/> x", 1, 6, "text after the root element"),
        ("x<a/>", 1, 1, "text before the root element"),
        ("</a>", 1, 1, "`</a>` closes no open element"),
        ("<1/>", 1, 1, "`<1` begins no element"),
        ("<a b/>", 1, 4, "attribute `b` has no value"),
        ("<a b='1' b='2'/>", 1, 10, "attribute `b` stands twice"),
        ("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", 1, 35, "attribute `b` stands twice"),
        ("<a xmlns:p='u' xmlns:p='v'/>", 1, 2, "prefix `p` is declared twice"),
        ("<p:a/>", 1, 2, "prefix `p` is not declared"),
        ("<a p:b=''/>", 1, 4, "prefix `p` is not declared"),
        ("<a xmlns:p=''/>", 1, 4, "prefix `p` stands for nothing"),
        ("<a xmlns:xml='u'/>", 1, 4, "a reserved prefix or namespace is declared"),
        ("<a xmlns:xmlns='u'/>", 1, 4, "a reserved prefix or namespace is declared"),
        ("<a>&b;</a>", 1, 4, "`&b;` is an unknown entity"),
        ("<a b='&b;'/>", 1, 7, "`&b;` is an unknown entity"),
        ("<a b='&amp'/>", 1, 7, "a `&` that begins no reference"),
        ("<a>&#0;</a>", 1, 4, "`&#0;` names no character that XML allows"),
        ("<a>]]></a>", 1, 4, "`]]>` outside of CDATA"),
        ("<a><!-- -- --></a>", 1, 9, "`--` inside a comment"),
        ("<a><?xml?></a>", 1, 4, "the XML declaration is not the first thing"),
        ("<a><?x:y?></a>", 1, 4, "`<?x:y` begins no processing instruction"),
        ("<a>\u{1}</a>", 1, 4, "the character U+0001 is not allowed in XML"),
    ] {
        let expected = XmlTreeError::Malformed { message: message.to_owned(), line, column };
        assert_eq!(XmlTree::parse(text.as_bytes()).expect_err(text), expected, "{text}");
    }
}

#[test]
fn what_is_refused() {
    for (text, expected) in [
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", XmlTreeError::Doctype),
        ("<?xml version='1.0' encoding='latin1'?><a/>", XmlTreeError::Encoding),
    ] {
        assert_eq!(XmlTree::parse(text.as_bytes()).expect_err(text), expected, "{text}");
    }
    assert_eq!(XmlTree::parse(b"<a>\xe9</a>").unwrap_err(), XmlTreeError::Encoding);
}

#[test]
fn the_text_of_several_nodes_is_bounded() {
    let tree = XmlTree::parse(format!("<a>{}</a>", "x".repeat(1024)).as_bytes()).unwrap();
    let text = tree.first_child(tree.first_child(tree.root()).unwrap()).unwrap();
    let times = FRAGMENTS_BYTES_MAX / 1024;
    let written = tree.to_fragments(std::iter::repeat_n(text, times));
    assert_eq!(written.map(|text| text.len()), Some(FRAGMENTS_BYTES_MAX));
    assert_eq!(tree.to_fragments(std::iter::repeat_n(text, times + 1)), None);
}

#[test]
fn limits_hold_on_both_sides() {
    let read = |text: &str| XmlTree::parse(text.as_bytes()).map(|_| ());
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(read(&nested(NESTING_MAX)), Ok(()));
    assert_eq!(read(&nested(NESTING_MAX + 1)), Err(XmlTreeError::TooDeep));

    let nodes = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    assert_eq!(read(&nodes(NODES_MAX)), Ok(()));
    assert_eq!(read(&nodes(NODES_MAX + 1)), Err(XmlTreeError::TooManyNodes));

    // That of `xml` is one of them.
    let declared = |count: usize| {
        let declarations: String = (1..count).map(|index| format!(" xmlns:n{index}='u'")).collect();
        format!("<a{declarations}/>")
    };
    assert_eq!(read(&declared(NAMESPACES_MAX)), Ok(()));
    assert_eq!(read(&declared(NAMESPACES_MAX + 1)), Err(XmlTreeError::TooManyNamespaces));

    let padded = |bytes: usize| format!("<a/>{}", " ".repeat(bytes - 4));
    assert_eq!(read(&padded(BYTES_MAX)), Ok(()));
    let bytes = BYTES_MAX + 1;
    assert_eq!(read(&padded(bytes)), Err(XmlTreeError::TooLong { bytes }));
}

/// What an independent reader makes of the text, in the form of [`show`].
fn show_by_roxmltree(text: &str) -> Option<String> {
    let document = roxmltree::Document::parse(text).ok()?;
    let mut out = String::new();
    for node in document.root().descendants().skip(1) {
        let depth = node.ancestors().count() - 2;
        let indent = "  ".repeat(depth);
        let (kind, value) = match node.node_type() {
            roxmltree::NodeType::Root => continue,
            // It makes a node of an empty CDATA section; XPath knows no empty text.
            roxmltree::NodeType::Text if node.text().is_none_or(str::is_empty) => continue,
            roxmltree::NodeType::Element => ("Element", String::new()),
            roxmltree::NodeType::Text => ("Text", node.text().unwrap_or_default().to_owned()),
            roxmltree::NodeType::Comment => ("Comment", node.text().unwrap_or_default().to_owned()),
            roxmltree::NodeType::PI => {
                ("Instruction", node.pi().and_then(|pi| pi.value).unwrap_or_default().to_owned())
            }
        };
        let value = if kind == "Element" {
            let texts = node.descendants().filter(roxmltree::Node::is_text);
            texts.filter_map(|text| text.text()).collect()
        } else {
            value
        };
        let uri = node.tag_name().namespace().unwrap_or_default();
        writeln!(out, "{indent}{kind} {{{uri}}} {value:?}").expect("a string takes it");
        for attribute in node.attributes() {
            let uri = attribute.namespace().unwrap_or_default();
            writeln!(out, "{indent}  Attribute {{{uri}}} {:?}", attribute.value())
                .expect("a string takes it");
        }
    }
    Some(out)
}

proptest! {
    #[test]
    fn trees_are_those_of_another_reader(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "<a>", "</a>", "<p:b xmlns:p='u' p:c='1' d=' &#9;'>", "</p:b>", "<e/>",
                "<f xmlns='v'/>", "text", " ", "&lt;", "&#65;", "<![CDATA[]]>", "<![CDATA[x&]]>",
                "<!--c-->", "<?t?>", "<?t d ?>", "\r\n", "é", "&", "<", "]]>", "<p:x/>",
            ]),
            0..12,
        ),
        wrapped in any::<bool>(),
    ) {
        let inner = parts.concat();
        let text = if wrapped { format!("<r>{inner}</r>") } else { inner };
        if let Ok(tree) = XmlTree::parse(text.as_bytes()) {
            // Names are left out: the other reader keeps no prefixes.
            let shown: String = show(&tree)
                .lines()
                .map(|line| {
                    let (head, rest) = line.split_once('{').expect("each line has a brace");
                    let kind = head.trim_end().rsplit_once(' ').filter(|(before, _)| {
                        !before.trim().is_empty()
                    });
                    format!("{} {{{rest}\n", kind.map_or(head.trim_end(), |(kind, _)| kind))
                })
                .collect();
            prop_assert_eq!(Some(shown), show_by_roxmltree(&text), "{}", text);
            let again = tree.to_xml(tree.root());
            prop_assert_eq!(show(&parse(&again)), show(&tree), "{}", again);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        drop(XmlTree::parse(&bytes));
    }

    #[test]
    fn no_markup_panics(text in "[<>/a-b:=' &;#x!?\\[\\]D-]{0,40}") {
        drop(XmlTree::parse(text.as_bytes()));
    }
}
