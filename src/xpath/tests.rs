use proptest::prelude::{any, proptest};
use proptest::prop_assert;

use super::*;

const NAMESPACES: &[(&str, &str)] = &[("p", "urn:p"), ("d", "urn:d")];

const DOCUMENT: &str = "<r xmlns:p='urn:p' a='1' xml:lang='en-GB'><?go on?><!--note-->\
    <b z='3'>x</b><p:b>2</p:b><b>y<c/>w<c><b>4</b></c></b><e xmlns='urn:d' p:q='v'/><n> 7 </n></r>";

#[track_caller]
fn compile(expr: &str) -> XPath {
    match XPath::compile(expr, NAMESPACES) {
        Ok(compiled) => compiled,
        Err(error) => panic!("{expr}: {error} at {}..{}", error.start, error.end),
    }
}

/// A set as the names of its nodes, values of those without name in quotes; others as text.
#[track_caller]
fn show(text: &str, expr: &str) -> String {
    let tree = XmlTree::parse(text.as_bytes()).expect(text);
    let compiled = compile(expr);
    let value = compiled.evaluate(&tree, tree.root()).expect(expr);
    assert_eq!(compiled.returns_nodeset(), matches!(value, Value::NodeSet(_)), "{expr}");
    match value {
        Value::NodeSet(nodes) => {
            let name = |node: &Node| match tree.name(*node) {
                "" => format!("{:?}", tree.string_value(*node)),
                name => name.to_owned(),
            };
            nodes.iter().map(name).collect::<Vec<_>>().join(" ")
        }
        other => other.into_string(&tree).into_owned(),
    }
}

#[track_caller]
fn check(expr: &str, expected: &str) {
    assert_eq!(show(DOCUMENT, expr), expected, "{expr}");
}

#[test]
fn axes_and_tests() {
    for (expr, expected) in [
        ("/", "\"xy\""),
        ("/r/b", "b b"),
        ("/*", "r"),
        ("r", "r"),
        ("/r/p:b", "p:b"),
        ("/r/p:*", "p:b"),
        ("/r/e", ""),
        ("/r/d:e", "e"),
        ("/r/d:e/@q", ""),
        ("/r/d:e/@p:q", "p:q"),
        ("/r/@*", "a xml:lang"),
        ("/r/@xml:lang", "xml:lang"),
        ("//b", "b b b"),
        ("//b[2]", "b"),
        ("(//b)[3]", "b"),
        ("//c/..", "b"),
        ("//c[1]/preceding-sibling::node()", "\"y\""),
        ("//b/text()", "\"x\" \"y\" \"w\" \"4\""),
        ("//comment()", "\"note\""),
        ("//processing-instruction()", "go"),
        ("//processing-instruction('go')", "go"),
        ("//processing-instruction('no')", ""),
        ("//c/ancestor::*", "r b"),
        ("//c/b/ancestor-or-self::*[1]", "b"),
        ("//c/b/ancestor::*[last()]", "r"),
        ("//c[2]/preceding::*", "b p:b c"),
        ("//c[2]/preceding::*[1]", "c"),
        ("//p:b/following::*", "b c c b e n"),
        ("//p:b/following-sibling::*[1]", "b"),
        ("//p:b/preceding-sibling::*[1]", "b"),
        ("//b/descendant::b", "b"),
        ("//b/descendant-or-self::b", "b b b"),
        ("//b/self::p:b", ""),
        ("//@z/parent::*", "b"),
        ("//@z/following::*", "p:b b c c b e n"),
        ("//@z/..//text()", "\"x\""),
        ("//@*/node()", ""),
        ("//c/b | /r/@a | //p:b | /r/b", "a b p:b b b"),
        ("/r/d:e/namespace::*", "xml p \"\""),
        ("/r/namespace::p", "p"),
        ("/r/namespace::p/..", "r"),
        ("string(/r/namespace::p)", "urn:p"),
        ("//b[@z]", "b"),
        ("//b[not(@z)]", "b b"),
        ("//b[@z='3']/@z", "z"),
        ("//b[c]", "b"),
        ("//b[.='x']", "b"),
        ("//b[position()=last()]", "b b"),
        ("//b[true()][2]", "b"),
        ("//*[self::b or self::n]", "b b b n"),
        ("(//b)[position() > 1][1]", "b"),
        ("//b[count(c) = 2]//b", "b"),
        ("/r/b[last()]/c[last()]/b", "b"),
        ("/r/n/text()[. = 7]", "\" 7 \""),
        ("id('x')", ""),
        ("/descendant::b[3]", "b"),
        ("/r/child::*/child::*", "c c"),
        (". | /r", "\"xy\" r"),
    ] {
        let shown = show(DOCUMENT, expr);
        let expected =
            expected.replace("\"xy\"", "\"x2yw4 7 \"").replace("xml p \"\"", "xml p \"urn:d\"");
        assert_eq!(shown, expected, "{expr}");
    }
}

