use expect_test::{Expect, expect};
use http::HeaderValue;
use proptest::prelude::*;

use super::*;
use crate::message::Value;
use crate::policy::testing::{Rig, findings, run};

/// Headers of the request, which comes from 127.0.0.1, and who is denied.
#[track_caller]
fn check(children: &str, headers: &[(&'static str, &str)], denied: Option<&str>) {
    let mut rig = Rig::new();
    let step = rig.link(&format!(r#"<AccessControl name="AC">{children}</AccessControl>"#));
    let mut cx = rig.context();
    for (name, value) in headers {
        cx.request.headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let found = run(&step, &mut cx).err().map(|fault| {
        assert_eq!((fault.name(), fault.status.as_u16()), ("IPDeniedAccess", 403));
        fault.text
    });
    let expected = denied.map(|address| format!("Access Denied for client ip : {address}"));
    assert_eq!(found, expected, "{children} {headers:?}");
}

const DENY_ONE: &str = r#"<IPRules noRuleMatchAction="ALLOW"><MatchRule action="DENY">
    <SourceAddress mask="32">198.51.100.1</SourceAddress></MatchRule></IPRules>"#;

#[test]
fn the_addresses_come_from_the_header_and_the_peer() {
    let list = "198.51.100.1, 203.0.113.9";
    check(DENY_ONE, &[], None);
    check(DENY_ONE, &[("x-forwarded-for", list)], Some("198.51.100.1"));
    check(
        DENY_ONE,
        &[("x-forwarded-for", "8.8.8.8"), ("x-forwarded-for", list)],
        Some("198.51.100.1"),
    );
    check(DENY_ONE, &[("x-forwarded-for", "pwned")], None);
    for (mode, header, denied) in [
        ("FIRST", list, Some("198.51.100.1")),
        ("FIRST", "203.0.113.9, 198.51.100.1", None),
        ("LAST", list, None),
        ("LAST", "203.0.113.9, 198.51.100.1", None),
        ("ALL", "203.0.113.9, 198.51.100.1", Some("198.51.100.1")),
    ] {
        let children =
            format!("{DENY_ONE}<ValidateBasedOn>X_FORWARDED_FOR_{mode}_IP</ValidateBasedOn>");
        check(&children, &[("x-forwarded-for", header)], denied);
    }
    let deny_rest = r#"<IPRules noRuleMatchAction="DENY"><MatchRule action="ALLOW">
        <SourceAddress mask="24">198.51.100.1</SourceAddress></MatchRule></IPRules>"#;
    check(deny_rest, &[("x-forwarded-for", "198.51.100.77")], Some("127.0.0.1"));
    check(deny_rest, &[("x-forwarded-for", "pwned")], Some("pwned"));
}

#[test]
fn true_client_ip_is_the_only_one_where_it_counts() {
    let headers = [("true-client-ip", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9")];
    check(DENY_ONE, &headers, Some("198.51.100.1"));
    check(DENY_ONE, &[("true-client-ip", "8.8.8.8"), ("x-forwarded-for", "198.51.100.1")], None);
    let ignoring = format!("{DENY_ONE}<IgnoreTrueClientIPHeader>true</IgnoreTrueClientIPHeader>");
    check(&ignoring, &headers, None);
}

#[test]
fn the_first_rule_that_matches_decides() {
    let children = r#"<IPRules noRuleMatchAction="DENY">
        <MatchRule action="ALLOW"><SourceAddress mask="32">192.0.2.1</SourceAddress>
          <SourceAddress>127.0.0.1</SourceAddress></MatchRule>
        <MatchRule action="DENY"><SourceAddress mask="24">192.0.2.1</SourceAddress></MatchRule>
        <MatchRule action="ALLOW"><SourceAddress mask="16">192.0.2.1</SourceAddress>
          <SourceAddress mask="32">2001:db8::</SourceAddress></MatchRule></IPRules>"#;
    for (address, allowed) in [
        ("192.0.2.1", true),
        ("192.0.2.2", false),
        ("192.0.3.2", true),
        ("193.0.3.2", false),
        ("2001:db8:1::1", true),
        ("2001:db9::1", false),
        ("::ffff:192.0.3.2", true),
    ] {
        check(children, &[("x-forwarded-for", address)], (!allowed).then_some(address));
    }
}

#[test]
fn rules_and_address_may_be_variables() {
    let mut rig = Rig::new();
    let step = rig.link(
        r#"<AccessControl name="AC"><ClientIPVariable>mine</ClientIPVariable>
           <IPRules noRuleMatchAction="ALLOW"><MatchRule action="DENY">
           <SourceAddress mask="{mask}">{ip}</SourceAddress></MatchRule></IPRules>
           </AccessControl>"#,
    );
    let (mine, mask, ip) = (rig.variable("mine"), rig.variable("mask"), rig.variable("ip"));
    let run = |own: Option<&str>, own_mask: &str, own_ip: &str| {
        let mut cx = rig.context();
        if let Some(own) = own {
            cx.set(&mine, Value::from(own)).unwrap();
        }
        cx.set(&mask, Value::from(own_mask)).unwrap();
        cx.set(&ip, Value::from(own_ip)).unwrap();
        run(&step, &mut cx).map(|_| ()).map_err(|fault| format!("{} {}", fault.code, fault.text))
    };
    let denied = "accesscontrol.IPDeniedAccess Access Denied for client ip : 198.51.100.7";
    assert_eq!(run(Some("198.51.100.7"), "24", "198.51.100.1"), Err(denied.into()));
    assert_eq!(run(Some("198.51.100.7"), "32", "198.51.100.1"), Ok(()));
    assert_eq!(run(Some("198.51.100.7"), "all", "198.51.100.7"), Ok(()));
    let invalid = "accesscontrol.InvalidIPAddressInVariable Invalid IP address in variable mine : ";
    assert_eq!(run(Some("pwned"), "24", "198.51.100.1"), Err(format!("{invalid}pwned")));
    assert_eq!(run(None, "24", "198.51.100.1"), Err(invalid.into()));
}

#[track_caller]
fn check_findings(children: &str, expected: Expect) {
    let policy = format!("<AccessControl name=\"AC\">\n{children}\n</AccessControl>");
    expected.assert_eq(&findings(&policy));
}

#[test]
fn findings_name_what_is_no_address() {
    check_findings(
        "<IPRules noRuleMatchAction='MAYBE'>\n<MatchRule action='no'>\n\
         <SourceAddress mask='33'>1.2.3.4</SourceAddress>\n\
         <SourceAddress mask='24'>1.2.3</SourceAddress>\n\
         <SourceAddress>localhost</SourceAddress>\n<SourceAddress/>\n\
         <SourceAddress mask='{m}'>nobody</SourceAddress>\n</MatchRule></IPRules>\n\
         <ValidateBasedOn>ANY</ValidateBasedOn>",
        expect![[r#"
            p.xml:2:29: error[GW104]: `MAYBE` in `noRuleMatchAction` is neither ALLOW nor DENY
            p.xml:3:20: error[GW104]: `NO` in `action` is neither ALLOW nor DENY
            p.xml:4:22: error[GW104]: `1.2.3.4` with mask `33` is no range of addresses
            p.xml:5:26: error[GW104]: `1.2.3` with mask `24` is no range of addresses
            p.xml:6:16: error[GW104]: `localhost` is no address
            p.xml:7:1: error[GW101]: `SourceAddress` in `MatchRule` is empty
            p.xml:10:18: error[GW104]: `ANY` in ValidateBasedOn is none of its values
        "#]],
    );
}

proptest! {
    #[test]
    fn any_text_is_a_range_or_none(address in "[0-9a-f.:]{0,20}", mask in proptest::option::of("[0-9]{0,4}")) {
        Network::parse(&address, mask.as_deref());
    }

    #[test]
    fn ranges_hold_what_begins_alike(own in any::<u32>(), other in any::<u32>(), bits in 0_u8..=32) {
        let network = Network { address: IpAddr::V4(own.into()), bits };
        let alike = (0..u32::from(bits)).all(|bit| (own ^ other).leading_zeros() > bit);
        prop_assert_eq!(network.contains(IpAddr::V4(other.into())), alike);
        prop_assert!(network.contains(network.address));
    }

    #[test]
    fn long_ranges_hold_what_begins_alike(own in any::<u128>(), flip in 0_u32..128, bits in 0_u8..=128) {
        let network = Network { address: IpAddr::V6(own.into()), bits };
        let other = own ^ (1_u128 << (127 - flip));
        prop_assert_eq!(network.contains(IpAddr::V6(other.into())), flip >= u32::from(bits));
    }
}
