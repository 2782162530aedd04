use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::diag::{Diagnostics, SourceMap, Span, Style, bundle_json, render_short, render_text};

const ROOT: &str = "proxies/shop";
const FILE: &str = "apiproxy/policies/X.xml";

/// Reports an error at the `n`th place of `needle` in `text`, and shows it.
fn shown(text: &str, needle: &str) -> String {
    let (sources, span) = source(text, needle);
    let mut diags = Diagnostics::default();
    diags.error("GW104", span, "not so");
    render_text(ROOT, &diags, &sources, Style::Plain)
}

fn source(text: &str, needle: &str) -> (SourceMap, Span) {
    let mut sources = SourceMap::default();
    let file = sources.add(FILE, text.into());
    let at = text.find(needle).expect("the needle is in the text");
    (sources, Span::new(file, at, at + needle.len()))
}

#[track_caller]
fn check(text: &str, needle: &str, expected: Expect) {
    expected.assert_eq(&shown(text, needle));
}

#[test]
fn text_marks_the_exact_place() {
    check(
        "<A>\n  <B>text</B>\n</A>\n",
        "text",
        expect![[r#"
            error[GW104]: not so
             --> proxies/shop/apiproxy/policies/X.xml:2:6
              |
            2 |   <B>text</B>
              |      ^^^^
        "#]],
    );
    check(
        "<A>\n\t\t<B>text</B>\n</A>\n",
        "text",
        expect![[r#"
            error[GW104]: not so
             --> proxies/shop/apiproxy/policies/X.xml:2:6
              |
            2 |         <B>text</B>
              |            ^^^^
        "#]],
    );
    check(
        "<A>\r\n  <B>text</B>\r\n</A>\r\n",
        "text",
        expect![[r#"
            error[GW104]: not so
             --> proxies/shop/apiproxy/policies/X.xml:2:6
              |
            2 |   <B>text</B>
              |      ^^^^
        "#]],
    );
    check(
        "\u{FEFF}<A>text</A>",
        "text",
        expect![[r#"
            error[GW104]: not so
             --> proxies/shop/apiproxy/policies/X.xml:1:5
              |
            1 | �<A>text</A>
              |     ^^^^
        "#]],
    );
    check(
        "<A>漢字かな text</A>",
        "text",
        expect![[r#"
            error[GW104]: not so
             --> proxies/shop/apiproxy/policies/X.xml:1:9
              |
            1 | <A>漢字かな text</A>
              |             ^^^^
        "#]],
    );
    check(
        "<A>\n  <B>\n  </B>\n</A>",
        "<B>\n  </B>",
        expect![[r#"
            error[GW104]: not so
             --> proxies/shop/apiproxy/policies/X.xml:2:3
              |
            2 | /   <B>
            3 | |   </B>
              | |______^
        "#]],
    );
    check(
        "<A>\u{1b}[31m\u{9b}31m\u{202e} text</A>",
        "text",
        expect![[r#"
            error[GW104]: not so
             --> proxies/shop/apiproxy/policies/X.xml:1:15
              |
            1 | <A>␛[31m¿31m� text</A>
              |               ^^^^
        "#]],
    );
}

#[test]
fn text_at_the_end_of_a_file() {
    for (text, expected) in [
        (
            "<A>",
            expect![[r#"
                error[GW104]: not so
                 --> proxies/shop/apiproxy/policies/X.xml:1:4
                  |
                1 | <A>
                  |    ^
            "#]],
        ),
        (
            "<A>\n",
            expect![[r#"
                error[GW104]: not so
                 --> proxies/shop/apiproxy/policies/X.xml:2:1
                  |
                2 |
                  | ^
            "#]],
        ),
        (
            "<A>\r\n",
            expect![[r#"
                error[GW104]: not so
                 --> proxies/shop/apiproxy/policies/X.xml:2:1
                  |
                2 |
                  | ^
            "#]],
        ),
        (
            "",
            expect![[r#"
                error[GW104]: not so
                 --> proxies/shop/apiproxy/policies/X.xml:1:1
                  |
                1 |
                  | ^
            "#]],
        ),
    ] {
        let mut sources = SourceMap::default();
        let file = sources.add(FILE, text.into());
        let mut diags = Diagnostics::default();
        diags.error("GW104", Span::new(file, text.len(), text.len()), "not so");
        expected.assert_eq(&render_text(ROOT, &diags, &sources, Style::Plain));
    }
}

#[test]
fn text_trims_a_long_line() {
    let long = format!("<A>{}needle{}</A>", "ab ".repeat(5000), " cd".repeat(5000));
    check(
        &long,
        "needle",
        expect![[r#"
        error[GW104]: not so
         --> proxies/shop/apiproxy/policies/X.xml:1:15004
          |
         ::: 
        1 | ...b ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab needle cd cd cd cd cd cd cd cd cd cd cd cd cd cd cd cd cd cd cd cd c...
          |                                                                  ^^^^^^
    "#]],
    );
}

/// One finding with everything, one without a place, one past the end of what is kept.
fn mixed() -> (Diagnostics, SourceMap) {
    let text = "<Flows>\n  <Flow name=\"a\"/>\n  <Flow name=\"a\"/>\n</Flows>\n";
    let mut sources = SourceMap::default();
    let file = sources.add(FILE, text.into());
    let mut diags = Diagnostics::default();
    diags
        .warning("PD003", Span::new(file, 43, 44), "`a\u{1b}[2J` is \u{1}taken")
        .note(Span::new(file, 22, 23), "the first one")
        .note(None, "names are unique")
        .help("rename it");
    diags.error("GW001", None, "nothing\nhere");
    (diags, sources)
}

#[test]
fn text_of_notes_help_and_no_place() {
    let (diags, sources) = mixed();
    expect![[r#"
        warning[PD003]: `a\u{1b}[2J` is \u{1}taken
         --> proxies/shop/apiproxy/policies/X.xml:3:17
          |
        3 |   <Flow name="a"/>
          |                 ^
          |
          = note: names are unique
          = help: rename it
        note: the first one
         --> proxies/shop/apiproxy/policies/X.xml:2:15
          |
        2 |   <Flow name="a"/>
          |               ^

        error[GW001]: nothing\nhere
        --> proxies/shop
    "#]]
    .assert_eq(&render_text(ROOT, &diags, &sources, Style::Plain));
    expect![[r#"
        warning[PD003]: `a\u{1b}[2J` is \u{1}taken
         --> apiproxy/policies/X.xml:3:17
          |
        3 |   <Flow name="a"/>
          |                 ^
          |
          = note: names are unique
          = help: rename it
        note: the first one
         --> apiproxy/policies/X.xml:2:15
          |
        2 |   <Flow name="a"/>
          |               ^

        error[GW001]: nothing\nhere
    "#]]
    .assert_eq(&render_text("", &diags, &sources, Style::Plain));
}

#[test]
fn short_text() {
    let (diags, sources) = mixed();
    expect![[r#"
        proxies/shop/apiproxy/policies/X.xml:3:17: warning[PD003]: `a\u{1b}[2J` is \u{1}taken
        proxies/shop: error[GW001]: nothing\nhere
    "#]]
    .assert_eq(&render_short(ROOT, &diags, &sources));
    expect![[r#"
        apiproxy/policies/X.xml:3:17: warning[PD003]: `a\u{1b}[2J` is \u{1}taken
        error[GW001]: nothing\nhere
    "#]]
    .assert_eq(&render_short("", &diags, &sources));
}

#[test]
fn json_shape() {
    let (diags, sources) = mixed();
    let json = bundle_json(ROOT, "shop", &diags, &sources);
    let text = serde_json::to_string_pretty(&json).expect("a value is printable");
    expect![[r#"
        {
          "path": "proxies/shop",
          "name": "shop",
          "diagnostics": [
            {
              "code": "PD003",
              "severity": "warning",
              "file": "apiproxy/policies/X.xml",
              "line": 3,
              "column": 17,
              "end_line": 3,
              "end_column": 18,
              "message": "`a\u001b[2J` is \u0001taken",
              "notes": [
                {
                  "message": "the first one",
                  "file": "apiproxy/policies/X.xml",
                  "line": 2,
                  "column": 15
                },
                {
                  "message": "names are unique",
                  "file": null,
                  "line": null,
                  "column": null
                }
              ],
              "help": "rename it"
            },
            {
              "code": "GW001",
              "severity": "error",
              "file": null,
              "line": null,
              "column": null,
              "end_line": null,
              "end_column": null,
              "message": "nothing\nhere",
              "notes": []
            }
          ]
        }"#]]
    .assert_eq(&text);
}

#[test]
fn colored_text_is_the_plain_text_with_escapes() {
    let (diags, sources) = mixed();
    let colored = render_text(ROOT, &diags, &sources, Style::Colored);
    assert!(colored.contains("\u{1b}["), "{colored:?}");
    let plain = render_text(ROOT, &diags, &sources, Style::Plain);
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn findings_past_the_limit_are_counted() {
    for (made, last) in [(1000, None), (1001, Some("1 more finding is not shown"))] {
        let mut diags = Diagnostics::default();
        for at in 0..made {
            diags.error("GW104", None, format!("number {at}"));
        }
        let sources = SourceMap::default();
        let long = render_text(ROOT, &diags, &sources, Style::Plain);
        let short = render_short(ROOT, &diags, &sources);
        assert_eq!(long.lines().last().filter(|line| line.contains("more")), last);
        assert_eq!(short.lines().count(), 1000 + usize::from(last.is_some()));
    }
}

proptest! {
    /// No text and no place in it stops the rendering or lets a control character through.
    #[test]
    fn any_place_of_any_text_is_shown(text in any_text(), from in 0_usize..6000, len in 0_usize..6000) {
        let boundary = |at: usize| text.floor_char_boundary(at.min(text.len()));
        let (start, end) = (boundary(from), boundary(from + len));
        let mut sources = SourceMap::default();
        let file = sources.add(text.chars().take(20).collect::<String>(), text.as_str().into());
        let mut diags = Diagnostics::default();
        diags.error("GW104", Span::new(file, start, end), text.clone()).help(text.clone());
        let position = sources.position(file, u32::try_from(start).expect("short"));
        let shown = render_text("", &diags, &sources, Style::Plain);
        let place = format!(":{}:{}", position.line, position.column);
        prop_assert!(shown.lines().any(|line| line.contains("--> ") && line.ends_with(&place)), "{}", shown);
        prop_assert!(!shown.chars().any(|c| c != '\n' && c.is_control()), "{:?}", shown);
        let short = render_short("", &diags, &sources);
        prop_assert_eq!(short.lines().count(), 1);
        prop_assert!(!short.trim_end_matches('\n').chars().any(char::is_control), "{:?}", short);
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a<\t\r\n漢é\u{9b}\u{202e}\u{1b}\u{feff}\u{301}]{0,40}",
        "(ab|\n|漢|\t){0,3000}",
    ]
}