#[test]
fn operators() {
    for (expr, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 mod 3", "1"),
        ("-7 mod 3", "-1"),
        ("7 mod -3", "1"),
        ("1.5 mod 0.5", "0"),
        ("1 div 0", "Infinity"),
        ("-1 div 0", "-Infinity"),
        ("0 div 0", "NaN"),
        ("--2", "2"),
        ("---2", "-2"),
        ("- '3'", "-3"),
        ("--/r/n", "7"),
        ("6 div 2 div 3", "1"),
        ("5 - 2 - 1", "2"),
        ("1 = 1 = 1", "true"),
        ("3 > 2 > 1", "false"),
        ("1 < 2 = true()", "true"),
        ("1 or 0 and 0", "true"),
        ("'a' = 'a' and 'a' != 'b'", "true"),
        ("'1' = 1", "true"),
        ("'1.0' = '1'", "false"),
        ("'1.0' = 1", "true"),
        ("'a' = true()", "true"),
        ("'' = false()", "true"),
        ("'b' > 'a'", "false"),
        ("'2' > '1'", "true"),
        ("0 div 0 = 0 div 0", "false"),
        ("0 div 0 != 0 div 0", "true"),
        ("//b = 'x'", "true"),
        ("//b != 'x'", "true"),
        ("'x' = //b", "true"),
        ("//b = 4", "true"),
        ("//b > 3", "true"),
        ("4 < //b", "false"),
        ("//none = //b", "false"),
        ("//none != //b", "false"),
        ("//none = ''", "false"),
        ("//none = false()", "true"),
        ("//b = true()", "true"),
        ("//none <= false()", "true"),
        ("//c/b = /r/n", "false"),
        ("/r/@a != /r/@a", "false"),
        ("//b != //b", "true"),
        ("/r/@a < //p:b", "true"),
        ("/r/@a >= //p:b", "false"),
        ("//b < //b", "false"),
        ("//b <= //b", "true"),
        ("/r/@a|/r/n", "a n"),
        ("/r/@a*2", "2"),
        ("/r/@a * /r/n", "7"),
        ("//div * 2", "NaN"),
        ("-/r/@a", "-1"),
        ("/ = 'x'", "false"),
        // `x-1` is a name.
        ("boolean(x-1)", "false"),
        ("x -1", "NaN"),
    ] {
        check(expr, expected);
    }
}

#[test]
fn names_that_are_also_operators() {
    let text = "<and><or>1</or><div>8</div><mod>3</mod><text>t</text></and>";
    for (expr, expected) in [
        ("and/or", "or"),
        ("and/div div and/mod", "2.6666666666666665"),
        ("and/div mod and/mod", "2"),
        ("and and and/or or or", "true"),
        ("and/*[. * . = 64]", "div"),
        ("and/* [1]", "or"),
        // Behind a `/` it is a name.
        ("/ and/text", "text"),
        ("(/) and /and/text", "true"),
        ("/and/text/text()", "\"t\""),
        ("//and/child::div", "div"),
        ("and/@*", ""),
    ] {
        assert_eq!(show(text, expr), expected, "{expr}");
    }
}

