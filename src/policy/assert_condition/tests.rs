use expect_test::{Expect, expect};

use crate::message::Value;
use crate::policy::testing::{Rig, findings, run, text};

fn policy(children: &str) -> String {
    format!(r#"<AssertCondition name="AC">{children}</AssertCondition>"#)
}

#[test]
fn the_truth_is_a_variable() {
    for (value, expected) in [(Some("yes"), "true"), (Some("no"), "false"), (None, "false")] {
        let mut rig = Rig::new();
        let step = rig.link(&policy(r#"<Condition>mine = "yes"</Condition>"#));
        rig.variable("assertcondition.AC.truthValue");
        rig.variable("assertcondition.AC.failed");
        let mut cx = rig.context();
        if let Some(value) = value {
            cx.set(&rig.variable("mine"), Value::from(value)).unwrap();
        }
        assert!(run(&step, &mut cx).is_ok());
        assert_eq!(text(&cx, "assertcondition.AC.truthValue").as_deref(), Some(expected));
        assert_eq!(text(&cx, "assertcondition.AC.failed").as_deref(), Some("false"));
    }
}

#[test]
fn a_body_is_asked_for() {
    let mut rig = Rig::new();
    rig.link(&policy(r#"<Condition>request.content = "yes"</Condition>"#));
    assert_eq!(rig.needs_bodies_of, ["request.content"]);
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    expected.assert_eq(&findings(&policy(children)));
}

#[test]
fn findings_are_those_of_conditions() {
    check_findings(
        "",
        expect![[r#"
        p.xml:1:2: error[GW101]: `AssertCondition` has no `Condition`
    "#]],
    );
    check_findings(
        "<Condition> </Condition>",
        expect![[r#"
        p.xml:1:2: error[GW101]: `AssertCondition` has no `Condition`
    "#]],
    );
    check_findings(
        r#"<Condition>a = "b</Condition>"#,
        expect![[r#"
        p.xml:1:43: error[CC005]: the string that starts here has no closing `"`
    "#]],
    );
    check_findings(
        "<Condition>a =</Condition>",
        expect![[r#"
        p.xml:1:41: error[CC007]: nothing follows `=`
    "#]],
    );
}
