use super::*;

#[test]
fn what_cannot_be_set_is_a_fault() {
    check(
        "<Set><Verb>G T</Verb></Set>",
        expect![[r#"
        500 steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable verb
    "#]],
    );
    check(
        "<Set><Version>3</Version></Set>",
        expect![[r#"
        500 steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable version
    "#]],
    );
    check(
        "<Set><Path>/a\u{7f}</Path></Set>",
        expect![[r#"
        500 steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable path
    "#]],
    );
    check(
        "<AssignVariable><Name>system.time</Name><Value>1</Value></AssignVariable>",
        expect![[r#"
        500 steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable system.time
    "#]],
    );
    check(
        "<AssignVariable><Name>response.header.x</Name><Value>1</Value></AssignVariable>",
        expect![[r#"
            500 steps.assignmessage.SetVariableFailed: AssignMessage[A]: unable to set variable response.header.x
        "#]],
    );
}

#[test]
fn a_template_needs_its_variables() {
    let set = "<Set><Headers><Header name=\"x-a\">[{nobody}]</Header></Headers></Set>";
    check(
        set,
        expect![[r#"
        500 steps.assignmessage.UnresolvedVariable: AssignMessage[A]: unable to resolve variable nobody
    "#]],
    );
    check(
        &format!("<Remove/>{set}<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"),
        expect![[r#"
            POST /p HTTP/1.1
            x-a: []
        "#]],
    );
    check(
        "<Remove/><Set><Headers><Header name=\"x-a\">[{nobody:else}]</Header></Headers></Set>",
        expect![[r#"
            POST /p HTTP/1.1
            x-a: [else]
        "#]],
    );
}
