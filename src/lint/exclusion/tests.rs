//! Which comments count, as apigeelint 2.85.1 takes them.

use crate::diag::{Diagnostics, SourceMap, Span};
use crate::lint::{self, EnvironmentView};
use crate::profile::Profile;

/// Whether a warning about `<B/>` is heard.
fn is_heard(text: &str) -> bool {
    let mut sources = SourceMap::default();
    let file = sources.add("a.xml", text.into());
    let at = text.find("<B/>").expect("a place");
    let mut diags = Diagnostics::default();
    diags.warning("PO007", Span::new(file, at, at + 4), "not so");
    lint::exclude(&mut diags, &sources, &EnvironmentView::new("acme", "test", Profile::Edge));
    !diags.is_empty()
}

#[test]
fn a_comment_is_for_the_line_below() {
    for (text, expected) in [
        ("<A>\n\n\n<!-- apigeelint disable=PO007 -->\n<B/></A>", false),
        ("<A>\n\n\n<C/> <!-- apigeelint disable=PO007 -->\n<B/></A>", false),
        ("<A>\n\n\n<!-- apigeelint disable=PO007 -->\n\n<B/></A>", true),
        ("<A>\n\n\n<!-- apigeelint disable=PO007 --><B/></A>", true),
        ("<A>\n\n\n<B/>\n<!-- apigeelint disable=PO007 --></A>", true),
        ("<!-- apigeelint disable=PO007 -->\n<A><B/></A>", true),
        // Of two that follow each other, only the lower one stands on the line above.
        (
            "<A>\n\n\n<!-- apigeelint disable=PO007 -->\n<!-- apigeelint disable=CC004 -->\n<B/></A>",
            true,
        ),
        (
            "<A>\n\n\n<!-- apigeelint disable=CC004 --><!-- apigeelint disable=PO007 -->\n<B/></A>",
            false,
        ),
        // It stands where it begins.
        ("<A>\n\n<!--\n apigeelint disable=PO007 -->\n<B/></A>", true),
        ("<A>\n\n<!--\n apigeelint disable=PO007--><B/></A>", false),
    ] {
        assert_eq!(is_heard(text), expected, "{text}");
    }
}

#[test]
fn a_comment_lists_codes() {
    for (comment, expected) in [
        ("apigeelint disable=PO007", false),
        ("apigeelint  disable =PO007", false),
        ("apigeelint disable=CC004, PO007 ,CC003", false),
        ("\tapigeelint\tdisable=PO007\t", false),
        ("apigeelint disable  =PO007", true),
        ("apigeelint disable= ", true),
        ("apigeelint disable=", true),
        ("apigeelint disable=PO007 and more", true),
        ("apigeelint disable=PO007\n", true),
        ("apigeelint disable=CC004,\nPO007", true),
        ("apigeelintdisable=PO007", true),
        ("apigeelint enable=PO007", true),
        ("Apigeelint disable=PO007", true),
        ("see apigeelint disable=PO007", true),
        ("apigeelint disable=po007", true),
    ] {
        let text = format!("<A>\n\n\n<!--{comment}--><!-- -->\n<B/></A>");
        let lines = comment.matches('\n').count();
        let text = if lines == 0 { text } else { text.replace("-->\n<B/>", "--><B/>") };
        assert_eq!(is_heard(&text), expected, "{comment}");
    }
}