#[test]
fn functions() {
    for (expr, expected) in [
        ("last()", "1"),
        ("position()", "1"),
        ("count(//b)", "3"),
        ("local-name(//p:b)", "b"),
        ("name(//p:b)", "p:b"),
        ("namespace-uri(//p:b)", "urn:p"),
        ("namespace-uri(//d:e)", "urn:d"),
        ("namespace-uri(//@p:q)", "urn:p"),
        ("namespace-uri(//@a)", ""),
        ("name(/)", ""),
        ("name(//none)", ""),
        ("name(//comment())", ""),
        ("name(//processing-instruction())", "go"),
        ("local-name(/r/namespace::p)", "p"),
        ("//*[name() = 'p:b']", "p:b"),
        ("string(//b)", "x"),
        ("string(//none)", ""),
        ("string(//processing-instruction())", "on"),
        ("string(true())", "true"),
        ("string(12.50)", "12.5"),
        ("string(.5)", "0.5"),
        ("string(5.)", "5"),
        ("string(-0)", "0"),
        ("string(0.1 + 0.2)", "0.30000000000000004"),
        ("string(1000000 * 1000000 * 1000000 * 1000000)", "1000000000000000000000000"),
        ("string(1 div 1000000000)", "0.000000001"),
        ("concat('a', 1, true())", "a1true"),
        ("starts-with('abc', 'ab')", "true"),
        ("starts-with('abc', '')", "true"),
        ("contains('abc', 'bc')", "true"),
        ("contains('abc', '')", "true"),
        ("contains('abc', 'x')", "false"),
        ("substring-before('1999/04/01', '/')", "1999"),
        ("substring-after('1999/04/01', '/')", "04/01"),
        ("substring-before('a', 'x')", ""),
        ("substring-after('a', 'x')", ""),
        ("substring-after('a', '')", "a"),
        ("substring('12345', 2)", "2345"),
        ("substring('12345', 2, 3)", "234"),
        ("substring('12345', 1.5, 2.6)", "234"),
        ("substring('12345', 0, 3)", "12"),
        ("substring('12345', 0 div 0, 3)", ""),
        ("substring('12345', 1, 0 div 0)", ""),
        ("substring('12345', -42, 1 div 0)", "12345"),
        ("substring('12345', -1 div 0, 1 div 0)", ""),
        ("substring('añb', 2, 1)", "ñ"),
        ("string-length('añ𝄞')", "3"),
        ("string-length()", "8"),
        ("normalize-space(' a \n b\t')", "a b"),
        ("normalize-space(/r/n)", "7"),
        ("translate('bar', 'abc', 'AB')", "BAr"),
        ("translate('--aaa--', 'abc-', 'ABC')", "AAA"),
        ("translate('aaa', 'aa', 'bc')", "bbb"),
        ("boolean(0 div 0)", "false"),
        ("boolean(-0)", "false"),
        ("boolean('false')", "true"),
        ("boolean(//none)", "false"),
        ("not(1)", "false"),
        ("boolean(/r[lang('en')])", "true"),
        ("boolean(//c[lang('EN-gb')])", "true"),
        ("boolean(//c[lang('e')])", "false"),
        ("lang('en')", "false"),
        ("number('  -12.5 ')", "-12.5"),
        ("number('+1')", "NaN"),
        ("number('1e3')", "NaN"),
        ("number('.5')", "0.5"),
        ("number('5.')", "5"),
        ("number('.')", "NaN"),
        ("number('-')", "NaN"),
        ("number('')", "NaN"),
        ("number('Infinity')", "NaN"),
        ("number(true())", "1"),
        ("number(/r/n)", "7"),
        ("number()", "NaN"),
        ("sum(//p:b | /r/n)", "9"),
        ("sum(//b)", "NaN"),
        ("sum(//none)", "0"),
        ("floor(2.6)", "2"),
        ("floor(-2.5)", "-3"),
        ("ceiling(2.1)", "3"),
        ("1 div ceiling(-0.5)", "-Infinity"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-2"),
        ("round(0.49999999999999994)", "0"),
        ("1 div round(-0.2)", "-Infinity"),
        ("round(0 div 0)", "NaN"),
        ("round(1 div 0)", "Infinity"),
        ("true() and not(false())", "true"),
    ] {
        check(expr, expected);
    }
}

#[test]
fn kinds_are_known_when_compiled() {
    for (expr, expected) in [
        ("//b", true),
        ("//b | //c", true),
        ("(//b)[1]", true),
        ("id('a')", true),
        ("(//b)", true),
        ("/", true),
        ("count(//b)", false),
        ("string(//b)", false),
        ("//b = 1", false),
        ("'a'", false),
        ("-//b", false),
    ] {
        assert_eq!(compile(expr).returns_nodeset(), expected, "{expr}");
    }
}

#[test]
fn the_context_is_any_node() {
    let tree = XmlTree::parse(DOCUMENT.as_bytes()).unwrap();
    let b = compile("//p:b");
    let Ok(Value::NodeSet(nodes)) = b.evaluate(&tree, tree.root()) else { panic!("nodes") };
    for (expr, expected) in
        [(".", "2"), ("../@a", "1"), ("/r/@a", "1"), ("preceding-sibling::b", "x")]
    {
        let compiled = compile(expr);
        let value = compiled.evaluate(&tree, nodes[0]).unwrap();
        assert_eq!(value.into_string(&tree), expected, "{expr}");
    }
}

#[test]
fn errors_have_a_place() {
    for (expr, at, message) in [
        ("", "", "the expression is empty"),
        ("  ", "  ", "the expression is empty"),
        ("//", "", "a name is missing"),
        ("/r/", "", "a name is missing"),
        ("//[", "[", "`[` where a name should stand"),
        ("/r[", "", "a value is missing"),
        ("/r[1", "", "`]` is missing"),
        ("/r]", "]", "`]` where an operator should stand"),
        ("(1", "(", "this `(` is never closed"),
        ("1 +", "", "a value is missing"),
        ("a b", "b", "`b` where an operator should stand"),
        ("a 'b'", "'b'", "`'b'` where an operator should stand"),
        ("'a", "'a", "this quote is never closed"),
        ("a # b", "#", "`#` does not belong into an expression"),
        ("1 ! 2", "!", "`!` does not belong into an expression"),
        ("$x + 1", "$x", "variables have no values here"),
        ("$p:x", "$p:x", "variables have no values here"),
        ("q:a", "q:a", "prefix `q` is not declared"),
        ("@q:*", "q:*", "prefix `q` is not declared"),
        ("nope()", "nope", "`nope` is no function"),
        ("p:nope()", "p:nope", "`p:nope` is no function"),
        ("matches('a', 'b')", "matches", "`matches` is no function"),
        ("concat('a')", "concat", "`concat` does not take 1 arguments"),
        ("true(1)", "true", "`true` does not take 1 arguments"),
        ("count(1)", "1", "this gives no nodes"),
        ("sum('a' | //b)", "'a'", "this gives no nodes"),
        ("//b | count(//c)", "count(//c)", "this gives no nodes"),
        ("'a'[1]", "'a'", "this gives no nodes"),
        ("(1 + 2)/a", "(1 + 2)", "this gives no nodes"),
        ("count(//b", "count", "`count(` is never closed"),
        ("up::a", "up", "`up` is no axis"),
        ("child::", "", "a name is missing"),
        ("element()", "element", "`element` is no function"),
        ("child::element()", "element", "`element` is no kind of node"),
        ("text('a')", "'a'", "`'a'` where `)` should stand"),
        ("//@/b", "/", "`/` where a name should stand"),
    ] {
        let error = XPath::compile(expr, NAMESPACES).expect_err(expr);
        assert_eq!(error.message, message, "{expr}");
        assert_eq!(&expr[error.start..error.end], at, "{expr}");
    }
}

#[test]
fn limits_hold_on_both_sides() {
    let long = |bytes: usize| "a".repeat(bytes);
    assert!(XPath::compile(&long(EXPRESSION_BYTES_MAX), &[]).is_ok());
    assert!(XPath::compile(&long(EXPRESSION_BYTES_MAX + 1), &[]).is_err());

    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(XPath::compile(&nested(NESTING_MAX), &[]).is_ok());
    assert!(XPath::compile(&nested(NESTING_MAX + 1), &[]).is_err());

    let nested = |depth: usize| format!("{}a{}", "a[not(".repeat(depth), ")]".repeat(depth));
    let elements = format!("{}{}", "<a>".repeat(60), "</a>".repeat(60));
    assert_eq!(show(&elements, &nested(NESTING_MAX / 2)), "a");
    assert!(XPath::compile(&nested(NESTING_MAX / 2 + 1), &[]).is_err());

    // A chain does not nest.
    for operator in ["+", " or ", "=", "|", "/", "<"] {
        let chain = vec!["a"; 800].join(operator);
        let compiled = compile(&chain);
        let tree = XmlTree::parse(b"<a/>").unwrap();
        assert!(compiled.evaluate(&tree, tree.root()).is_ok(), "{operator}");
    }
    assert_eq!(show("<a/>", &format!("{}1", "-".repeat(1001))), "-1");

    // Each of the nodes looks at all of them.
    let nodes = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count));
    let squares = compile("count(//b[count(//b) > 0])");
    let evaluate = |count: usize| {
        let tree = XmlTree::parse(nodes(count).as_bytes()).unwrap();
        squares.evaluate(&tree, tree.root()).map(|value| value.to_number(&tree))
    };
    assert_eq!(evaluate(1000), Ok(1000.0));
    assert_eq!(evaluate(2000), Err(XPathTooCostly));
}

