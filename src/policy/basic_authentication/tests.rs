use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::policy::testing::{Rig, findings, run, text};

#[track_caller]
fn check(children: &str, variables: &[(&str, &str)], read: &str, expected: Result<&str, &str>) {
    let mut rig = Rig::new();
    let policy = format!(r#"<BasicAuthentication name="BA">{children}</BasicAuthentication>"#);
    let step = rig.link(&policy);
    rig.variable(read);
    let mut cx = rig.context();
    for (name, value) in variables {
        cx.set(&rig.variable(name), Value::from(*value)).unwrap();
    }
    let found = run(&step, &mut cx).map(|_| text(&cx, read).unwrap_or_default());
    let found = found.map_err(|fault| format!("{} {}", fault.name(), fault.text));
    assert_eq!(found.as_deref().map_err(String::as_str), expected, "{children}");
}

#[test]
fn encodes() {
    let encode = |rest: &str| {
        format!(
            r#"<Operation>Encode</Operation><User ref="request.header.u">nobody</User>
               <Password ref="request.header.p"/>{rest}"#
        )
    };
    let to = "request.header.authorization";
    let create = encode("<AssignTo>request.header.Authorization</AssignTo>");
    let both = [("request.header.u", "Aladdin"), ("request.header.p", "open sesame")];
    check(&create, &both, to, Ok("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    check(&create, &[], to, Ok("Basic bm9ib2R5Og=="));
    // Without createNew a value that is there stays.
    check(&create, &[(to, "kept")], to, Ok("kept"));
    for (flag, expected) in [("false", "kept"), ("true", "Basic bm9ib2R5Og==")] {
        let assign = format!(r#"<AssignTo createNew="{flag}">{to}</AssignTo>"#);
        check(&encode(&assign), &[(to, "kept")], to, Ok(expected));
    }
    let strict = encode(
        "<AssignTo>mine</AssignTo><IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>",
    );
    let expected = Err("UnresolvedVariable Unresolved variable : request.header.p");
    check(&strict, &[], "mine", expected);
}

#[test]
fn decodes() {
    let children = r#"<Operation>Decode</Operation><User ref="user"/><Password ref="password"/>
        <Source>request.header.Authorization</Source>"#;
    let strict = format!("{children}<IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>");
    let header = "request.header.authorization";
    let invalid = Err("InvalidBasicAuthenticationSource Source variable : \
         request.header.Authorization for basic authentication decode policy is not valid");
    for (credential, user, password) in [
        ("Basic YWthc2g6MTIz", "akash", "123"),
        ("basic   YWthc2g6MTIz", "akash", "123"),
        ("Basic YTpiOmM=", "a", "b:c"),
        ("Basic YTpiOmM", "a", "b:c"),
        ("Basic Og==", "", ""),
        ("Basic /Dr8", "\u{fc}", "\u{fc}"),
    ] {
        check(children, &[(header, credential)], "user", Ok(user));
        check(children, &[(header, credential)], "password", Ok(password));
    }
    for credential in
        ["", "YWthc2g6MTIz", "OAuth YWthc2g6MTIz", "Basic 23435", "Basic YWJj", "Basic", "Basic !"]
    {
        check(children, &[(header, credential)], "user", invalid);
    }
    check(children, &[], "user", invalid);
    let expected = Err("UnresolvedVariable Unresolved variable : request.header.Authorization");
    check(&strict, &[], "user", expected);
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    let policy = format!("<BasicAuthentication name=\"BA\">\n{children}\n</BasicAuthentication>");
    expected.assert_eq(&findings(&policy));
}

#[test]
fn findings_name_what_is_missing() {
    check_findings(
        "<Operation>Encode</Operation>",
        expect![[r#"
        p.xml:1:2: error[GW320]: BasicAuthenticationPolicy: AssignTo element must be present for Encode operation.
        p.xml:1:2: error[GW320]: BasicAuthenticationPolicy: Password element must be present for Encode operation.
        p.xml:1:2: error[GW320]: BasicAuthenticationPolicy: Username element must be present for Encode operation.
    "#]],
    );
    check_findings(
        "<Operation>Decode</Operation><User>x</User>",
        expect![[r#"
        p.xml:1:2: error[GW320]: BasicAuthenticationPolicy: Password element must be present for Decode operation.
        p.xml:1:2: error[GW320]: BasicAuthenticationPolicy: Source element must be present for Decode operation.
        p.xml:1:2: error[GW320]: BasicAuthenticationPolicy: Username element must be present for Decode operation.
    "#]],
    );
    check_findings(
        "<Operation>Hash</Operation>",
        expect![[r#"
        p.xml:2:12: error[GW104]: `Hash` in Operation is neither Encode nor Decode
    "#]],
    );
    check_findings(
        "<User>x</User>",
        expect![[r#"
        p.xml:1:2: error[GW101]: `BasicAuthentication` has no `Operation`
    "#]],
    );
}

proptest! {
    #[test]
    fn any_text_is_taken_apart_or_refused(text in ".{0,40}") {
        decode(&text);
    }

    #[test]
    fn what_was_encoded_is_decoded(user in "[^:]{0,20}", password in ".{0,20}") {
        let credential = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        prop_assert_eq!(decode(&credential), Some((user, password)));
    }
}
