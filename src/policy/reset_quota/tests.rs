use expect_test::{Expect, expect};

use crate::message::Value;
use crate::policy::testing::{Rig, findings, run};

fn reset(quota: &str) -> String {
    format!(r#"<ResetQuota name="RQ">{quota}</ResetQuota>"#)
}

#[test]
fn a_counter_gets_room_again() {
    let mut rig = Rig::new();
    let body = r#"<Allow count="2"><Class ref="class"><Allow class="gold" count="1"/></Class></Allow>
        <Interval>1</Interval><TimeUnit>day</TimeUnit><Identifier ref="who"/>"#;
    let quota = rig.link(&format!(r#"<Quota name="Q">{body}</Quota>"#));
    let shared = format!(r#"<Quota name="S">{body}<SharedName>shared</SharedName></Quota>"#);
    let shared = rig.link(&shared);
    let reset_a = rig.link(&reset(
        r#"<Quota name="Q"><Identifier ref="who"><Allow ref="n">1</Allow></Identifier></Quota>"#,
    ));
    let reset_shared = rig.link(&reset(
        r#"<Quota name="Q" ref="policy"><Identifier name="a"><Allow>1</Allow></Identifier></Quota>"#,
    ));
    let reset_class = rig.link(&reset(
        r#"<Quota name="Q"><Identifier name="a"><Class name="gold"><Allow>1</Allow></Class>
           </Identifier></Quota>"#,
    ));
    let who = rig.variable("who");
    let class = rig.variable("class");
    let policy = rig.variable("policy");
    let passes = |step, name: &str, gold: bool| {
        let mut cx = rig.context();
        cx.set(&who, Value::from(name)).unwrap();
        cx.set(&policy, Value::from("S")).unwrap();
        if gold {
            cx.set(&class, Value::from("gold")).unwrap();
        }
        run(step, &mut cx).is_ok()
    };
    // What has not begun stays as it is.
    assert!(passes(&reset_a, "a", false));
    assert!(passes(&quota, "a", false) && passes(&quota, "a", false) && passes(&quota, "b", false));
    assert!(!passes(&quota, "a", false));
    assert!(passes(&reset_a, "a", false) && passes(&quota, "a", false));
    assert!(!passes(&quota, "a", false));

    assert!(passes(&shared, "a", false) && passes(&shared, "a", false));
    assert!(!passes(&shared, "a", false));
    assert!(passes(&reset_shared, "a", false) && passes(&shared, "a", false));

    assert!(passes(&quota, "a", true) && !passes(&quota, "a", true));
    assert!(passes(&reset_class, "a", true) && passes(&quota, "a", true));
}

#[test]
fn faults_say_why() {
    for (quota, expected) in [
        (
            r#"<Quota name="Nobody"><Identifier name="a"><Allow>1</Allow></Identifier></Quota>"#,
            "InvalidRLPolicy Invalid rate limit policy Nobody",
        ),
        (
            r#"<Quota ref="request.header.q"><Identifier name="a"><Allow>1</Allow></Identifier></Quota>"#,
            "FailedToResolveRLPolicy Failed to resolve rate limit policy",
        ),
        (
            r#"<Quota name="Q"><Identifier name="a"><Allow ref="request.header.n"/></Identifier></Quota>"#,
            "FailedToResolveAllowCountRef Failed to resolve allow count reference \
             request.header.n for identifier a in ResetQuotaStepDefinition:RQ;\
             API Proxy:weatherapi;Revision:16;Environment:test;Organization:apifactory",
        ),
    ] {
        let mut rig = Rig::new();
        let step = rig.link(&reset(quota));
        let fault = run(&step, &mut rig.context()).unwrap_err();
        assert_eq!(format!("{} {}", fault.name(), fault.text), expected);
        assert_eq!(fault.status.as_u16(), 500);
    }
}

#[track_caller]
fn check_findings(quota: &str, expected: Expect) {
    expected.assert_eq(&findings(&reset(quota)));
}

#[test]
fn findings_name_what_is_missing() {
    check_findings(
        "",
        expect![[r#"
        p.xml:1:2: error[GW101]: `ResetQuota` has no `Quota`
    "#]],
    );
    check_findings(
        "<Quota name='Q'/>",
        expect![[r#"
        p.xml:1:24: error[GW101]: `Quota` has no `Identifier`
    "#]],
    );
    check_findings(
        "<Quota name='Q'><Identifier name='i'/></Quota>",
        expect![[r#"
        p.xml:1:40: error[GW101]: `Identifier` has no `Allow`
    "#]],
    );
    check_findings(
        "<Quota name='Q'><Identifier name='i'><Allow>some</Allow></Identifier></Quota>",
        expect![[r#"
            p.xml:1:67: error[GW324]: Invalid count some in ResetQuota policy.
        "#]],
    );
    check_findings(
        "<Quota name='Q'><Identifier name='i'><Allow/></Identifier></Quota>",
        expect![[r#"
            p.xml:1:60: error[GW324]: Invalid count  in ResetQuota policy.
        "#]],
    );
}
