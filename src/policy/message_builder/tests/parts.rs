use super::*;

#[test]
fn add_appends() {
    check(
        r#"<Add><Headers><Header name="X-A">{who}</Header><Header name="x-n"> </Header></Headers>
           <QueryParams><QueryParam name="q">a b&amp;c</QueryParam></QueryParams>
           <FormParams><FormParam name="f">{who}</FormParam></FormParams></Add>"#,
        expect![[r#"
            POST /p?q=1&q=2&r=3&q=a%20b%26c HTTP/1.1
            x-a: 1, 2
            x-a: 3
            x-a: Ada
            content-type: application/x-www-form-urlencoded
            x-n: 

            f=1&f=2&g=3&f=Ada
        "#]],
    );
    check(
        "<Add><Headers/><QueryParams/><FormParams/></Add>",
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check_with(
        r#"<Add><FormParams><FormParam name="n">1</FormParam></FormParams></Add>"#,
        |_, cx| {
            cx.request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            cx.request.set_content("no form".into());
        },
        expect![[r#"
            POST /p?q=1&q=2&r=3 HTTP/1.1
            x-a: 1, 2
            x-a: 3
            content-type: application/x-www-form-urlencoded

            n=1
        "#]],
    );
    // Form parameters are added to a POST.
    check(
        r#"<Set><Verb>PUT</Verb></Set>
           <Add><FormParams><FormParam name="n">1</FormParam></FormParams></Add>"#,
        expect![[r#"
            PUT /p?q=1&q=2&r=3 HTTP/1.1
            x-a: 1, 2
            x-a: 3
            content-type: application/x-www-form-urlencoded

            f=1&f=2&g=3
        "#]],
    );
}

#[test]
fn set_replaces() {
    check(
        r#"<Set><Headers><Header name="X-A">{who}</Header></Headers>
           <QueryParams><QueryParam name="q">{who}</QueryParam></QueryParams>
           <FormParams><FormParam name="f">{who}</FormParam></FormParams>
           <Verb>PATCH</Verb><Version>1.0</Version><Path>/new/{who}</Path></Set>"#,
        expect![[r#"
            PATCH /new/Ada?r=3&q=Ada HTTP/1.0
            x-a: Ada
            content-type: application/x-www-form-urlencoded

            g=3&f=Ada
        "#]],
    );
    check(
        "<Set><Path>other?x=1</Path></Set>",
        expect![[r#"
        POST /other?x=1 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check(
        "<Set><Headers/><QueryParams/><FormParams/><Path/><Verb/></Set>",
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    // A verb counts for the whole of its Set.
    check(
        r#"<Set><FormParams><FormParam name="n">1</FormParam></FormParams><Verb>PUT</Verb></Set>"#,
        expect![[r#"
            PUT /p?q=1&q=2&r=3 HTTP/1.1
            x-a: 1, 2
            x-a: 3
            content-type: application/x-www-form-urlencoded

            f=1&f=2&g=3&n=1
        "#]],
    );
    // What belongs to responses is left out.
    check(
        "<Set><StatusCode>404</StatusCode><ReasonPhrase>No</ReasonPhrase></Set>",
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
fn a_response_has_status_and_reason() {
    let check = |children: &str, expected: Expect| {
        let (mut cx, result) = assign(children, |_, cx| response(cx));
        let shown = match result {
            Ok(()) => show(cx.response.as_mut().unwrap()),
            Err(fault) => format!("{}: {}\n", fault.code, fault.text),
        };
        expected.assert_eq(&shown);
    };
    check(
        "<Set><ReasonPhrase>By {who}\r\nX: 1</ReasonPhrase><StatusCode> 404 </StatusCode></Set>",
        expect![[r#"
            404 By Ada X: 1 HTTP/1.1
            x-b: of the response

            answer
        "#]],
    );
    check(
        "<Set><StatusCode>404</StatusCode></Set>",
        expect![[r#"
        404 - HTTP/1.1
        x-b: of the response

        answer
    "#]],
    );
    check(
        "<Set><StatusCode>199</StatusCode></Set>",
        expect![[r#"
        steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable status.code
    "#]],
    );
    check(
        "<Set><StatusCode>200</StatusCode></Set>",
        expect![[r#"
        200 - HTTP/1.1
        x-b: of the response

        answer
    "#]],
    );
    check(
        "<Set><StatusCode>1000</StatusCode></Set>",
        expect![[r#"
        steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable status.code
    "#]],
    );
    // What belongs to requests is left out.
    check(
        r#"<Set><Verb>PUT</Verb><Path>/x</Path>
           <QueryParams><QueryParam name="q">1</QueryParam></QueryParams>
           <FormParams><FormParam name="f">1</FormParam></FormParams></Set>"#,
        expect![[r#"
            202 - HTTP/1.1
            x-b: of the response

            answer
        "#]],
    );
}

#[test]
fn remove_takes_away() {
    check(
        "<Remove/>",
        expect![[r#"
        POST /p HTTP/1.1
    "#]],
    );
    check(
        "<Remove><Headers/></Remove>",
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1

        f=1&f=2&g=3
    "#]],
    );
    check(
        "<Remove><QueryParams/></Remove>",
        expect![[r#"
        POST /p HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check(
        "<Remove><FormParams/></Remove>",
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded
    "#]],
    );
    check(
        "<Remove><Payload>true</Payload></Remove>",
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded
    "#]],
    );
    check(
        "<Remove><Payload>false</Payload></Remove>",
        expect![[r#"
        POST /p?q=1&q=2&r=3 HTTP/1.1
        x-a: 1, 2
        x-a: 3
        content-type: application/x-www-form-urlencoded

        f=1&f=2&g=3
    "#]],
    );
    check(
        r#"<Remove><Headers><Header name="X-A.2"/><Header name="content-type">false</Header>
           </Headers>
           <QueryParams><QueryParam name="q.1"/></QueryParams>
           <FormParams><FormParam name="f"/></FormParams></Remove>"#,
        expect![[r#"
            POST /p?q=2&r=3 HTTP/1.1
            x-a: 1,3
            content-type: application/x-www-form-urlencoded

            g=3
        "#]],
    );
    check(
        r#"<Remove><Headers><Header name="X-A.1"/><Header name="X-A.9"/><Header name="no"/></Headers>
           <QueryParams><QueryParam name="q"/><QueryParam name="r.2"/></QueryParams>
           <FormParams><FormParam name="f.2"/></FormParams></Remove>"#,
        expect![[r#"
            POST /p?r=3 HTTP/1.1
            x-a: 2,3
            content-type: application/x-www-form-urlencoded

            f=1&g=3
        "#]],
    );
}

#[test]
fn operations_run_in_document_order() {
    let set = r#"<Set><Headers><Header name="x-a">new</Header></Headers></Set>"#;
    let remove = "<Remove><Headers/></Remove>";
    let assign = "<AssignVariable><Name>who</Name><Value>Bob</Value></AssignVariable>";
    let path = "<Set><Path>/{who}</Path></Set>";
    check(
        &format!("{remove}{set}{path}{assign}"),
        expect![[r#"
        POST /Ada?q=1&q=2&r=3 HTTP/1.1
        x-a: new

        f=1&f=2&g=3
    "#]],
    );
    check(
        &format!("{set}{remove}{assign}{path}"),
        expect![[r#"
        POST /Bob?q=1&q=2&r=3 HTTP/1.1

        f=1&f=2&g=3
    "#]],
    );
}

#[test]
fn nothing_splits_a_header() {
    check_with(
        r#"<Remove/><Set><Headers><Header name="x-a">{v}</Header></Headers>
           <Payload contentType="{v}">x</Payload></Set>"#,
        |_, cx| cx.set(&VarRef::parse("v"), Value::from("a\r\nx-evil: 1")).unwrap(),
        expect![[r#"
            POST /p HTTP/1.1
            x-a: a  x-evil: 1
            content-type: a  x-evil: 1

            x
        "#]],
    );
    check_with(
        r#"<Set><Headers><Header name="{v}">1</Header></Headers></Set>"#,
        |_, cx| cx.set(&VarRef::parse("v"), Value::from("x y")).unwrap(),
        expect![[r#"
            500 steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable header.x y
        "#]],
    );
    check_with(
        r#"<Remove/><Set><Headers><Header name="x-{who}">"1"</Header></Headers></Set>"#,
        |_, _| {},
        expect![[r#"
            POST /p HTTP/1.1
            x-ada: "1"
        "#]],
    );
}
