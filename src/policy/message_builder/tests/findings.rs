use super::*;

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    let xml = format!("<AssignMessage name=\"A\">\n{children}\n</AssignMessage>");
    expected.assert_eq(&findings(&xml));
}

#[test]
fn what_the_platform_refuses_is_an_error() {
    for place in ["Copy", "Remove"] {
        check_findings(
            &format!(
                r#"<{place}><QueryParams><QueryParam name="id.0"/><QueryParam name="id.-1"/>
<QueryParam name="id.1"/></QueryParams></{place}>"#
            ),
            match place {
                "Copy" => expect![[r#"
                    p.xml:2:38: error[GW311]: AssignMessage[A]: index must be greater than zero in id.0
                    p.xml:2:63: error[GW311]: AssignMessage[A]: index must be greater than zero in id.-1
                "#]],
                _ => expect![[r#"
                    p.xml:2:40: error[GW311]: AssignMessage[A]: index must be greater than zero in id.0
                    p.xml:2:65: error[GW311]: AssignMessage[A]: index must be greater than zero in id.-1
                "#]],
            },
        );
    }
    for (name, expected) in [
        (
            "",
            expect![[r#"
            p.xml:2:1: error[GW312]: AssignMessage schema validation failed: invalid variable name - null - in assign variable.
        "#]],
        ),
        (
            "<Name/>",
            expect![[r#"
            p.xml:2:17: error[GW312]: AssignMessage schema validation failed: invalid variable name - null - in assign variable.
        "#]],
        ),
        (
            "<Name>a b</Name>",
            expect![[r#"
            p.xml:2:23: error[GW312]: AssignMessage schema validation failed: invalid variable name - a b - in assign variable.
        "#]],
        ),
        ("<Name>a</Name>", expect![""]),
    ] {
        let assign = format!("<AssignVariable>{name}<Value>1</Value></AssignVariable>");
        check_findings(&assign, expected);
    }
    check_findings(
        r#"<Set><Payload template="greeting.txt"/></Set>"#,
        expect![[r#"
        p.xml:2:25: error[GW313]: `greeting.txt` is not the URL of a template
    "#]],
    );
}

#[test]
fn what_has_no_effect_is_a_warning() {
    check_findings(
        r#"<Set><Headers><Header name="x a">1</Header><Header>2</Header><Head/></Headers></Set>"#,
        expect![[r#"
            p.xml:2:29: warning[GW314]: `x a` is not the name of a header
            p.xml:2:44: warning[GW101]: `Header` has no `name`
            p.xml:2:63: warning[GW102]: `Head` is unknown in `Headers` and has no effect
        "#]],
    );
    check_findings(
        "<Add><Verb>GET</Verb></Add>",
        expect![[r#"
        p.xml:2:7: warning[GW102]: `Verb` is unknown in `Add` and has no effect
    "#]],
    );
    check_findings(
        "<Remove><Verb>true</Verb></Remove>",
        expect![[r#"
        p.xml:2:10: warning[GW102]: `Verb` is unknown in `Remove` and has no effect
    "#]],
    );
    check_findings(
        r#"<Copy source="request"><Header name="a"/></Copy>"#,
        expect![[r#"
        p.xml:2:25: warning[GW102]: `Header` is unknown in `Copy` and has no effect
    "#]],
    );
    check_findings(
        "<AssignVariable><Name>a</Name><Val>1</Val></AssignVariable>",
        expect![[r#"
        p.xml:2:32: warning[GW102]: `Val` is unknown in `AssignVariable` and has no effect
    "#]],
    );
    check_findings(
        r#"<Set><Payload contenttype="a">x</Payload></Set>"#,
        expect![[r#"
        p.xml:2:15: warning[GW102]: attribute `contenttype` is unknown in `Payload` and has no effect
    "#]],
    );
}
