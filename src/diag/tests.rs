use expect_test::{Expect, expect};
use proptest::prelude::*;

use serde_json::Value;

use crate::diag::{
    Diagnostics, Failing, JunitReport, SarifLog, SourceMap, Span, Style, apply_fixes, bundle_json,
    render_github, render_short, render_text,
};

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

fn sarif() -> Value {
    let (diags, sources) = mixed();
    let mut log = SarifLog::default();
    log.add("proxies/shop", ROOT, &diags, &sources);
    log.add("/tmp/100 %", "", &diags, &sources);
    log.into_json(|code| (code == "PD003").then_some("a rule behind another"))
}

#[test]
fn sarif_shape() {
    let log = sarif();
    let run = &log["runs"][0];
    expect![[r#"
        [
          {
            "id": "PD003",
            "shortDescription": {
              "text": "a rule behind another"
            }
          },
          {
            "id": "GW001"
          }
        ]
        {
          "ruleId": "PD003",
          "ruleIndex": 0,
          "level": "warning",
          "message": {
            "text": "`a\u001b[2J` is \u0001taken; names are unique; rename it"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "proxies/shop/apiproxy/policies/X.xml"
                },
                "region": {
                  "startLine": 3,
                  "startColumn": 17,
                  "endLine": 3,
                  "endColumn": 18
                }
              }
            }
          ],
          "relatedLocations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "proxies/shop/apiproxy/policies/X.xml"
                },
                "region": {
                  "startLine": 2,
                  "startColumn": 15,
                  "endLine": 2,
                  "endColumn": 16
                }
              },
              "message": {
                "text": "the first one"
              }
            }
          ]
        }
    "#]]
    .assert_eq(&format!("{:#}\n{:#}\n", run["tool"]["driver"]["rules"], run["results"][0]));
}

/// OASIS SARIF 2.1.0: what the schema requires of each object that we write, and the values that
/// it allows.
#[test]
fn sarif_has_what_the_standard_requires() {
    let log = sarif();
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().expect("3.13.4: `runs` is an array");
    for run in runs {
        let driver = run["tool"]["driver"].as_object().expect("3.14.6 and 3.18.2");
        assert!(driver["name"].is_string(), "3.19.8");
        assert!(
            ["utf16CodeUnits", "unicodeCodePoints"].iter().any(|kind| run["columnKind"] == *kind)
        );
        let rules = driver["rules"].as_array().expect("3.19.23");
        let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().expect("3.49.3")).collect();
        for rule in rules {
            let text = rule.get("shortDescription").map(|text| &text["text"]);
            assert!(text.is_none_or(Value::is_string), "3.12.3: {rule}");
        }
        for result in run["results"].as_array().expect("3.14.23") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("3.27.6"));
            let rule = ids.get(index.expect("small")).copied();
            assert_eq!(rule, result["ruleId"].as_str(), "3.27.5 and 3.27.6");
            assert!(
                ["none", "note", "warning", "error"].iter().any(|level| result["level"] == *level)
            );
            assert!(result["message"]["text"].is_string(), "3.11.8");
            check_sarif_fixes(result);
            let related = result
                .get("relatedLocations")
                .map_or(&[][..], |list| list.as_array().expect("3.27.22").as_slice());
            for place in result["locations"].as_array().expect("3.27.12").iter().chain(related) {
                check_sarif_place(&place["physicalLocation"]);
            }
        }
    }
    let invocations = runs[0].get("invocations");
    assert!(invocations.is_none(), "nothing was left out: {invocations:?}");
}

/// 3.55 to 3.58: what a fix must have.
fn check_sarif_fixes(result: &Value) {
    let Some(fixes) = result.get("fixes") else { return };
    for fix in fixes.as_array().expect("3.27.30") {
        assert!(fix["description"]["text"].is_string(), "3.55.2");
        let changes = fix["artifactChanges"].as_array().expect("3.55.3");
        assert!(!changes.is_empty(), "3.55.3");
        for change in changes {
            let replacements = change["replacements"].as_array().expect("3.56.3");
            assert!(!replacements.is_empty(), "3.56.3");
            for replacement in replacements {
                let region = &replacement["deletedRegion"];
                let artifact = &change["artifactLocation"];
                let place = serde_json::json!({"artifactLocation": artifact, "region": region});
                check_sarif_place(&place);
                assert!(replacement["insertedContent"]["text"].is_string(), "3.57.4");
            }
        }
    }
}

