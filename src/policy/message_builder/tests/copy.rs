use super::*;

#[test]
fn copy_brings_parts_of_another_message() {
    #[track_caller]
    fn check(copy: &str, expected: Expect) {
        let children =
            format!(r#"{copy}<AssignTo createNew="true" type="request">mine</AssignTo>"#);
        let (cx, result) = assign(&children, |_, cx| {
            cx.request.headers.insert("content-length", HeaderValue::from_static("11"));
        });
        result.unwrap();
        let Some(Value::Message(mine)) = cx.get_value(&VarRef::parse("mine")) else {
            panic!("a message")
        };
        expected.assert_eq(&show(&mut mine.borrow_mut()));
    }
    check(
        r#"<Copy source="request"/>"#,
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check(
        "<Copy/>",
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check(
        r#"<Copy source="request"><Headers/></Copy>"#,
        expect![[r#"
        GET / HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded
    "#]],
    );
    check(
        r#"<Copy source="request"><Headers><Header name="X-A"/></Headers>
           <QueryParams><QueryParam name="q.2"/><QueryParam name="r"/></QueryParams></Copy>"#,
        expect![[r#"
            GET /?q=2&r=3 HTTP/1.1
            x-a: 1, 2
            x-a: 3
        "#]],
    );
    check(
        r#"<Copy source="request"><Headers><Header name="X-A.2"/>
           <Header name="content-type">false</Header></Headers>
           <QueryParams/><Verb>true</Verb></Copy>"#,
        expect![[r#"
            POST /?q=1&q=2&r=3 HTTP/1.1
            x-a: 2
        "#]],
    );
    check(
        r#"<Copy source="request"><FormParams/></Copy><Set><Verb>PUT</Verb></Set>"#,
        expect![[r#"
        PUT / HTTP/1.1
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check(
        r#"<Copy source="request"><FormParams><FormParam name="f"/></FormParams></Copy>"#,
        expect![[r#"
            GET / HTTP/1.1
            content-type: application/x-www-form-urlencoded

            f=1&f=2
        "#]],
    );
    check(
        r#"<Copy source="request"><Payload>true</Payload><Path>true</Path>
           <Version>true</Version><Verb>false</Verb><StatusCode>true</StatusCode></Copy>"#,
        expect![[r#"
            GET /p HTTP/1.1

            f=1&f=2&g=3
        "#]],
    );
}

#[test]
fn copies_between_the_predefined_messages() {
    let (mut cx, result) =
        assign(r#"<Copy source="response"/><AssignTo>request</AssignTo>"#, |_, cx| response(cx));
    result.unwrap();
    expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-b: of the response

        answer
    "#]]
    .assert_eq(&show(&mut cx.request));
    expect![[r#"
        202 - HTTP/1.1
        x-b: of the response

        answer
    "#]]
    .assert_eq(&show(cx.response.as_mut().unwrap()));

    let (mut cx, result) = assign(
        r#"<Copy source="mine"><StatusCode>true</StatusCode><ReasonPhrase>true</ReasonPhrase>
           </Copy>"#,
        |_, cx| {
            response(cx);
            let mut mine = Message::response(StatusCode::GONE);
            if let Head::Response(head) = &mut mine.head {
                head.reason = Some("Away".into());
            }
            let mine = Rc::new(RefCell::new(mine));
            cx.set(&VarRef::parse("mine"), Value::Message(mine)).unwrap();
        },
    );
    result.unwrap();
    expect![[r#"
        410 Away HTTP/1.1
        x-b: of the response

        answer
    "#]]
    .assert_eq(&show(cx.response.as_mut().unwrap()));
}

#[test]
fn a_copy_of_itself_changes_nothing() {
    check(
        r#"<Copy source="request"/>"#,
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check(
        r#"<Copy source="message"><Headers/></Copy><AssignTo>request</AssignTo>"#,
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
}

#[test]
fn a_copy_needs_a_message() {
    check(
        r#"<Copy source="nobody"/>"#,
        expect![[r#"
        500 steps.assignmessage.UnresolvedVariable: AssignMessage[A]: unable to resolve variable nobody
    "#]],
    );
    check(
        r#"<Copy source="response"/>"#,
        expect![[r#"
        500 steps.assignmessage.UnresolvedVariable: AssignMessage[A]: unable to resolve variable response
    "#]],
    );
    check(
        r#"<Copy source="who"/>"#,
        expect![[r#"
        500 steps.assignmessage.VariableOfNonMsgType: AssignMessage[A]: value of variable who is not of type Message
    "#]],
    );
    check(
        r#"<Copy source="client.ip"/>"#,
        expect![[r#"
        500 steps.assignmessage.VariableOfNonMsgType: AssignMessage[A]: value of variable client.ip is not of type Message
    "#]],
    );
    check(
        r#"<Remove/><Copy source="nobody"/>
           <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"#,
        expect![[r#"
            POST /p HTTP/1.1
        "#]],
    );
    check(
        r#"<Copy source="who"/><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"#,
        expect![[r#"
            500 steps.assignmessage.VariableOfNonMsgType: AssignMessage[A]: value of variable who is not of type Message
        "#]],
    );
}
