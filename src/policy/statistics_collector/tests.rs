use expect_test::{Expect, expect};

use crate::message::Value;
use crate::policy::testing::{Rig, findings, run};
use crate::store::metrics::Recorded;

fn policy(statistics: &str) -> String {
    format!(
        r#"<StatisticsCollector name="SC"><Statistics>{statistics}</Statistics></StatisticsCollector>"#
    )
}

/// What messages with these values of `mine` leave behind.
fn recorded(datatype: &str, default: &str, values: &[Option<&str>]) -> Recorded {
    let mut rig = Rig::new();
    let step = rig.link(&policy(&format!(
        r#"<Statistic name="m" ref="mine" type="{datatype}">{default}</Statistic>"#
    )));
    let mine = rig.variable("mine");
    for value in values {
        let mut cx = rig.context();
        if let Some(value) = value {
            cx.set(&mine, Value::from(*value)).unwrap();
        }
        assert!(run(&step, &mut cx).is_ok());
    }
    let all = rig.metrics.snapshot();
    assert_eq!((all[0].0.proxy.as_str(), all[0].0.name.as_str()), ("weatherapi", "m"));
    all[0].1.clone()
}

#[test]
fn values_are_recorded_by_their_types() {
    for (datatype, expected) in [("integer", 7.0), ("Long", 7.0), ("FLOAT", 8.5), ("double", 8.5)] {
        let values = [Some("3"), Some("4"), Some("some"), Some("1.5"), None];
        assert_eq!(recorded(datatype, "", &values).numbers.sum, expected, "{datatype}");
    }
    let texts = |datatype, default, values: &[Option<&str>]| {
        let texts = recorded(datatype, default, values).texts.into_iter();
        texts.map(|(text, count)| format!("{text} {count}")).collect::<Vec<_>>()
    };
    assert_eq!(texts("string", "", &[Some("a"), Some("b"), Some("a"), None]), ["a 2", "b 1"]);
    assert_eq!(texts("string", "nobody", &[None, Some("a")]), ["a 1", "nobody 1"]);
    assert_eq!(
        texts("boolean", "", &[Some("TRUE"), Some("no"), Some("false")]),
        ["false 1", "true 1"]
    );
}

#[track_caller]
fn check_findings(policy: &str, expected: Expect) {
    expected.assert_eq(&findings(policy));
}

#[test]
fn findings_are_in_apigees_words() {
    check_findings(
        &policy(
            "\n<Statistic name='a' ref='b' type='char'/>\n<Statistic name='a' ref='product.id'/>\n\
             <Statistic name='organization' ref='a' type='string'/>\n<Statistic type='string'/>",
        ),
        expect![[r#"
            p.xml:2:35: error[GW325]: StatisticsCollection char: Datatype is unsupported
            p.xml:3:1: error[GW325]: StatisticsCollection product.id: Datatype is missing
            p.xml:4:18: error[GW325]: StatisticsCollection: Name: organization conflicts with system defined variables. Context policy: SC.
            p.xml:5:1: error[GW101]: `Statistic` has no attribute `name`
        "#]],
    );
    check_findings(
        "<StatisticsCollector name='SC'/>",
        expect![[r#"
        p.xml:1:2: error[GW101]: `StatisticsCollector` has no `Statistics`
    "#]],
    );
}