#[test]
fn costly_expressions_end() {
    let attributes: String = (0..500).map(|index| format!(" x{index}='v'")).collect();
    let text = "t".repeat(10_000);
    let inner = format!("<b{attributes}>{text}</b>").repeat(100);
    let tree = XmlTree::parse(format!("<a>{inner}{}</a>", "<c/>".repeat(5000)).as_bytes()).unwrap();
    let doubled = (0..20).fold("/".to_owned(), |inner, _| format!("concat({inner}, {inner})"));
    for expr in [
        "//*//*//*//*",
        "//c/preceding::c/following::c",
        "//c/preceding::b",
        "//@*[. = //@*]",
        "//@*/following::*",
        "//*[//*[//*[//*]]]",
        "count(//node()[contains(/, .)])",
        "//*[translate(/, /, /)]",
        "concat(/, /, /, /, /, /)",
        "//c/../c/../c/../c/../c",
        "//*/namespace::*/../namespace::*",
    ] {
        drop(compile(expr).evaluate(&tree, tree.root()));
    }
    // It is refused for its length.
    assert!(XPath::compile(&doubled, &[]).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(expr in r"[ab/@.*\[\]()'|+=<!:$ 0-9-]{0,24}") {
        let tree = XmlTree::parse(b"<a b='1'><b>2</b>t<!--c--></a>").unwrap();
        match XPath::compile(&expr, NAMESPACES) {
            Ok(compiled) => drop(compiled.evaluate(&tree, tree.root())),
            Err(error) => prop_assert!(expr.get(error.start..error.end).is_some(), "{expr}"),
        }
    }

    #[test]
    fn no_characters_panic(expr in any::<String>()) {
        if let Err(error) = XPath::compile(&expr, NAMESPACES) {
            prop_assert!(expr.get(error.start..error.end).is_some(), "{expr}");
        }
    }

    #[test]
    fn no_words_panic(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "a", "b", "/", "//", "[", "]", "(", ")", "@", "*", "|", "and", "div", "last()", "-",
                "'x'", "1", "=", "<", "::", "child", "ancestor::", "count(", "concat(", ",", "text()",
                "..", ".", "p:b", "substring(", "preceding::",
            ]),
            0..10,
        ),
    ) {
        let tree = XmlTree::parse(DOCUMENT.as_bytes()).unwrap();
        if let Ok(compiled) = XPath::compile(&words.concat(), NAMESPACES) {
            drop(compiled.evaluate(&tree, tree.root()));
        }
        if let Ok(compiled) = XPath::compile(&words.join(" "), NAMESPACES) {
            drop(compiled.evaluate(&tree, tree.root()));
        }
    }
}
