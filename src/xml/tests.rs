use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::diag::{Diagnostics, SourceMap, Span, Style, render_text};
use crate::xml::{ELEMENTS_MAX, Element, NESTING_MAX, Node, parse};

fn read(text: &str) -> (Option<Element>, Diagnostics, SourceMap) {
    let text: Arc<str> = text.into();
    let mut sources = SourceMap::default();
    let file = sources.add("X.xml", Arc::clone(&text));
    let mut diags = Diagnostics::default();
    let root = parse(file, &text, &mut diags);
    assert_eq!(root.is_none(), diags.has_errors(), "an error and no tree, or neither");
    (root, diags, sources)
}

#[track_caller]
fn check_refused(text: &str, expected: Expect) {
    let (root, diags, sources) = read(text);
    assert!(root.is_none(), "{text}");
    expected.assert_eq(&render_text("", &diags, &sources, Style::Plain));
}

/// One line a node: the source text under its span, then what it was read as.
#[track_caller]
fn check_tree(text: &str, expected: Expect) {
    fn show(out: &mut String, element: &Element, sources: &SourceMap, depth: usize) {
        let part = |span: Span| format!("{:?}", sources.slice(span));
        let indent = "  ".repeat(depth);
        writeln!(
            out,
            "{indent}{} name {} open {} inner {} whole {}",
            element.name,
            part(element.name_span),
            part(element.open_span),
            part(element.inner_span),
            part(element.span)
        )
        .expect("a string takes it");
        for found in &element.attributes {
            let (name, value) = (part(found.name_span), part(found.span));
            writeln!(out, "{indent}  @{} {name} = {:?} {value}", found.name, found.value)
                .expect("a string takes it");
        }
        for node in &element.children {
            match node {
                Node::Element(child) => show(out, child, sources, depth + 1),
                Node::Text { text, span } => {
                    writeln!(out, "{indent}  text {text:?} {}", part(*span)).expect("it takes it");
                }
                Node::Comment { text, span } => {
                    writeln!(out, "{indent}  comment {text:?} {}", part(*span))
                        .expect("it takes it");
                }
            }
        }
    }
    let (root, diags, sources) = read(text);
    let Some(root) = root else {
        panic!("{}", render_text("", &diags, &sources, Style::Plain));
    };
    let mut out = String::new();
    show(&mut out, &root, &sources, 0);
    expected.assert_eq(&out);
}

