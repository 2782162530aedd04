use std::collections::BTreeMap;

use proptest::prelude::{any, proptest};
use proptest::{prop_assert, prop_assert_eq};
use regex::Regex;

use super::page::{FUNCTION_SECTIONS, FunctionPage};
use super::*;
use crate::message::Value;
use crate::template::Unresolved;
use crate::template::tests::{cx, parse};

const PAGE: &str = include_str!("../../../docs/functions.md");

#[track_caller]
fn render(text: &str, variables: &[(&str, &str)]) -> String {
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
    let cx = cx(&variables);
    let (template, _) = parse(text, "{", "}");
    let rendered = template.render(&cx, Unresolved::Fails).unwrap();
    rendered.into_owned()
}

#[track_caller]
fn check(text: &str, variables: &[(&str, &str)], expected: &str) {
    assert_eq!(render(text, variables), expected, "{text} with {variables:?}");
}

/// One case for each row of the table.
#[test]
fn each_function_computes_its_result() {
    let cases: &[(&str, &str, &str)] = &[
        ("md5Hex", "'abc'", "900150983cd24fb0d6963f7d28e17f72"),
        ("md5Base64", "'abc'", "kAFQmDzST7DWlj99KOF/cg=="),
        ("sha1Hex", "'abc'", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha1Base64", "'abc'", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
        ("sha256Hex", "'abc'", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("sha256Base64", "'abc'", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        (
            "sha384Hex",
            "''",
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da\
             274edebfe76f65fbd51ad2f14898b95b",
        ),
        ("sha384Base64", "''", "OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"),
        (
            "sha512Hex",
            "''",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
             47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
        ),
        (
            "sha512Base64",
            "''",
            "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6\
             +SfaPg==",
        ),
        // RFC 2202 and RFC 4231, test case 2.
        ("hmacMd5", "jefe,question,'utf-8','hex'", "750c783e6ab0b503eaa86e310a5db738"),
        ("hmacSha1", "jefe,question,utf-8,base16", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (
            "hmacSha224",
            "'4a656665',question,'HEX','hex'",
            "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
        ),
        (
            "hmacSha256",
            "'SmVmZQ==',question,'base64'",
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
        ),
        (
            "hmacSha384",
            "jefe,question,'UTF-8','Base16'",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e\
             8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            "hmacSha512",
            "jefe,question",
            "Fkt6e/z4GeLjlfvnO1bgo4e9ZCIugx/WECcM1+olBVSXWL91wFqZSm0DT2X48Ob9yuqxo01Ka0tjbgcK\
             OLznNw==",
        ),
        ("encodeBase64", "city", "WsO8cmljaA=="),
        ("decodeBase64", "'WsO8cmljaA=='", "Zürich"),
        ("toUpperCase", "city", "ZÜRICH"),
        ("toLowerCase", "foo.bar:FOO", "foo"),
        ("substring", "alpha,22", "WXYZ"),
        ("replaceAll", "alpha,'[C-W]',''", "ABXYZ"),
        ("replaceFirst", "alpha,'[C-W]',''", "ABDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("firstnonnull", "unset,empty,alpha", ""),
        ("escapeJSON", "quoted", r#"\"a\\"#),
        ("escapeXML", "markup", "&lt;a b=&apos;&quot;&apos;/&gt;&amp;\n"),
        ("escapeXML11", "markup", "&lt;a b=&apos;&quot;&apos;/&gt;&amp;\n"),
        ("encodeHTML", "markup", "&lt;a b=&#39;&quot;&#39;/&gt;&amp;\n"),
        ("timeFormat", "'yyyyMMddHHmmss','1494390266'", "20170510042426"),
        ("timeFormatMs", "'yyyyMMddHHmmssSSS',1494390266007", "20170510042426007"),
        ("timeFormatUTC", "'yyyyMMddHHmmss',1494390266", "20170510042426"),
        ("timeFormatUTCMs", "'yyyyMMddHHmmss','1494390266007'", "20170510042426"),
        ("createUuid", "", "/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/"),
        ("randomLong", "", "/-?[0-9]{1,19}/"),
        ("xeger", "'[0-9]{3}'", "/[0-9]{3}/"),
        ("jsonPath", "'$.pets',json", "tom"),
        ("xpath", "'//p:b',xml,'p:urn:p'", r#"<p:b xmlns:p="urn:p">1</p:b>"#),
        ("xPath", "'/a/@n',xml", "7"),
    ];
    let variables = [
        ("alpha", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("city", "Zürich"),
        ("empty", ""),
        ("jefe", "Jefe"),
        ("question", "what do ya want for nothing?"),
        ("quoted", r#""a\"#),
        ("markup", "<a b='\"'/>&\n"),
        ("json", r#"{"pets": ["tom", "ann"], "n": 1.50}"#),
        ("xml", "<a n='7'><p:b xmlns:p='urn:p'>1</p:b></a>"),
    ];
    for (name, arguments, expected) in cases {
        let rendered = render(&format!("{{{name}({arguments})}}"), &variables);
        let pattern = expected.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        match pattern {
            Some(pattern) => {
                let regex = Regex::new(&format!("^{pattern}$")).unwrap();
                assert!(regex.is_match(&rendered), "{name} gives {rendered}");
            }
            None => assert_eq!(rendered, *expected, "{name}({arguments})"),
        }
    }
    let names: Vec<_> = cases.iter().map(|(name, ..)| *name).collect();
    let rows: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
    assert_eq!(names, rows, "one case for each row");
}

#[test]
fn keys_and_codes_have_encodings() {
    for (text, expected) in [
        ("{hmacMd5('key','abc','hex')}", ""), // `key` is no hexadecimal number,
        ("{hmacMd5('6b657','abc','hex')}", ""), // nor is half a byte,
        ("{hmacMd5('***','abc','base64')}", ""),
        ("{hmacMd5('6B6579','abc','base16','hex')}", "d2fe98063f876b03193afb49b4979591"),
        ("{hmacMd5('key','abc',encoding,encoding)}", ""),
        ("{hmacMd5('','','utf8','hex')}", "74e6f7298a9c2d168935f58c001bad88"),
    ] {
        check(text, &[("encoding", "rot13")], expected);
    }
}

#[test]
fn only_standard_base64_is_decoded() {
    for (text, expected) in [
        ("Pz8/", "???"),
        ("Pz8_", ""), // The alphabet for URLs.
        ("YQ==", "a"),
        ("YQ", "a"), // As Java: padding or none.
        ("YR==", "a"),
        ("Y", ""),
        ("Y Q=", ""),
        ("", ""),
        ("/w==", "\u{FFFD}"), // Unknown: bytes that are no text.
    ] {
        check("{decodeBase64(a)}", &[("a", text)], expected);
    }
}

#[test]
fn contents_that_are_no_text_are_taken_as_bytes() {
    let bytes = Value::from_bytes(vec![0xFF, 0xFE].into());
    let cx = cx(&[("a", bytes)]);
    for (text, expected) in
        [("{encodeBase64(a)}", "//4="), ("{md5Hex(a)}", "f3b25701fe362ec84616a93a45ce9998")]
    {
        let (template, _) = parse(text, "{", "}");
        assert_eq!(template.render(&cx, Unresolved::Fails).unwrap(), expected, "{text}");
    }
}

#[test]
fn substrings_are_cut_by_indices_from_either_end() {
    for (text, start, end, expected) in [
        ("ABCDEFG", "-4", "", "DEFG"),
        ("ABCDEFG", "0", "3", "ABC"),
        ("ABCDEFG", "-4", "-2", "DE"),
        ("ABCDEFG", "2", "-2", "CDE"),
        ("ABCDEFG", "0", "7", "ABCDEFG"),
        ("ABCDEFG", "0", "8", "ABCDEFG"),
        ("ABCDEFG", "7", "", ""),
        ("ABCDEFG", "8", "", ""),
        ("ABCDEFG", "-7", "1", "A"),
        ("ABCDEFG", "-8", "1", "A"),
        ("ABCDEFG", "4", "2", ""),
        ("ABCDEFG", "x", "", ""),
        ("ABCDEFG", "1.5", "", ""),
        ("ABCDEFG", " 5 ", "", "FG"),
        ("ABCDEFG", "-9223372036854775808", "9223372036854775807", "ABCDEFG"),
        ("ABCDEFG", "9223372036854775808", "", ""),
        ("", "0", "1", ""),
        ("Zürich", "1", "2", "ü"),
        ("Zürich", "-4", "", "rich"),
        ("a😀b", "1", "3", "😀"), // Two units, as Java counts.
        ("a😀b", "1", "2", ""),
        ("a😀b", "0", "2", "a"),
        ("a😀b", "2", "", "b"),
    ] {
        let (template, variables) = if end.is_empty() {
            ("{substring(text,start)}", vec![("text", text), ("start", start)])
        } else {
            ("{substring(text,start,end)}", vec![("text", text), ("start", start), ("end", end)])
        };
        check(template, &variables, expected);
    }
    // The examples of the documentation.
    let variables = [("alpha", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), ("seven", "7")];
    for (arguments, expected) in
        [("22", "WXYZ"), ("-4", "WXYZ"), ("-8,-4", "STUV"), ("0,seven", "ABCDEFG")]
    {
        check(&format!("{{substring(alpha,{arguments})}}"), &variables, expected);
    }
}

#[test]
fn replacing_takes_patterns_from_texts_and_variables() {
    for (text, pattern, value, all, first) in [
        ("https://a/b//c", r"\/(.)*", "", "https:", "https:"),
        (r#"["1"]"#, r#"\[\"{0,1}|\"{0,1}\]"#, "", "1", r#"1"]"#),
        ("none", "^none$", "n", "n", "n"),
        ("aaa", "a", "b", "bbb", "baa"),
        ("aaa", "[", "b", "", ""),
        ("aaa", "a", "$1", "", ""),
        ("tom", "(?<n>o)", "<${n}$1>", "t<oo>m", "t<oo>m"),
    ] {
        let variables = [("t", text), ("p", pattern), ("v", value)];
        check("{replaceAll(t,p,v)}", &variables, all);
        check("<{replaceFirst(t,p,v)}>", &variables, &format!("<{first}>"));
    }
}

#[test]
fn first_non_null_takes_the_left_most_value() {
    let variables = [("a", "1"), ("empty", "")];
    check("{firstnonnull(unset,a,'x')}", &variables, "1");
    check("{firstnonnull(unset,empty,a)}", &variables, "");
    check("{firstnonnull(unset,'x')}", &variables, "x");
    check("{firstnonnull(unset:d,a)}", &variables, "d");
    check("<{firstnonnull(unset)}>", &variables, "<>");
}

#[test]
fn special_characters_are_escaped() {
    let text = "\0\u{1}\u{8}\t\n\u{C}\r\u{1F} \u{7F}\u{85}/é\u{FFFE}😀";
    for (function, expected) in [
        ("escapeJSON", "\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f \u{7F}\u{85}/é\u{FFFE}😀"),
        ("escapeXML", "\t\n\r &#127;\u{85}/é😀"),
        ("escapeXML11", "&#1;&#8;\t\n&#12;\r&#31; &#127;\u{85}/é😀"),
        ("encodeHTML", text),
    ] {
        check(&format!("{{{function}(a)}}"), &[("a", text)], expected);
    }
}

#[test]
fn times_need_a_format_and_a_number() {
    for (format, time, expected) in [
        ("yyyy", "0", "1970"),
        ("yyyy-MM-dd'T'HH", "-1", "1969-12-31T23"),
        ("yyyy", "x", ""),
        ("yyyy", "", ""),
        ("b", "0", ""),
        ("'", "0", ""),
        ("", "0", ""),
        ("yyyy", "9223372036854775807", ""),
    ] {
        check("<{timeFormatUTC(f,t)}>", &[("f", format), ("t", time)], &format!("<{expected}>"));
    }
}

#[test]
fn random_numbers_keep_their_bounds() {
    for (arguments, expected) in [
        ("5,5", "5"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808,-9223372036854775808", "-9223372036854775808"),
        ("2,1", ""),
        ("x,1", ""),
    ] {
        check(&format!("{{randomLong({arguments})}}"), &[("x", "y")], expected);
    }
    let seen: std::collections::BTreeSet<_> =
        (0..200).map(|_| render("{randomLong(-1,1)}", &[])).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["-1", "0", "1"]);
    assert_ne!(render("{randomLong()}", &[]), render("{randomLong()}", &[]));
}

#[test]
fn results_are_bounded() {
    let long = "a".repeat(1 << 20);
    let variables = [("long", long.as_str()), ("pattern", "(a{9999}){9999}"), ("twice", "$0$0")];
    check("<{replaceAll(long,'.*',long)}>", &variables, &format!("<{long}{long}>"));
    check("<{replaceAll(long,'a',long)}>", &variables, "<>");
    let doubled = render("{replaceAll(long,'a',twice)}", &variables);
    assert_eq!(doubled.len(), 2 << 20);
    check("<{xeger(pattern)}>", &variables, "<>");
    check("<{xeger(long)}>", &variables, "<>");
    check("<{replaceAll(long,long,'')}>", &variables, "<>");
}

/// The cells of each row in the tables under the heading, without their back quotes.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn code(cell: &str) -> &str {
    cell.split('`').nth(1).unwrap_or("")
}

#[test]
fn the_page_shows_each_function_with_its_result() {
    let values: Vec<_> =
        rows("Examples").into_iter().map(|row| (code(row[0]), code(row[1]))).collect();
    let mut variables: Vec<_> =
        values.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
    // The clock of a test stands; this is a variable that the clock gives.
    variables.retain(|(name, _)| *name != "system.timestamp");
    let patterns = BTreeMap::from(BY_CHANCE);
    let mut shown = Vec::new();
    for page in FUNCTION_SECTIONS.iter().flat_map(|section| section.functions) {
        let FunctionPage { call, example, result, .. } = page;
        shown.push(page.name());
        let mut cx = cx(&variables);
        cx.clock = crate::clock::Clock::manual(1_494_390_266_007);
        let (template, diags) = parse(example, "{", "}");
        assert!(diags.is_empty(), "{example}");
        let rendered = template.render(&cx, Unresolved::Fails).unwrap();
        match patterns.get(page.name()) {
            Some(pattern) => {
                let regex = Regex::new(&format!("^{pattern}$")).unwrap();
                assert!(regex.is_match(&rendered) && regex.is_match(result), "{example}");
            }
            None => assert_eq!(rendered, *result, "{example}"),
        }
        let arity = arity(call);
        assert_eq!(find(page.name()).map(|row| row.arity.clone()), Some(arity), "{call}");
    }
    let names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
    assert_eq!(shown, names, "each function once, in the order of the table");
}

/// Functions whose results are not known beforehand, and what they look like.
const BY_CHANCE: [(&str, &str); 3] = [
    ("createUuid", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("randomLong", "[1-7]"),
    ("xeger", "[A-Z]{2}-[0-9]{4}"),
];

/// How many arguments a call such as `f(a,b[,c])` has.
fn arity(call: &str) -> RangeInclusive<usize> {
    let (_, arguments) = call.split_once('(').unwrap();
    let arguments = arguments.strip_suffix(')').unwrap();
    let (required, optional) = arguments.split_once('[').unwrap_or((arguments, ""));
    let count = |list: &str| list.split(',').filter(|each| !each.is_empty()).count();
    let is_open = arguments.contains("...");
    let least = count(required) - usize::from(required.contains("..."));
    let most = if is_open { usize::MAX } else { least + count(optional.trim_matches(']')) };
    least..=most
}

#[test]
fn the_page_of_functions_is_the_table() {
    let head = "| function | example | result |\n|---|---|---|\n";
    let parts: Vec<(&str, String)> = FUNCTION_SECTIONS
        .iter()
        .map(|section| {
            let rows: String = section.functions.iter().map(row_of).collect();
            (section.title, format!("{head}{rows}"))
        })
        .collect();
    crate::generated::check("docs/functions.md", &parts);
}

fn row_of(page: &FunctionPage) -> String {
    let FunctionPage { call, note, example, result } = page;
    let colon = if note.is_empty() { "" } else { ": " };
    let is_by_chance = BY_CHANCE.iter().any(|(name, _)| *name == page.name());
    let such = if is_by_chance { "such as " } else { "" };
    format!("| `{call}`{colon}{note} | `{example}` | {such}`{result}` |\n")
}

proptest! {
    #[test]
    fn substrings_are_those_of_utf_16(text in "[a-cé😀]{0,12}", start in -14..14_i64, end in -14..14_i64) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let place = |index: i64| {
            let count = units.len() as i64;
            (if index < 0 { count + index } else { index }).clamp(0, count) as usize
        };
        let cut = units.get(place(start)..place(end)).unwrap_or_default();
        // Half a pair is left out.
        let expected: String = char::decode_utf16(cut.iter().copied()).flatten().collect();
        let rendered =
            render("{substring(t,s,e)}", &[("t", &text), ("s", &start.to_string()), ("e", &end.to_string())]);
        prop_assert_eq!(rendered, expected);
    }

    #[test]
    fn what_is_encoded_is_decoded(text in any::<String>()) {
        let encoded = render("{encodeBase64(a)}", &[("a", &text)]);
        prop_assert_eq!(render("{decodeBase64(a)}", &[("a", &encoded)]), text);
    }

    #[test]
    fn escaped_json_reads_back(text in any::<String>()) {
        let escaped = render("{escapeJSON(a)}", &[("a", &text)]);
        let read: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
        prop_assert_eq!(read, text);
    }

    #[test]
    fn escaped_xml_reads_back(text in "[ -~é😀\n\u{7F}]{0,30}") {
        let escaped = render("{escapeXML(a)}", &[("a", &text)]);
        let xml = format!("<a>{escaped}</a>");
        let read = roxmltree::Document::parse(&xml).unwrap();
        prop_assert!(read.root_element().text().unwrap_or("") == text);
    }
}

#[test]
fn paths_find_values_in_payloads() {
    let variables = [
        ("json", r#"{"pets": ["tom", "ann"], "n": 1.50, "none": null, "o": {"a": 1}}"#),
        ("xml", "<a n='7'><b>1</b><b>2</b></a>"),
        ("broken", "{<"),
        ("path", "$.n"),
    ];
    for (template, expected) in [
        ("{jsonPath('$.pets[1]',json)}", "ann"),
        ("{jsonPath('$.pets',json,'true')}", r#"["tom","ann"]"#),
        ("{jsonPath('$.pets[*]',json)}", "tom"),
        ("{jsonPath(path,json)}", "1.5"),
        ("{jsonPath('$.o',json)}", r#"{"a":1}"#),
        ("{jsonPath('$.none',json)}", ""),
        ("{jsonPath('$.absent',json)}", ""),
        ("{jsonPath('$.a',broken)}", ""),
        ("{jsonPath('$[',json)}", ""),
        ("{xpath('/a/b',xml)}", "<b>1</b><b>2</b>"),
        ("{xpath('/a/b',xml,'node')}", "<b>1</b>"),
        ("{xpath('/a/b/text()',xml)}", "12"),
        ("{xpath('/a/b',xml,'string')}", "1"),
        ("{xpath('count(/a/b)',xml)}", "2"),
        ("{xpath('/a/b',xml,'number')}", "1"),
        ("{xpath('/a/c',xml,'boolean')}", "false"),
        ("{xpath('/a/c',xml)}", ""),
        ("{xpath('/a[',xml)}", ""),
        ("{xpath('/a',broken)}", ""),
    ] {
        assert_eq!(render(template, &variables), expected, "{template}");
    }
}

#[test]
fn a_path_declares_ten_namespaces() {
    for (namespaces, expected) in [(10, "1"), (11, "")] {
        let declared: String = (1..=namespaces).map(|n| format!(",'p{n}:urn:{n}'")).collect();
        let template = format!("{{xpath('string(/p{namespaces}:a)',xml{declared})}}");
        let xml = format!("<a xmlns='urn:{namespaces}'>1</a>");
        assert_eq!(render(&template, &[("xml", &xml)]), expected, "{namespaces}");
    }
}
