use std::time::Duration;

use expect_test::{Expect, expect};
use jiff::Timestamp;
use proptest::prelude::*;

use super::interval::{TimeUnit, parse_start_time};
use super::*;
use crate::policy::testing::{Rig, findings, run, text};
use crate::store::counters::Period;

const ONE_AN_HOUR: &str = r#"<Allow count="1"/><Interval>1</Interval><TimeUnit>hour</TimeUnit>"#;

fn quota(attributes: &str, children: &str) -> String {
    format!(r#"<Quota name="Q" {attributes}>{children}</Quota>"#)
}

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a time").as_millisecond()
}

#[test]
fn intervals_end_as_the_table_says() {
    let start_ms = parse_start_time("2024-01-01 12:30:00");
    for (quota_type, interval, unit, now, expected) in [
        (QuotaType::Default, 1, "minute", "2024-02-28T12:00:59.999Z", "2024-02-28T12:01:00Z"),
        (QuotaType::Default, 1, "hour", "2024-02-28T12:00:00Z", "2024-02-28T13:00:00Z"),
        (QuotaType::Default, 5, "minute", "2024-02-28T12:07:00Z", "2024-02-28T12:10:00Z"),
        (QuotaType::Default, 1, "day", "2024-02-28T12:00:00Z", "2024-02-29T00:00:00Z"),
        (QuotaType::Default, 1, "week", "2024-02-28T12:00:00Z", "2024-03-04T00:00:00Z"),
        (QuotaType::Default, 1, "month", "2024-02-28T12:00:00Z", "2024-03-01T00:00:00Z"),
        (QuotaType::Default, 1, "month", "2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z"),
        (QuotaType::Default, 1, "year", "2024-02-28T12:00:00Z", "2025-01-01T00:00:00Z"),
        (
            QuotaType::Calendar { start_ms },
            1,
            "hour",
            "2024-02-28T12:00:00Z",
            "2024-02-28T12:30:00Z",
        ),
        (
            QuotaType::Calendar { start_ms },
            1,
            "day",
            "2024-02-28T12:31:00Z",
            "2024-02-29T12:30:00Z",
        ),
        (
            QuotaType::Calendar { start_ms },
            1,
            "month",
            "2024-01-02T00:00:00Z",
            "2024-01-29T12:30:00Z",
        ),
        (
            QuotaType::Calendar { start_ms },
            1,
            "day",
            "2023-12-31T12:29:00Z",
            "2023-12-31T12:30:00Z",
        ),
    ] {
        let unit = TimeUnit::parse(unit).expect("a unit");
        let found = quota_type.period(interval, unit, ms(now));
        assert_eq!(found, Period::Until { end_ms: ms(expected) }, "{quota_type:?} {unit:?} {now}");
    }
    let minute = TimeUnit::Minute;
    let flexi = QuotaType::Flexi.period(2, minute, 0);
    assert_eq!(flexi, Period::FromFirst { length_ms: 120_000 });
    let rolling = QuotaType::RollingWindow.period(1, minute, 0);
    assert_eq!(rolling, Period::Rolling { length_ms: 60_000 });
}

/// Seconds to wait, variables to set, and the counts or the fault.
type Message<'a> = (u64, &'a [(&'a str, &'a str)], &'a str);