#[test]
fn sarif_shape_of_a_fix() {
    let (sources, span) = source("<A>\n  <B>b</B>\n</A>\n", "B");
    let mut diags = Diagnostics::default();
    let end = Span::new(span.file, 12, 13);
    diags.warning("GW104", span, "not so").help("write `C`").fix(span, "C").fix(end, "C");
    let mut log = SarifLog::default();
    log.add(ROOT, ROOT, &diags, &sources);
    let log = log.into_json(|_| None);
    let result = &log["runs"][0]["results"][0];
    check_sarif_fixes(result);
    expect![[r#"
        [
          {
            "description": {
              "text": "write `C`"
            },
            "artifactChanges": [
              {
                "artifactLocation": {
                  "uri": "proxies/shop/apiproxy/policies/X.xml"
                },
                "replacements": [
                  {
                    "deletedRegion": {
                      "startLine": 2,
                      "startColumn": 4,
                      "endLine": 2,
                      "endColumn": 5
                    },
                    "insertedContent": {
                      "text": "C"
                    }
                  },
                  {
                    "deletedRegion": {
                      "startLine": 2,
                      "startColumn": 9,
                      "endLine": 2,
                      "endColumn": 10
                    },
                    "insertedContent": {
                      "text": "C"
                    }
                  }
                ]
              }
            ]
          }
        ]"#]]
    .assert_eq(&format!("{:#}", result["fixes"]));
}

#[test]
fn edits_that_touch_wait() {
    let mut sources = SourceMap::default();
    let file = sources.add("a.xml", "0123456789".into());
    let at = |start, end| Span::new(file, start, end);
    let mut diags = Diagnostics::default();
    diags.warning("GW104", at(0, 1), "a").fix(at(2, 4), "x").fix(at(6, 7), "");
    diags.warning("GW104", at(1, 1), "touches the first").fix(at(3, 5), "y");
    diags.warning("GW104", at(2, 2), "one of two touches").fix(at(8, 9), "z").fix(at(6, 8), "z");
    diags.warning("GW104", at(3, 3), "touches itself").fix(at(8, 9), "z").fix(at(8, 9), "z");
    diags.warning("GW104", at(4, 4), "stands beside").fix(at(4, 5), "");
    diags.warning("GW104", at(5, 5), "inserts at an edge").fix(at(2, 2), "i");
    diags.warning("GW104", at(6, 6), "inserts").fix(at(10, 10), "!");
    diags.warning("GW104", at(7, 7), "is outside").fix(at(10, 11), "");
    let pass = apply_fixes(&diags, &sources);
    assert_eq!(pass.mended, 3);
    assert_eq!(pass.texts["a.xml"], "01x5789!");
}

proptest! {
    /// Bytes outside of the edits that were chosen stay, in their order.
    #[test]
    fn what_is_not_edited_stays(
        text in "[a-zé\r\n]{0,40}",
        edits in prop::collection::vec((0_usize..60, 0_usize..6, "[A-Z]{0,3}"), 0..8),
    ) {
        let mut sources = SourceMap::default();
        let file = sources.add("a.xml", text.as_str().into());
        let mut diags = Diagnostics::default();
        for (start, length, new) in &edits {
            let span = Span::new(file, *start, start + length);
            diags.warning("GW104", span, "not so").fix(span, new);
        }
        let pass = apply_fixes(&diags, &sources);
        let after = pass.texts.get("a.xml").map_or(text.as_str(), String::as_str);
        let kept: String = after.chars().filter(|c| !c.is_ascii_uppercase()).collect();
        // What is kept is the text without the places that were replaced.
        let mut rest = text.chars();
        prop_assert!(kept.chars().all(|c| rest.any(|other| other == c)));
        let (gone, new): (usize, usize) = edits.iter().fold((0, 0), |(gone, new), edit| {
            (gone + edit.1, new + edit.2.len())
        });
        prop_assert!(kept.len() + gone >= text.len() && after.len() <= text.len() + new);
    }
}

fn check_sarif_place(place: &Value) {
    let uri = place["artifactLocation"]["uri"].as_str().expect("3.4.3");
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~%:".contains(c);
    assert!(uri.chars().all(is_allowed), "RFC 3986: {uri}");
    let scheme = uri.split('/').next().unwrap_or_default();
    assert!(scheme == "file:" || !scheme.contains(':'), "RFC 3986, section 4.2: {uri}");
    let Some(region) = place.get("region") else { return };
    for field in ["startLine", "startColumn", "endLine", "endColumn"] {
        assert!(region[field].as_u64().is_some_and(|at| at >= 1), "3.30: {region}");
    }
    let at = |line: &str, column: &str| (region[line].as_u64(), region[column].as_u64());
    assert!(at("startLine", "startColumn") <= at("endLine", "endColumn"), "3.30: {region}");
}

#[test]
fn sarif_says_what_was_not_kept() {
    let mut diags = Diagnostics::default();
    for at in 0..1001 {
        diags.error("GW104", None, format!("number {at}"));
    }
    let mut log = SarifLog::default();
    log.add(ROOT, ROOT, &diags, &SourceMap::default());
    let log = log.into_json(|_| None);
    let told = &log["runs"][0]["invocations"][0];
    assert_eq!(told["executionSuccessful"], true, "3.20.14 is required");
    let text = &told["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(text, "1 more finding is not shown");
}

#[test]
fn github_shape_and_escapes() {
    let (diags, sources) = mixed();
    expect![[r#"
        ::warning file=proxies/shop/apiproxy/policies/X.xml,line=3,endLine=3,col=17,endColumn=17,title=PD003::`a\u{1b}[2J` is \u{1}taken%0Anote: the first one, proxies/shop/apiproxy/policies/X.xml:2:15%0Anote: names are unique%0Ahelp: rename it
        ::error file=proxies/shop,title=GW001::nothing\nhere
    "#]]
    .assert_eq(&render_github(ROOT, ROOT, &diags, &sources));
    let mut diags = Diagnostics::default();
    diags.warning("GW104", None, "100 %: a,b");
    let line = render_github("a:b,c%", "", &diags, &SourceMap::default());
    assert_eq!(line, "::warning file=a%3Ab%2Cc%25,title=GW104::100 %25: a,b\n");
    // A place that ends on another line has no columns.
    let (sources, span) = source("<A>\n</A>", "<A>\n</A>");
    let mut diags = Diagnostics::default();
    diags.error("GW104", span, "not so");
    let line = render_github("a", "a", &diags, &sources);
    assert!(
        line.starts_with("::error file=a/apiproxy/policies/X.xml,line=1,endLine=2,title="),
        "{line}"
    );
}

#[test]
fn junit_shape() {
    let (diags, sources) = mixed();
    let mut report = JunitReport::new(Failing::Errors);
    report.add("proxies/a&b", ROOT, &diags, &sources);
    report.add("proxies/fine", ROOT, &Diagnostics::default(), &sources);
    let text = report.into_xml().expect("memory takes it");
    roxmltree::Document::parse(&text).expect("well-formed");
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="tollgate lint" tests="3" failures="1" errors="0">
          <testsuite name="proxies/a&amp;b" tests="2" failures="1" errors="0" skipped="0">
            <testcase classname="proxies/a&amp;b" name="PD003 proxies/shop/apiproxy/policies/X.xml:3:17">
              <system-out>proxies/shop/apiproxy/policies/X.xml:3:17: warning[PD003]: `a�[2J` is �taken
        note: the first one
        note: names are unique
        help: rename it</system-out>
            </testcase>
            <testcase classname="proxies/a&amp;b" name="GW001 proxies/a&amp;b">
              <failure type="error" message="nothing&#10;here">proxies/a&amp;b: error[GW001]: nothing
        here</failure>
            </testcase>
          </testsuite>
          <testsuite name="proxies/fine" tests="1" failures="0" errors="0" skipped="0">
            <testcase classname="proxies/fine" name="lint"/>
          </testsuite>
        </testsuites>
    "#]]
    .assert_eq(&text);
}

#[test]
fn junit_fails_warnings_where_they_count() {
    let (diags, sources) = mixed();
    for (failing, failures) in [(Failing::Errors, "1"), (Failing::ErrorsAndWarnings, "2")] {
        let mut report = JunitReport::new(failing);
        report.add("a", ROOT, &diags, &sources);
        let text = report.into_xml().expect("memory takes it");
        let document = roxmltree::Document::parse(&text).expect("well-formed");
        assert_eq!(document.root_element().attribute("failures"), Some(failures), "{text}");
    }
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
        let github = render_github("", "", &diags, &sources);
        prop_assert_eq!(github.lines().count(), 1);
        prop_assert!(!github.trim_end_matches('\n').chars().any(char::is_control), "{:?}", github);
        let mut report = JunitReport::new(Failing::Errors);
        report.add(&text, "", &diags, &sources);
        let junit = report.into_xml().expect("memory takes it");
        prop_assert!(roxmltree::Document::parse(&junit).is_ok(), "{:?}", junit);
        let mut log = SarifLog::default();
        log.add(&text, "", &diags, &sources);
        let log = log.into_json(|_| None);
        check_sarif_place(&log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]);
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
