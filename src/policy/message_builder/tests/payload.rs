use super::*;

#[test]
fn a_payload_is_the_body() {
    let payload = |attributes: &str, content: &str, expected: Expect| {
        check(&format!("<Remove/><Set><Payload{attributes}>{content}</Payload></Set>"), expected);
    };
    payload(
        r#" contentType="application/json""#,
        r#"
  {"who": "{who}", "a": {"b": 1}}
"#,
        expect![[r#"
            POST /p HTTP/1.1
            content-type: application/json


              {"who": "Ada", "a": {"b": 1}}

        "#]],
    );
    payload(
        r#" contentType="{who}/x""#,
        "",
        expect![[r#"
        POST /p HTTP/1.1
        content-type: Ada/x
    "#]],
    );
    payload(
        "",
        "",
        expect![[r#"
        POST /p HTTP/1.1
    "#]],
    );
    payload(
        "",
        r#"<a x="1">{who}&amp;<!-- c --><b/></a>"#,
        expect![[r#"
        POST /p HTTP/1.1

        <a x="1">Ada&amp;<!-- c --><b/></a>
    "#]],
    );
    payload(
        "",
        r#"<![CDATA[<a>{who}&amp;</a>]]>"#,
        expect![[r#"
        POST /p HTTP/1.1

        <a>Ada&amp;</a>
    "#]],
    );
    payload(
        "",
        "a &lt; {who}",
        expect![[r#"
        POST /p HTTP/1.1

        a < Ada
    "#]],
    );
    payload(
        r##" variablePrefix="@" variableSuffix="#""##,
        "@who# {who}",
        expect![[r#"
        POST /p HTTP/1.1

        Ada {who}
    "#]],
    );
    payload(
        r#" variablePrefix="%%""#,
        "%%who} {who}",
        expect![[r#"
        POST /p HTTP/1.1

        Ada {who}
    "#]],
    );
    payload(
        r#" template="template://greeting.txt""#,
        "",
        expect![[r#"
        POST /p HTTP/1.1

        Hello Ada
    "#]],
    );
    payload(
        r#" template="template://missing""#,
        "",
        expect![[r#"
        500 steps.assignmessage.UnresolvedVariable: AssignMessage[A]: unable to resolve variable template://missing
    "#]],
    );
}

#[test]
fn a_missing_template_is_empty_where_that_is_allowed() {
    check(
        r#"<Remove/><Set><Payload template="template://missing"/></Set>
           <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"#,
        expect![[r#"
            POST /p HTTP/1.1
        "#]],
    );
}
