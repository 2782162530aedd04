use std::sync::Arc;

use bytestring::ByteString;

use super::*;
use crate::message::Properties;

/// The variable `v` after an AssignVariable with these children, with its type.
#[track_caller]
fn check_variable(children: &str, expected: &str) {
    for (ignore, expected) in [(false, expected), (true, expected)] {
        let xml = format!(
            "<AssignVariable><Name>v</Name>{children}</AssignVariable>\
             <IgnoreUnresolvedVariables>{ignore}</IgnoreUnresolvedVariables>"
        );
        let (cx, result) = assign(&xml, |rig, cx| {
            let template = rig.variable("w");
            cx.set(&template, Value::from("[{who}]")).unwrap();
            cx.set(&VarRef::parse("v"), Value::from("before")).unwrap();
        });
        let shown = match result {
            Ok(()) => match cx.get(&VarRef::parse("v")) {
                Some(View::Integer(n)) => format!("integer {n}"),
                Some(View::Boolean(flag)) => format!("boolean {flag}"),
                Some(View::Message) => "message".to_owned(),
                Some(view) => format!("text {}", view.into_text()),
                None => "null".to_owned(),
            },
            Err(fault) => {
                assert!(!ignore, "{}", fault.text);
                fault.text
            }
        };
        if let Some(unresolved) = expected.strip_prefix("unresolved ") {
            if ignore {
                assert_eq!(shown, "null", "{children}");
            } else {
                let text = format!("AssignMessage[A]: unable to resolve variable {unresolved}");
                assert_eq!(shown, text, "{children}");
            }
        } else {
            assert_eq!(shown, expected, "{children}");
        }
    }
}

#[test]
fn a_variable_takes_the_first_source_that_has_a_value() {
    for (children, expected) in [
        ("<Value>83</Value>", "text 83"),
        ("<Value> {who} </Value>", "text  {who} "),
        ("<Value/>", "text "),
        ("<Value><a>1</a></Value>", "text <a>1</a>"),
        ("", "null"),
        ("<Ref>who</Ref>", "text Ada"),
        ("<Ref> who </Ref><Value>83</Value>", "text Ada"),
        ("<Ref>nobody</Ref><Value>83</Value>", "text 83"),
        ("<Ref>nobody</Ref><Value/>", "text "),
        ("<Ref/><Value>83</Value>", "text 83"),
        ("<Ref>nobody</Ref>", "unresolved nobody"),
        ("<Ref>client.port</Ref>", "integer 40000"),
        ("<Ref>is.error</Ref>", "boolean false"),
        ("<Ref>request</Ref>", "message"),
        ("<Ref>request.content</Ref>", "text f=1&f=2&g=3"),
        ("<Template>{who}-{who}</Template><Ref>client.port</Ref><Value>83</Value>", "text Ada-Ada"),
        (r#"<Template ref="w">{client.port}</Template>"#, "text [Ada]"),
        (r#"<Template ref="nobody">{client.port}</Template>"#, "text 40000"),
        (r#"<Template ref="nobody"/><Value>83</Value>"#, "text 83"),
        ("<Template/><Value>83</Value>", "text 83"),
        ("<ResourceURL>jsc://words.txt</ResourceURL><Template>t</Template>", "text words"),
        ("<ResourceURL>jsc://no.txt</ResourceURL><Value>83</Value>", "unresolved jsc://no.txt"),
        ("<PropertySetRef>set.key</PropertySetRef>", "unresolved propertyset.set.key"),
        ("<PropertySetRef>{who}.key</PropertySetRef>", "unresolved propertyset.Ada.key"),
        ("<PropertySetRef>set.key</PropertySetRef><Value>83</Value>", "text 83"),
    ] {
        check_variable(children, expected);
    }
}

/// A property set `Ada` with a `key`.
#[derive(Debug)]
struct One;

impl Properties for One {
    fn property(&self, name: &str) -> Option<ByteString> {
        (name == "Ada.key").then(|| ByteString::from_static("found"))
    }
}

#[test]
fn a_property_is_a_variable_of_its_set() {
    let xml = "<AssignVariable><Name>v</Name><PropertySetRef>{who}.key</PropertySetRef>\
               </AssignVariable>";
    let (cx, result) = assign(xml, |_, cx| {
        Arc::get_mut(&mut cx.facts).unwrap().properties = Some(Arc::new(One));
    });
    result.unwrap();
    assert_eq!(cx.text(&VarRef::parse("v")).as_deref(), Some("found"));
}

#[test]
fn a_copied_message_is_a_message_of_its_own() {
    let (mut cx, result) = assign(
        r#"<AssignVariable><Name>mine</Name><Ref>request</Ref></AssignVariable>
           <Remove><Headers/></Remove>"#,
        |_, _| {},
    );
    result.unwrap();
    assert!(cx.request.headers.is_empty());
    let Some(Value::Message(mine)) = cx.get_value(&VarRef::parse("mine")) else {
        panic!("a message")
    };
    assert!(mine.borrow().headers.contains_key("x-a"));
    expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1

        f=1&f=2&g=3
    "#]]
    .assert_eq(&show(&mut cx.request));
}

#[test]
fn predefined_variables_are_assigned() {
    check(
        "<AssignVariable><Name>request.header.x-a</Name><Value>1</Value></AssignVariable>
         <AssignVariable><Name>request.queryparam.q.2</Name><Value>2</Value></AssignVariable>
         <AssignVariable><Name>message.content</Name><Ref>who</Ref></AssignVariable>",
        expect![[r#"
            POST /p?q=1&q=2&r=3 HTTP/1.1
            x-a: 1
            content-type: application/x-www-form-urlencoded

            Ada
        "#]],
    );
}