#[test]
fn spans_are_exact() {
    check_tree(
        "\u{FEFF}<?xml version='1.0' encoding='utf-8'?>\n<!-- a --><p:Step x = 'é&lt;' y=\"\"\n>t<B/></p:Step >\n<!--b-->",
        expect![[r#"
            Step name "p:Step" open "<p:Step x = 'é&lt;' y=\"\"\n>" inner "t<B/>" whole "<p:Step x = 'é&lt;' y=\"\"\n>t<B/></p:Step >"
              @x "x" = "é<" "é&lt;"
              @y "y" = "" ""
              text "t" "t"
              B name "B" open "<B/>" inner "" whole "<B/>"
        "#]],
    );
}

#[test]
fn adjacent_text_is_one_node() {
    check_tree(
        "<A>a&amp;b<![CDATA[ <c> ]]>&#x41;<?pi?>\r\nz<!--\r--><![CDATA[]]></A>",
        expect![[r#"
            A name "A" open "<A>" inner "a&amp;b<![CDATA[ <c> ]]>&#x41;<?pi?>\r\nz<!--\r--><![CDATA[]]>" whole "<A>a&amp;b<![CDATA[ <c> ]]>&#x41;<?pi?>\r\nz<!--\r--><![CDATA[]]></A>"
              text "a&b <c> A\nz" "a&amp;b<![CDATA[ <c> ]]>&#x41;<?pi?>\r\nz"
              comment "\n" "<!--\r-->"
        "#]],
    );
}

#[test]
fn white_space_in_attributes_becomes_spaces() {
    check_tree(
        "<A b='1\r\n2\t3\n4\r5&#10;6' c='&quot;&apos;&gt;>'/>",
        expect![[r#"
        A name "A" open "<A b='1\r\n2\t3\n4\r5&#10;6' c='&quot;&apos;&gt;>'/>" inner "" whole "<A b='1\r\n2\t3\n4\r5&#10;6' c='&quot;&apos;&gt;>'/>"
          @b "b" = "1 2 3 4 5\n6" "1\r\n2\t3\n4\r5&#10;6"
          @c "c" = "\"'>>" "&quot;&apos;&gt;>"
    "#]],
    );
}

#[test]
fn encodings_that_are_utf8() {
    for encoding in ["UTF-8", "utf-8", "utf8", "US-ASCII", "us-ascii"] {
        let text = format!("<?xml version=\"1.0\" encoding=\"{encoding}\" standalone='yes'?><A/>");
        assert!(read(&text).0.is_some(), "{encoding}");
    }
    check_refused(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<A/>",
        expect![[r#"
        error[GW107]: the file says that it is `ISO-8859-1`; only UTF-8 is read
         --> X.xml:1:31
          |
        1 | <?xml version="1.0" encoding="ISO-8859-1"?>
          |                               ^^^^^^^^^^
          |
          = help: save the file as UTF-8 and say so in its XML declaration
    "#]],
    );
    check_refused(
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<A/>",
        expect![[r#"
        error[GW107]: the file says that it is `UTF-16`; only UTF-8 is read
         --> X.xml:1:32
          |
        1 | �<?xml version="1.0" encoding="UTF-16"?>
          |                                ^^^^^^
          |
          = help: save the file as UTF-8 and say so in its XML declaration
    "#]],
    );
}

macro_rules! refused {
    ($($name:ident: $text:expr => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            check_refused($text, $expected);
        })*
    };
}

refused! {
    refuses_empty: "" => expect![[r#"
        error[BN011]: the file is empty
         --> X.xml:1:1
          |
        1 |
          | ^
          |
          = help: write the element that the file is for, or delete the file
    "#]];
    refuses_white_space: " \n" => expect![[r#"
        error[BN011]: the file is empty
         --> X.xml:1:1
          |
        1 |  
          | ^
          |
          = help: write the element that the file is for, or delete the file
    "#]];
    refuses_only_a_comment: "<!--a-->" => expect![[r#"
        error[BN011]: the file has no root element
         --> X.xml:1:1
          |
        1 | <!--a-->
          | ^
          |
          = help: write the element that the file is for, or delete the file
    "#]];
    refuses_plain_text: "hello\n" => expect![[r#"
        error[BN011]: text before the root element
         --> X.xml:1:1
          |
        1 | hello
          | ^^^^^
    "#]];
    refuses_mismatch: "<A>\n  <B>\n</A>" => expect![[r#"
        error[BN011]: `</A>` where `</B>` should stand
         --> X.xml:3:3
          |
        3 | </A>
          |   ^
          |
        note: `B` is opened here
         --> X.xml:2:4
          |
        2 |   <B>
          |    ^
    "#]];
    refuses_unclosed: "<A>\n  <B>\n  </B>\n" => expect![[r#"
        error[BN011]: `A` is never closed
         --> X.xml:1:2
          |
        1 | <A>
          |  ^
          |
          = help: write `</A>` where it ends
    "#]];
    refuses_stray_end: "</A>" => expect![[r#"
        error[BN011]: `</A>` closes no open element
         --> X.xml:1:3
          |
        1 | </A>
          |   ^
          |
          = help: delete it, or open the element before it
    "#]];
    refuses_end_with_attribute: "<A></A b='1'>" => expect![[r#"
        error[BN011]: `</A b='1'>` where `</A>` should stand
         --> X.xml:1:6
          |
        1 | <A></A b='1'>
          |      ^^^^^^^
          |
        note: `A` is opened here
         --> X.xml:1:2
          |
        1 | <A></A b='1'>
          |  ^
    "#]];
    refuses_second_root: "<A/>\n<B/>" => expect![[r#"
        error[BN011]: `B` is a second root
         --> X.xml:2:2
          |
        2 | <B/>
          |  ^
          |
          = help: put both into one element, or into two files
        note: the first root element
         --> X.xml:1:2
          |
        1 | <A/>
          |  ^
    "#]];
    refuses_text_after: "<A/>\n tail \n" => expect![[r#"
        error[BN011]: text after the root element
         --> X.xml:2:2
          |
        2 |  tail 
          |  ^^^^
    "#]];
    refuses_cdata_after: "<A/><![CDATA[x]]>" => expect![[r#"
        error[BN011]: text after the root element
         --> X.xml:1:5
          |
        1 | <A/><![CDATA[x]]>
          |     ^^^^^^^^^^^^^
    "#]];
    refuses_late_declaration: "\n<?xml version='1.0'?><A/>" => expect![[r#"
        error[BN011]: the XML declaration is not the first thing in the file
         --> X.xml:2:1
          |
        2 | <?xml version='1.0'?><A/>
          | ^^^^^^^^^^^^^^^^^^^^^
          |
          = help: delete what stands before it
    "#]];
    refuses_declaration_without_version: "<?xml encoding='UTF-8'?><A/>" => expect![[r#"
        error[BN011]: the XML declaration has no version
         --> X.xml:1:6
          |
        1 | <?xml encoding='UTF-8'?><A/>
          |      ^^^^^^^^^^^^^^^^^
          |
          = help: write `<?xml version="1.0" encoding="UTF-8"?>`
    "#]];
    refuses_declaration_of_version_2: "<?xml version='2.0'?><A/>" => expect![[r#"
        error[BN011]: `2.0` is no version of XML
         --> X.xml:1:16
          |
        1 | <?xml version='2.0'?><A/>
          |                ^^^
    "#]];
    refuses_doubled_attributes: "<A b='1'\n   b='2' c='3' c=''/>" => expect![[r#"
        error[BN011]: attribute `b` stands twice in `A`
         --> X.xml:2:4
          |
        2 |    b='2' c='3' c=''/>
          |    ^
          |
        note: it stands here first
         --> X.xml:1:4
          |
        1 | <A b='1'
          |    ^

        error[BN011]: attribute `c` stands twice in `A`
         --> X.xml:2:16
          |
        2 |    b='2' c='3' c=''/>
          |                ^
          |
        note: it stands here first
         --> X.xml:2:10
          |
        2 |    b='2' c='3' c=''/>
          |          ^
    "#]];
    refuses_unquoted_value: "<A b=1/>" => expect![[r#"
        error[BN011]: the value of attribute `b` has no quotes
         --> X.xml:1:4
          |
        1 | <A b=1/>
          |    ^
          |
          = help: write it as `name="value"`
    "#]];
    refuses_missing_value: "<A b/>" => expect![[r#"
        error[BN011]: attribute `b` has no value
         --> X.xml:1:4
          |
        1 | <A b/>
          |    ^
          |
          = help: write it as `name="value"`
    "#]];
    refuses_attributes_without_space: "<A b='1'c='2'/>" => expect![[r#"
        error[BN011]: no white space before attribute `c`
         --> X.xml:1:9
          |
        1 | <A b='1'c='2'/>
          |         ^
    "#]];
    refuses_less_in_value: "<A b='1<2'/>" => expect![[r#"
        error[BN011]: `<` in the value of attribute `b`
         --> X.xml:1:8
          |
        1 | <A b='1<2'/>
          |        ^
          |
          = help: write it as `&lt;`, or close the value with its quote before it
    "#]];
    refuses_unclosed_value: "<A b='1>\n  <B c='2'/>\n</A>" => expect![[r#"
        error[BN011]: `<` in the value of attribute `b`
         --> X.xml:2:3
          |
        2 |   <B c='2'/>
          |   ^
          |
          = help: write it as `&lt;`, or close the value with its quote before it
    "#]];
    refuses_unclosed_last_value: "<A b='1>\n" => expect![[r#"
        error[BN011]: the value of attribute `b` is never closed
         --> X.xml:1:6
          |
        1 | <A b='1>
          |      ^
          |
          = help: close it with the same quote
    "#]];
    refuses_unclosed_tag: "<A>\n  <B\n  <C/>\n</A>" => expect![[r#"
        error[BN011]: `<` where an attribute should stand
         --> X.xml:3:3
          |
        3 |   <C/>
          |   ^
          |
          = help: close the tag with `>` before this one begins
    "#]];
    refuses_unclosed_end_tag: "<A></A" => expect![[r#"
        error[BN011]: the tag `A` is never closed with `>`
         --> X.xml:1:6
          |
        1 | <A></A
          |      ^
    "#]];
    refuses_lone_less: "<A>1 < 2</A>" => expect![[r#"
        error[BN011]: `<` is followed by no name
         --> X.xml:1:6
          |
        1 | <A>1 < 2</A>
          |      ^
          |
          = help: a `<` that begins no tag is written `&lt;`
    "#]];
    refuses_less_at_the_end: "<A/><" => expect![[r#"
        error[BN011]: `<` is followed by no name
         --> X.xml:1:5
          |
        1 | <A/><
          |     ^
          |
          = help: a `<` that begins no tag is written `&lt;`
    "#]];
    refuses_bad_name: "<1A/>" => expect![[r#"
        error[BN011]: `1A` cannot be the name of an element
         --> X.xml:1:1
          |
        1 | <1A/>
          | ^^^
          |
          = help: a `<` that begins no tag is written `&lt;`
    "#]];
    refuses_two_colons: "<a:b:c/>" => expect![[r#"
        error[BN011]: `a:b:c` cannot be the name of an element
         --> X.xml:1:1
          |
        1 | <a:b:c/>
          | ^^^^^^
          |
          = help: a `<` that begins no tag is written `&lt;`
    "#]];
    refuses_bare_ampersands: "<A b='x&y;&z'>a && b & c; &</A>" => expect![[r#"
        error[GW105]: `&y;` is an unknown entity
         --> X.xml:1:8
          |
        1 | <A b='x&y;&z'>a && b & c; &</A>
          |        ^^^
          |
          = note: only amp, lt, gt, quot, apos and numbers are known
          = help: write the character itself, or its number as `&#160;`

        error[BN011]: a `&` that begins no reference
         --> X.xml:1:11
          |
        1 | <A b='x&y;&z'>a && b & c; &</A>
          |           ^
          |
          = help: write it as `&amp;`

        error[BN011]: a `&` that begins no reference
         --> X.xml:1:17
          |
        1 | <A b='x&y;&z'>a && b & c; &</A>
          |                 ^
          |
          = help: write it as `&amp;`

        error[BN011]: a `&` that begins no reference
         --> X.xml:1:18
          |
        1 | <A b='x&y;&z'>a && b & c; &</A>
          |                  ^
          |
          = help: write it as `&amp;`

        error[BN011]: a `&` that begins no reference
         --> X.xml:1:22
          |
        1 | <A b='x&y;&z'>a && b & c; &</A>
          |                      ^
          |
          = help: write it as `&amp;`

        error[BN011]: a `&` that begins no reference
         --> X.xml:1:27
          |
        1 | <A b='x&y;&z'>a && b & c; &</A>
          |                           ^
          |
          = help: write it as `&amp;`
    "#]];
    refuses_entities: "<A b='&nbsp;'>&copy; &#0; &#xD800; &#x110000;</A>" => expect![[r#"
        error[GW105]: `&nbsp;` is an unknown entity
         --> X.xml:1:7
          |
        1 | <A b='&nbsp;'>&copy; &#0; &#xD800; &#x110000;</A>
          |       ^^^^^^
          |
          = note: only amp, lt, gt, quot, apos and numbers are known
          = help: write the character itself, or its number as `&#160;`

        error[GW105]: `&copy;` is an unknown entity
         --> X.xml:1:15
          |
        1 | <A b='&nbsp;'>&copy; &#0; &#xD800; &#x110000;</A>
          |               ^^^^^^
          |
          = note: only amp, lt, gt, quot, apos and numbers are known
          = help: write the character itself, or its number as `&#160;`

        error[BN011]: `&#0;` names no character that XML allows
         --> X.xml:1:22
          |
        1 | <A b='&nbsp;'>&copy; &#0; &#xD800; &#x110000;</A>
          |                      ^^^^

        error[BN011]: `&#xD800;` names no character that XML allows
         --> X.xml:1:27
          |
        1 | <A b='&nbsp;'>&copy; &#0; &#xD800; &#x110000;</A>
          |                           ^^^^^^^^

        error[BN011]: `&#x110000;` names no character that XML allows
         --> X.xml:1:36
          |
        1 | <A b='&nbsp;'>&copy; &#0; &#xD800; &#x110000;</A>
          |                                    ^^^^^^^^^^
    "#]];
    refuses_doctype: "<!DOCTYPE A [\n <!ENTITY x 'y'>\n]>\n<A>&x;</A>" => expect![[r#"
        error[GW105]: a document type declaration is not read
         --> X.xml:1:1
          |
        1 | <!DOCTYPE A [
          | ^^^^^^^^^
          |
          = help: delete it, and write the characters that its entities stand for
    "#]];
    refuses_unclosed_doctype: "<!DOCTYPE A [" => expect![[r#"
        error[GW105]: a document type declaration is not read
         --> X.xml:1:1
          |
        1 | <!DOCTYPE A [
          | ^^^^^^^^^
          |
          = help: delete it, and write the characters that its entities stand for
    "#]];
    refuses_unclosed_comment: "<A><!-- b </A>" => expect![[r#"
        error[BN011]: the comment is never closed with `-->`
         --> X.xml:1:4
          |
        1 | <A><!-- b </A>
          |    ^^^^
    "#]];
    refuses_unclosed_cdata: "<A><![CDATA[ b </A>" => expect![[r#"
        error[BN011]: the CDATA section is never closed with `]]>`
         --> X.xml:1:4
          |
        1 | <A><![CDATA[ b </A>
          |    ^^^^^^^^^
    "#]];
    refuses_unclosed_instruction: "<A><?b </A>" => expect![[r#"
        error[BN011]: `<?` is never closed with `?>`
         --> X.xml:1:4
          |
        1 | <A><?b </A>
          |    ^^
    "#]];
    refuses_unknown_bang: "<A><!ELEMENT b></A>" => expect![[r#"
        error[BN011]: `<!` begins neither a comment nor a CDATA section
         --> X.xml:1:4
          |
        1 | <A><!ELEMENT b></A>
          |    ^^
    "#]];
    refuses_nested_comment: "<A><!-- a <!-- b --> --></A>" => expect![[r#"
        error[BN011]: `--` inside a comment
         --> X.xml:1:13
          |
        1 | <A><!-- a <!-- b --> --></A>
          |             ^^
          |
          = help: comments cannot nest, and dashes stand alone in them
    "#]];
    refuses_dash_at_comment_end: "<A><!-- a ---></A>" => expect![[r#"
        error[BN011]: `--` inside a comment
         --> X.xml:1:11
          |
        1 | <A><!-- a ---></A>
          |           ^^
          |
          = help: comments cannot nest, and dashes stand alone in them
    "#]];
    refuses_cdata_end_in_text: "<A>]]></A>" => expect![[r#"
        error[BN011]: `]]>` outside of CDATA
         --> X.xml:1:4
          |
        1 | <A>]]></A>
          |    ^^^
          |
          = help: write it as `]]&gt;`
    "#]];
    refuses_control_character: "<A>\n\u{8}</A>" => expect![[r#"
        error[BN011]: the character U+0008 is not allowed in XML
         --> X.xml:2:1
          |
        2 | ␈</A>
          | ^
    "#]];
    refuses_second_byte_order_mark: "\u{FEFF}\u{FEFF}<A/>" => expect![[r#"
        error[BN011]: a second byte order mark
         --> X.xml:1:2
          |
        1 | ��<A/>
          |  ^
    "#]];
    refuses_instruction_named_xml: "<A><?XML a?></A>" => expect![[r#"
        error[BN011]: `<?XML` begins no processing instruction
         --> X.xml:1:4
          |
        1 | <A><?XML a?></A>
          |    ^^^^^
    "#]];
}

#[test]
fn nesting_and_elements_have_limits() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let leaf = |depth: usize| format!("{}<b/>{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let wide = |elements: usize| format!("<a>{}</a>", "<b/>".repeat(elements - 1));
    for (text, code) in [
        (nested(NESTING_MAX), None),
        (nested(NESTING_MAX + 1), Some("GW106")),
        (leaf(NESTING_MAX - 1), None),
        (leaf(NESTING_MAX), Some("GW106")),
        (nested(1_000_000), Some("GW106")),
        (wide(ELEMENTS_MAX), None),
        (wide(ELEMENTS_MAX + 1), Some("GW106")),
    ] {
        let (_, diags, _) = read(&text);
        assert_eq!(diags.iter().map(|found| found.code).next(), code, "{} bytes", text.len());
    }
}

/// A megabyte in many small runs is read in one pass; were the merging quadratic, each of
/// these would copy some 100 GB.
#[test]
fn merging_text_is_linear() {
    for unit in ["&lt;", "<![CDATA[x]]>", "a&amp;", "<?p?>", "\r"] {
        let text = format!("<A>{}</A>", unit.repeat(2_000_000 / unit.len()));
        assert!(read(&text).0.is_some(), "{unit}");
    }
    let many: String = (0..100_000).fold(String::new(), |mut text, at| {
        write!(text, " a{at}=''").expect("a string takes it");
        text
    });
    assert!(read(&format!("<A{many}/>")).0.is_some());
}

/// Names, attributes and text, for comparing with another parser.
fn outline(element: &Element) -> String {
    let mut out = format!("<{}", element.name);
    for found in &element.attributes {
        write!(out, " {}={:?}", found.name, found.value).expect("a string takes it");
    }
    out.push('>');
    let mut text = String::new();
    for node in &element.children {
        match node {
            Node::Text { text: part, .. } => text.push_str(part),
            Node::Element(child) => {
                write!(out, "{:?}", std::mem::take(&mut text)).expect("a string takes it");
                out.push_str(&outline(child));
            }
            Node::Comment { text: comment, .. } => {
                write!(out, "{:?}", std::mem::take(&mut text)).expect("a string takes it");
                write!(out, "#{comment:?}").expect("a string takes it");
            }
        }
    }
    write!(out, "{text:?}/").expect("a string takes it");
    out
}

fn oracle_outline(node: roxmltree::Node) -> String {
    let mut out = format!("<{}", node.tag_name().name());
    for found in node.attributes() {
        write!(out, " {}={:?}", found.name(), found.value()).expect("a string takes it");
    }
    out.push('>');
    let mut text = String::new();
    for child in node.children() {
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        } else if child.is_element() {
            write!(out, "{:?}", std::mem::take(&mut text)).expect("a string takes it");
            out.push_str(&oracle_outline(child));
        } else if child.is_comment() {
            write!(out, "{:?}", std::mem::take(&mut text)).expect("a string takes it");
            // The other parser leaves the line ends of comments as they stand.
            let comment = child.text().unwrap_or_default().replace("\r\n", "\n");
            write!(out, "#{:?}", comment.replace('\r', "\n")).expect("a string takes it");
        }
    }
    write!(out, "{text:?}/").expect("a string takes it");
    out
}

fn spans_lie_inside(element: &Element, text: &str) {
    let check = |span: Span| {
        let range = span.start as usize..span.end as usize;
        assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
    };
    for span in [element.span, element.name_span, element.open_span, element.inner_span] {
        check(span);
    }
    for found in &element.attributes {
        check(found.span);
        check(found.name_span);
    }
    for node in &element.children {
        match node {
            Node::Element(child) => spans_lie_inside(child, text),
            Node::Text { span, .. } | Node::Comment { span, .. } => check(*span),
        }
    }
}

/// Well-formed documents, without a prefix that nobody declares.
fn document() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "([ a-zé漢\n\t>'\"]|\r\n){0,8}",
        Just("&amp;&lt;&#65;&#x1F600;".to_owned()),
        "<!\\[CDATA\\[([a<&\n]|\r\n){0,5}\\]\\]>",
        "<!--([a<&\n ]|\r\n){0,5}-->",
        "<\\?[a-w][a-z]{0,3} [a-z<&]{0,5}\\?>",
    ];
    let attributes = "( (a=\"[a-z'>\t\r\n]{0,5}\"))?(\n(b = '(&quot;|&#10;|é| ){0,5}'))?[ \n]?";
    let leaf =
        (attributes, "[A-C]").prop_map(|(attributes, name)| format!("<{name}{attributes}/>"));
    let element = prop_oneof![leaf, piece].prop_recursive(5, 60, 6, move |inner| {
        (proptest::collection::vec(inner, 0..6), attributes, "[A-C]").prop_map(
            |(children, attributes, name)| {
                format!("<{name}{attributes}>{}</{name} >", children.concat())
            },
        )
    });
    (
        proptest::collection::vec(element, 0..6),
        "(\u{FEFF})?(<\\?xml version='1[.]0'\\?>)?(\n<!--a-->)?",
    )
        .prop_map(|(children, head)| format!("{head}<Root>{}</Root>\n", children.concat()))
}

fn agree(text: &str) -> Result<(), TestCaseError> {
    let (root, diags, sources) = read(text);
    for found in diags.iter() {
        let places = found.span.into_iter().chain(found.notes.iter().filter_map(|n| n.span));
        for span in places {
            let range = span.start as usize..span.end as usize;
            prop_assert!(text.get(range.clone()).is_some(), "{:?} of {:?}", range, text);
        }
    }
    if let Some(root) = &root {
        spans_lie_inside(root, text);
    }
    let shown = render_text("", &diags, &sources, Style::Plain);
    match (root, roxmltree::Document::parse(text)) {
        (Some(root), Ok(oracle)) => {
            prop_assert_eq!(outline(&root), oracle_outline(oracle.root_element()), "{:?}", text);
        }
        (None, Err(_)) => {}
        // The other parser takes any name for an instruction.
        (None, Ok(_)) if shown.contains("begins no processing instruction") => {}
        (Some(_), Err(error)) => prop_assert!(false, "the oracle refuses {text:?}: {error}"),
        (None, Ok(_)) => prop_assert!(false, "only the oracle reads {text:?}:\n{shown}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn agrees_with_another_parser(text in document()) {
        prop_assert!(read(&text).0.is_some(), "{}", text);
        agree(&text)?;
    }

    /// The same, with one piece of the document replaced. Not in the XML declaration, where
    /// the other parser takes any version, nor between `\r` and `\n`, which it keeps apart.
    #[test]
    fn agrees_on_damaged_documents(
        text in document(),
        at in any::<prop::sample::Index>(),
        len in 0_usize..4,
        with in prop_oneof![
            Just(""), Just("<"), Just(">"), Just("&"), Just("\""), Just("'"), Just("/"), Just("="),
            Just("]]>"), Just("--"), Just("</A>"), Just("<A>"), Just("\u{1}"), Just(" a='1'"),
            Just("é"), Just("<!--"), Just("<![CDATA["), Just("?>"), Just("&#0;"), Just("<?xml ?>"),
        ],
    ) {
        let text = text.replace('\r', "");
        let head = text.find("?>").map_or(0, |end| end + 2);
        let start = text.floor_char_boundary(head + at.index(text.len() - head));
        let end = text.floor_char_boundary((start + len).min(text.len())).max(start);
        let damaged = format!("{}{with}{}", &text[..start], &text[end..]);
        agree(&damaged)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let (root, diags, sources) = read(&text);
        prop_assert!(root.is_some() || diags.has_errors());
        render_text("", &diags, &sources, Style::Plain);
    }

    #[test]
    fn any_markup_is_read_or_refused(
        parts in proptest::collection::vec(prop_oneof![
            Just("<"), Just(">"), Just("/"), Just("!"), Just("?"), Just("-"), Just("--"), Just("["),
            Just("]"), Just("CDATA"), Just("DOCTYPE"), Just("'"), Just("\""), Just("="), Just(" "),
            Just("a"), Just("xml"), Just("&"), Just(";"), Just("#"), Just("é"), Just("\u{FEFF}"),
        ], 0..20),
    ) {
        let text = parts.concat();
        let (root, diags, sources) = read(&text);
        if let Some(root) = root {
            spans_lie_inside(&root, &text);
        }
        for found in diags.iter() {
            let span = found.span.expect("a place");
            prop_assert!(text.get(span.start as usize..span.end as usize).is_some());
        }
        render_text("", &diags, &sources, Style::Plain);
    }
}