#[track_caller]
fn check(policy: &str, messages: &[Message<'_>]) {
    let mut rig = Rig::new();
    let step = rig.link(policy);
    for name in ["allowed", "used", "available", "exceed", "total.exceed"] {
        rig.variable(&format!("ratelimit.Q.{name}.count"));
        rig.variable(&format!("ratelimit.Q.class.{name}.count"));
    }
    for name in ["class", "identifier", "expiry.time"] {
        rig.variable(&format!("ratelimit.Q.{name}"));
    }
    for variable in messages.iter().flat_map(|(_, variables, _)| *variables) {
        rig.variable(variable.0);
    }
    for (index, (wait, variables, expected)) in messages.iter().enumerate() {
        rig.clock.advance(Duration::from_secs(*wait));
        let mut cx = rig.context();
        for (name, value) in *variables {
            cx.set(&rig.variable(name), Value::from(*value)).unwrap();
        }
        let result = run(&step, &mut cx);
        let get = |name: &str| text(&cx, &format!("ratelimit.Q.{name}")).unwrap_or_default();
        let mut found: Vec<String> = [
            "allowed.count",
            "used.count",
            "available.count",
            "exceed.count",
            "total.exceed.count",
        ]
        .map(get)
        .into();
        found.push(get("identifier"));
        found.push(get("class"));
        found.push(get("class.used.count"));
        let mut found = found.join(" ").trim().to_owned();
        if let Err(fault) = result {
            found = format!("{found} {} {}", fault.name(), fault.status.as_u16());
        }
        assert_eq!(found.trim(), *expected, "{policy}: message {index}");
    }
}

#[test]
fn messages_count_until_the_limit() {
    let two = r#"<Allow count="2"/><Interval>1</Interval><TimeUnit>minute</TimeUnit>"#;
    check(
        &quota("", two),
        &[
            (0, &[], "2 1 1 0 0 _default"),
            (59, &[], "2 2 0 0 0 _default"),
            (0, &[], "2 2 0 1 1 _default QuotaViolation 429"),
            (0, &[], "2 2 0 1 2 _default QuotaViolation 429"),
            (1, &[], "2 1 1 0 0 _default"),
        ],
    );
}

#[test]
fn types_begin_anew_at_different_times() {
    let ok = "1 1 0 0 0 _default";
    let over = "1 1 0 1 1 _default QuotaViolation 429";
    let again = "1 1 0 1 2 _default QuotaViolation 429";
    // It is noon, and one second.
    check(&quota("", ONE_AN_HOUR), &[(1, &[], ok), (3598, &[], over), (1, &[], ok)]);
    let flexi = [(1, &[][..], ok), (3599, &[][..], over), (1, &[][..], ok)];
    check(&quota("type='flexi'", ONE_AN_HOUR), &flexi);
    let rolling = [
        (1, &[][..], ok),
        (3000, &[][..], over),
        (500, &[][..], again),
        (159, &[][..], "1 1 0 0 2 _default"),
    ];
    check(&quota("type='rollingwindow'", ONE_AN_HOUR), &rolling);
    let calendar = format!("{ONE_AN_HOUR}<StartTime>2024-02-28 11:10:00</StartTime>");
    let calendar_times = [(0, &[][..], ok), (599, &[][..], over), (1, &[][..], ok)];
    check(&quota("type='calendar'", &calendar), &calendar_times);
}

#[test]
fn identifiers_classes_and_weights() {
    let children = r#"<Allow count="1"><Class ref="plan"><Allow class="gold" count="5" countRef="gold"/>
        </Class></Allow><Interval ref="n">1</Interval><TimeUnit ref="unit">day</TimeUnit>
        <Identifier ref="who"/><MessageWeight ref="weight"/>"#;
    check(
        &quota("", children),
        &[
            (0, &[("who", "a")], "1 1 0 0 0 a"),
            (0, &[("who", "b")], "1 1 0 0 0 b"),
            (0, &[("who", "a"), ("weight", "0")], "1 1 0 0 0 a"),
            (0, &[("who", "a")], "1 1 0 1 1 a QuotaViolation 429"),
            (0, &[("who", "a"), ("plan", "tin")], "1 1 0 1 2 a QuotaViolation 429"),
            (0, &[("who", "a"), ("plan", "gold"), ("weight", "4")], "5 4 1 0 0 a gold 4"),
            (0, &[("who", "a"), ("plan", "gold"), ("gold", "8")], "8 5 3 0 0 a gold 5"),
            (0, &[("who", "c"), ("weight", "1.5")], "InvalidMessageWeight 500"),
            (0, &[("who", "d"), ("unit", "minute")], "1 1 0 0 0 d"),
            (60, &[("who", "d"), ("unit", "minute")], "1 1 0 0 0 d"),
        ],
    );
}

#[test]
fn an_api_product_goes_before_the_policy() {
    let product = "verifyapikey.VK.apiproduct.developer.quota";
    let names = ["limit", "interval", "timeunit"].map(|name| format!("{product}.{name}"));
    let children = r#"<Allow count="1"/><Interval>1</Interval><TimeUnit>day</TimeUnit>
        <UseQuotaConfigInAPIProduct stepName="VK"><DefaultConfig><Allow count="3"/>
        <Interval>1</Interval><TimeUnit>day</TimeUnit></DefaultConfig>
        </UseQuotaConfigInAPIProduct>"#;
    let found = [(&*names[0], "7"), (&*names[1], "1"), (&*names[2], "day")];
    let oauth = [
        ("apiproduct.developer.quota.limit", "9"),
        ("apiproduct.developer.quota.interval", "1"),
        ("apiproduct.developer.quota.timeunit", "day"),
    ];
    check(
        &quota("", children),
        &[
            (0, &[], "3 1 2 0 0 _default"),
            (0, &found, "7 2 5 0 0 _default"),
            (0, &oauth, "9 3 6 0 0 _default"),
            (0, &found[..1], "FailedToResolveQuotaIntervalReference 500"),
            (0, &found[..2], "FailedToResolveQuotaIntervalTimeUnitReference 500"),
        ],
    );
}

#[test]
fn a_shared_counter_is_counted_and_enforced_apart() {
    let mut rig = Rig::new();
    let shared = |mode: &str| {
        quota("", &format!("{ONE_AN_HOUR}<SharedName>tokens</SharedName><{mode}>true</{mode}>"))
    };
    let enforce = rig.link(&shared("EnforceOnly"));
    let count = rig.link(&shared("CountOnly"));
    let passes = |step, rig: &Rig| run(step, &mut rig.context()).is_ok();
    assert!(passes(&enforce, &rig) && passes(&enforce, &rig));
    assert!(passes(&count, &rig) && passes(&count, &rig));
    assert!(!passes(&enforce, &rig));
}

#[track_caller]
fn check_findings(policy: &str, expected: Expect) {
    expected.assert_eq(&findings(policy));
}

#[test]
fn findings_are_in_apigees_words() {
    check_findings(
        &quota(
            "type='window'",
            "<Allow count='x'/>\n<Interval>0.1</Interval>\n<TimeUnit>decade</TimeUnit>",
        ),
        expect![[r#"
            p.xml:1:23: error[GW322]: No enum constant com.apigee.quota.types.QuotaType.window.
            p.xml:1:45: error[GW104]: `x` in attribute `count` is not an integer
            p.xml:2:11: error[GW322]: Invalid quota interval 0.1 in quota policy Q.
            p.xml:3:11: error[GW322]: Invalid quota interval time unit decade in quota policy Q.
        "#]],
    );
    check_findings(
        &quota(
            "type='calendar'",
            &format!("{ONE_AN_HOUR}<StartTime>7-16-2017 12:00:00</StartTime>"),
        ),
        expect![[r#"
            p.xml:1:109: error[GW322]: Invalid Starttime:7-16-2017 12:00:00; Start Time should be of the format yyyy-MM-dd HH:mm:ss.
        "#]],
    );
    check_findings(
        &quota("type='flexi'", &format!("{ONE_AN_HOUR}<StartTime>2017-7-16 12:00:00</StartTime>")),
        expect![[r#"
            p.xml:1:106: error[GW322]: Starttime is not supported for quotatype flexi. Starttime is supported only for calendar based type.
        "#]],
    );
    check_findings(
        &quota(
            "type='rollingwindow'",
            "<Allow count='1'/><Interval>1</Interval>\n<TimeUnit>second</TimeUnit>\n\
             <Distributed>true</Distributed>\n<Synchronous>true</Synchronous>\n\
             <AsynchronousConfiguration><SyncIntervalInSeconds>-1</SyncIntervalInSeconds>\
             <SyncMessageCount>1</SyncMessageCount></AsynchronousConfiguration>",
        ),
        expect![[r#"
            p.xml:2:11: error[GW322]: Invalid timeunit second for distributed quota.
            p.xml:5:1: error[GW322]: AsynchronousConfiguration is not valid for synchronous quota.
            p.xml:5:51: error[GW322]: SyncIntervalInSeconds should be a value greater than zero.
        "#]],
    );
    check_findings(
        &quota("type='calendar'", "<CountOnly>true</CountOnly>\n<EnforceOnly>true</EnforceOnly>"),
        expect![[r#"
            p.xml:1:2: warning[GW323]: a Quota of type calendar has no `StartTime`
            p.xml:1:2: warning[PO035]: a Quota without `Allow` lets no message through
            p.xml:1:2: warning[PO035]: a Quota without `Interval` always faults
            p.xml:1:2: warning[PO035]: a Quota without `TimeUnit` always faults
            p.xml:2:1: warning[GW323]: a Quota that only counts and only enforces
        "#]],
    );
    check_findings(
        &quota("", &format!("{ONE_AN_HOUR}<StartTime>2017-7-16 12:00:00</StartTime>")),
        expect![[r#"
            p.xml:1:94: warning[GW323]: `StartTime` has no effect without the type calendar
        "#]],
    );
    check_findings(
        &quota("", "<UseQuotaConfigInAPIProduct/>\n<Allow><Class/></Allow>"),
        expect![[r#"
            p.xml:1:2: warning[PO035]: a Quota without `Interval` always faults
            p.xml:1:2: warning[PO035]: a Quota without `TimeUnit` always faults
            p.xml:1:18: error[GW101]: `UseQuotaConfigInAPIProduct` has no attribute `stepName`
            p.xml:2:8: error[GW101]: `Class` has no attribute `ref`
        "#]],
    );
}

proptest! {
    #[test]
    fn any_text_is_a_start_time_or_none(text in "[-:0-9 ]{0,24}") {
        parse_start_time(&text);
    }

    #[test]
    fn start_times_parse(ms in 0_i64..4_102_444_800_000) {
        let start = Timestamp::from_millisecond(ms / 1000 * 1000).unwrap();
        let text = start.strftime("%Y-%m-%d %H:%M:%S").to_string();
        prop_assert_eq!(parse_start_time(&text), Some(start.as_millisecond()));
    }

    #[test]
    fn an_interval_ends_after_now(
        now_ms in -4_102_444_800_000_i64..4_102_444_800_000,
        interval in 1_i64..100,
        unit in proptest::sample::select(vec!["second", "minute", "hour", "day", "week", "month", "year"]),
        start_ms in proptest::option::of(any::<i64>()),
    ) {
        let unit = TimeUnit::parse(unit).unwrap();
        for quota_type in [QuotaType::Default, QuotaType::Calendar { start_ms }] {
            let Period::Until { end_ms } = quota_type.period(interval, unit, now_ms) else {
                panic!("a fixed end")
            };
            prop_assert!(end_ms > now_ms);
        }
    }
}
