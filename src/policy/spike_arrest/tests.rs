use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::message::Value;
use crate::policy::testing::{Rig, findings, run};

/// Milliseconds between the messages, and whether each passes.
#[track_caller]
fn check(children: &str, messages: &[(u64, bool)]) {
    let mut rig = Rig::new();
    let step = rig.link(&format!(r#"<SpikeArrest name="SA">{children}</SpikeArrest>"#));
    for (index, (wait, passes)) in messages.iter().enumerate() {
        rig.clock.advance(Duration::from_millis(*wait));
        let result = run(&step, &mut rig.context());
        assert_eq!(result.is_ok(), *passes, "{children}: message {index}");
    }
}

#[test]
fn messages_are_spaced_evenly() {
    check("<Rate>5ps</Rate>", &[(0, true), (199, false), (1, true), (0, false), (5000, true)]);
    check("<Rate>12pm</Rate>", &[(0, true), (4999, false), (1, true), (4000, false)]);
    check("<Rate>0pm</Rate>", &[(0, false)]);
}

#[test]
fn the_effective_count_is_that_of_the_last_period() {
    let children = "<Rate>2ps</Rate><UseEffectiveCount>true</UseEffectiveCount>";
    check(children, &[(0, true), (0, true), (0, false), (1000, false), (1000, true)]);
}

#[test]
fn identifiers_count_apart_and_weights_count_more() {
    let mut rig = Rig::new();
    let step = rig.link(
        r#"<SpikeArrest name="SA"><Rate>10ps</Rate><Identifier ref="who"/>
           <MessageWeight ref="weight"/></SpikeArrest>"#,
    );
    let (who, weight) = (rig.variable("who"), rig.variable("weight"));
    for (wait, name, heavy, expected) in [
        (0, "a", "2", true),
        (0, "b", "1", true),
        (100, "a", "1", false),
        (0, "b", "1", true),
        (100, "a", "0", true),
        (0, "a", "1", true),
        (0, "c", "1.5", false),
    ] {
        rig.clock.advance(Duration::from_millis(wait));
        let mut cx = rig.context();
        cx.set(&who, Value::from(name)).unwrap();
        cx.set(&weight, Value::from(heavy)).unwrap();
        assert_eq!(run(&step, &mut cx).is_ok(), expected, "{name} {heavy}");
    }
}

#[test]
fn faults_say_why() {
    for (children, rate, expected) in [
        (
            "<Rate ref='rate'>1pm</Rate>",
            Some("7ps"),
            "SpikeArrestViolation 429 Spike arrest violation. Allowed rate : \
             MessageRate{messagesPerPeriod=7, periodInMicroseconds=1000000, \
             maxBurstMessageCount=1.0}",
        ),
        (
            "<Rate>{rate}</Rate><UseEffectiveCount>true</UseEffectiveCount>",
            Some("1pm"),
            "SpikeArrestViolation 429 Spike arrest violation. Allowed rate : \
             MessageRate{messagesPerPeriod=1, periodInMicroseconds=60000000, \
             maxBurstMessageCount=1.0}",
        ),
        (
            "<Rate ref='rate'/>",
            None,
            "FailedToResolveSpikeArrestRate 500 Failed to resolve Spike Arrest Rate reference \
             rate in SpikeArrest policy SA",
        ),
        (
            "<Rate>{rate}</Rate>",
            None,
            "FailedToResolveSpikeArrestRate 500 Failed to resolve Spike Arrest Rate reference \
             rate in SpikeArrest policy SA",
        ),
        (
            "<Rate ref='rate'/>",
            Some("30s"),
            "InvalidAllowedRate 500 Invalid spike arrest rate 30s.",
        ),
        (
            "<Rate>1pm</Rate><MessageWeight ref='rate'/>",
            Some("1.5"),
            "InvalidMessageWeight 500 Invalid message weight value 1.5",
        ),
        (
            "<Rate>1pm</Rate><MessageWeight ref='rate'/>",
            Some("-1"),
            "InvalidMessageWeight 500 Invalid message weight value -1",
        ),
    ] {
        let mut rig = Rig::new();
        let step = rig.link(&format!(r#"<SpikeArrest name="SA">{children}</SpikeArrest>"#));
        let variable = rig.variable("rate");
        let mut last = String::new();
        for _ in 0..2 {
            let mut cx = rig.context();
            if let Some(rate) = rate {
                cx.set(&variable, Value::from(rate)).unwrap();
            }
            if let Err(fault) = run(&step, &mut cx) {
                last = format!("{} {} {}", fault.name(), fault.status.as_u16(), fault.text);
            }
        }
        assert_eq!(last, expected, "{children}");
    }
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    expected
        .assert_eq(&findings(&format!("<SpikeArrest name=\"SA\">\n{children}\n</SpikeArrest>")));
}

#[test]
fn findings_name_the_rate() {
    check_findings(
        "<Rate>30s</Rate>",
        expect![[r#"
        p.xml:2:7: error[GW321]: Invalid spike arrest rate 30s.
    "#]],
    );
    check_findings(
        "<Rate>30.1ps</Rate>",
        expect![[r#"
        p.xml:2:7: error[GW321]: Invalid spike arrest rate 30.1ps.
    "#]],
    );
    check_findings(
        "<Rate/>",
        expect![[r#"
        p.xml:2:1: error[GW101]: `Rate` in `SpikeArrest` is empty
    "#]],
    );
    check_findings(
        "<MessageWeight ref='w'/>",
        expect![[r#"
        p.xml:1:2: error[GW101]: `SpikeArrest` has no `Rate`
    "#]],
    );
}

proptest! {
    #[test]
    fn rates_print_and_parse(messages in any::<u64>(), per_minute in any::<bool>()) {
        let (unit, period) = if per_minute { ("pm", MINUTE) } else { ("ps", SECOND) };
        prop_assert_eq!(parse_rate(&format!(" {messages}{unit} ")), Some(Rate { messages, period }));
    }

    #[test]
    fn any_text_is_a_rate_or_none(text in "[-+0-9a-z. ]{0,12}") {
        if let Some(rate) = parse_rate(&text) {
            prop_assert!(text.contains(&rate.messages.to_string()));
        }
    }
}
