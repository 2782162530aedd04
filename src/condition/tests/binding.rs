use super::*;
use crate::message::Glance;
use crate::variable::Slots;

#[test]
fn the_canonical_text_is_plain() {
    for (condition, expected) in [
        ("a Equals \"b\"  AND(c is not null)", "a = \"b\" and c != null"),
        ("a or (b or c) and (d and e)", "a or ((b or c) and d and e)"),
        ("not a matches \"x\"", "!(a Matches \"x\")"),
        ("a not like \"x\" or !!b", "!(a Matches \"x\") or !!b"),
        ("a &gt;= 5.0D && 'and' =| 'b c'", "a >= 5.0D and 'and' StartsWith 'b c'"),
        (
            "a ~/ \"/x\" and b ~~ \"y\" and c !~ \"z\"",
            "a MatchesPath \"/x\" and b JavaRegex \"y\" and c !~ \"z\"",
        ),
        ("TRUE = a", "true = a"),
    ] {
        assert_eq!(parse(condition).to_string(), expected, "{condition}");
    }
}

#[test]
fn bound_and_unbound_variables_read_alike() {
    let source = "a = \"1\" and b Matches \"2\" and !(c > d) and e and f =| g and h ~ i \
                  and j != null and request.verb = \"GET\" or k != l";
    let mut slots = Slots::default();
    let mut bound = parse(source);
    bound.bind(&mut slots);
    assert_eq!(slots.len(), 12);
    assert!("abcdefghijkl".chars().all(|name| slots.find(&name.to_string()).is_some()));
    let variables = [
        ("a", "1"),
        ("b", "2"),
        ("c", "3"),
        ("d", "3"),
        ("e", "true"),
        ("f", "ab"),
        ("g", "a"),
        ("h", "x"),
        ("i", "*"),
        ("j", ""),
        ("k", "k"),
        ("l", "k"),
    ];
    let facts = Arc::new(Facts { slots, ..Facts::default() });
    let local = SocketAddr::from(([127, 0, 0, 1], 8080));
    let request = Message::request(Method::GET, PathAndQuery::from_static("/"));
    let client = Client { peer: local, local };
    let mut cx = MessageContext::new(facts, Clock::manual(0), client, request);
    assert!(!bound.holds(&cx));
    for (name, value) in variables {
        cx.set(&VarRef::parse(name), Value::from(value)).unwrap();
    }
    assert!(bound.holds(&cx));
    assert!(parse(source).holds(&cx));
}

#[test]
fn a_glance_shows_what_reading_shows() {
    let names = [
        "own.text",
        "own.number",
        "own.unset",
        "request.verb",
        "proxy.pathsuffix",
        "request.header.one",
        "request.header.several",
        "request.header.comma",
        "request.header.latin",
        "request.header.empty",
        "request.header.unset",
        "request.header.comma.2",
        "request.queryparam.q",
    ];
    let mut slots = Slots::default();
    let mut variables = names.map(VarRef::parse);
    variables.iter_mut().for_each(|variable| slots.bind(variable));
    let mut cx = cx(&[]);
    cx = MessageContext::new(
        Arc::new(Facts { slots, ..Facts::default() }),
        Clock::manual(0),
        cx.client,
        cx.request,
    );
    cx.basepath_bytes = 3;
    let headers = &mut cx.request.headers;
    for (name, value) in [
        ("one", &b"gold"[..]),
        ("several", b"a"),
        ("several", b"b"),
        ("comma", b"a, b"),
        ("latin", b"caf\xe9"),
        ("empty", b""),
    ] {
        headers.append(name, http::HeaderValue::from_bytes(value).unwrap());
    }
    cx.set(&variables[0], Value::from("x")).unwrap();
    cx.set(&variables[1], Value::Integer(5)).unwrap();
    for variable in &variables {
        let text = cx.text(variable);
        match cx.glance(variable) {
            Glance::Unknown => {}
            Glance::Null => assert_eq!(text, None, "{}", variable.name()),
            Glance::Text(found) => assert_eq!(text.as_deref(), Some(found), "{}", variable.name()),
        }
    }
}

#[test]
fn asks_for_a_variable_in_any_comparison() {
    for (condition, expected) in [
        ("request.content != null", true),
        ("request.content != \"\"", true),
        ("null != request.content", true),
        ("request.content IsNot null", true),
        ("!(request.content = null)", true),
        ("request.verb = \"GET\" or (a = 1 and request.content NotEquals null)", true),
        ("!(request.verb = \"GET\" or request.content != null)", true),
        ("request.content = null", false),
        ("request.content != \"x\"", false),
        ("message.content != null", false),
        ("request.content", false),
        ("!request.content", false),
        ("null != \"\"", false),
    ] {
        let parsed = Condition::parse(condition).expect("it parses").expect("it is not empty");
        assert_eq!(parsed.asks_for("request.content"), expected, "{condition}");
    }
}
