//! Which server is chosen, and when one is out and back.

use std::collections::BTreeMap;

use super::*;
use crate::model;

/// Servers as `name:weight`, `name:fallback`.
fn balancer(algorithm: Algorithm, max_failures: u32, servers: &[&str]) -> BalancerPlan {
    let servers = servers.iter().map(|text| {
        let (name, kind) = text.split_once(':').unwrap_or((text, "1"));
        ServerPlan {
            name: ByteString::from(name),
            is_fallback: kind == "fallback",
            host: header_text(name),
            address: TargetAddress {
                scheme: Scheme::Http,
                host: ByteString::from(name),
                port: 80,
                tls: None,
            },
            tls: ServerWay::Plain,
            weight: kind.parse().unwrap_or(1),
            failures: AtomicU32::new(0),
            out_until: AtomicI64::new(IN),
            active: Arc::default(),
        }
    });
    BalancerPlan {
        servers: servers.collect(),
        unhealthy: Vec::new(),
        retry: true,
        path: None,
        monitor: None,
        algorithm,
        max_failures,
        disabled_for: Duration::from_secs(300),
        turn: AtomicUsize::new(0),
    }
}

fn name(balancer: &BalancerPlan, at: Option<usize>) -> &str {
    at.and_then(|at| balancer.servers.get(at)).map_or("-", |server| &server.name)
}

#[track_caller]
fn check(balancer: &BalancerPlan, seconds: u64, failed: &[usize], expected: &str) {
    let now = Duration::from_secs(seconds);
    let count = expected.split(' ').count();
    let chosen: Vec<&str> =
        (0..count).map(|_| name(balancer, balancer.choose(now, failed))).collect();
    assert_eq!(chosen.join(" "), expected);
}

#[test]
fn servers_take_turns() {
    let round = balancer(Algorithm::RoundRobin, 0, &["a", "b", "c", "d:fallback"]);
    check(&round, 0, &[], "a b c a b c");
    check(&round, 0, &[0, 1], "c c");
    check(&round, 0, &[0, 1, 2], "d");
    check(&round, 0, &[0, 1, 2, 3], "-");
    let none = balancer(Algorithm::RoundRobin, 0, &[]);
    check(&none, 0, &[], "-");
}

#[test]
fn weights_are_shares() {
    let weighted = balancer(Algorithm::Weighted, 0, &["a:1", "b:3", "c:0"]);
    check(&weighted, 0, &[], "a b b b a b b b");
    check(&weighted, 0, &[1], "a a a");
    // None of those that are left has a weight: they take turns.
    check(&weighted, 0, &[0, 1], "c c");
}

#[test]
fn the_least_busy_one_is_next() {
    let least = balancer(Algorithm::LeastConnections, 0, &["a", "b"]);
    let first = least.begin(&least.servers[0]).expect("it counts");
    check(&least, 0, &[], "b b b");
    let second = least.begin(&least.servers[1]);
    let third = least.begin(&least.servers[1]);
    check(&least, 0, &[], "a a");
    drop((first, second, third));
    check(&least, 0, &[], "b a");
    let round = balancer(Algorithm::RoundRobin, 0, &["a"]);
    assert!(round.begin(&round.servers[0]).is_none());
}

#[test]
fn failures_on_end_take_a_server_out_for_a_while() {
    let round = balancer(Algorithm::RoundRobin, 2, &["a", "b"]);
    let a = &round.servers[0];
    let at = Duration::from_secs(10);
    round.failed(a, at);
    round.succeeded(a);
    round.failed(a, at);
    check(&round, 10, &[], "a b");
    round.failed(a, at);
    check(&round, 10, &[], "b b b");
    check(&round, 309, &[], "b b");
    check(&round, 310, &[], "b a b");
    // Back with a clean sheet.
    round.failed(a, Duration::from_secs(310));
    check(&round, 310, &[], "a b");
}

#[test]
fn a_bound_of_zero_takes_nobody_out() {
    let round = balancer(Algorithm::RoundRobin, 0, &["a"]);
    for _ in 0..100 {
        round.failed(&round.servers[0], Duration::ZERO);
    }
    check(&round, 0, &[], "a a");
}

#[test]
fn a_monitor_brings_a_server_back_and_nothing_else_does() {
    let mut round = balancer(Algorithm::RoundRobin, 1, &["a", "b:fallback"]);
    let interval = Duration::from_secs(5);
    let check_of = model::load_balancer::HealthCheck::Tcp { connect_timeout: interval, port: None };
    round.monitor = Some(HealthMonitor { interval, check: check_of });
    let a = &round.servers[0];
    round.checked(a, false, Duration::ZERO);
    check(&round, 1_000_000, &[], "b b");
    round.checked(a, true, Duration::from_secs(5));
    check(&round, 5, &[], "a a");
    round.failed(&round.servers[1], Duration::ZERO);
    round.failed(a, Duration::ZERO);
    check(&round, 5, &[], "-");
}

#[test]
fn servers_that_are_not_there_or_off_are_left_out() {
    let server = |is_enabled, port| crate::upstream::target_server::TargetServer {
        host: ByteString::from_static("::1"),
        port,
        is_enabled,
        tls: None,
    };
    let servers = BTreeMap::from([
        ("on".to_owned(), server(true, 8080)),
        ("off".to_owned(), server(false, 80)),
        ("bundle-off".to_owned(), server(true, 80)),
    ]);
    let targets = Targets { servers, ..Targets::default() };
    let text = |value: &str| {
        let mut sources = crate::diag::SourceMap::default();
        let file = sources.add("a.xml".to_owned(), Arc::from(value));
        let span = crate::diag::Span { file, start: 0, end: 0 };
        crate::xml::Text { value: value.to_owned(), span }
    };
    let named = |name: &str| model::load_balancer::ServerRef {
        name: text(name),
        weight: 1,
        is_fallback: false,
        is_enabled: name != "bundle-off",
    };
    let read = LoadBalancer {
        span: text("").span,
        algorithm: Algorithm::RoundRobin,
        servers: ["on", "off", "absent", "bundle-off"].map(named).to_vec(),
        max_failures: 0,
        unhealthy: Vec::new(),
        retry_enabled: true,
        disabled_for: Duration::from_secs(300),
        path: None,
        tls: None,
        monitor: None,
    };
    let plan = BalancerPlan::link(&read, true, &targets, &mut Slots::default());
    let names: Vec<&str> = plan.servers.iter().map(|server| &*server.name).collect();
    assert_eq!(names, ["on"]);
    assert_eq!(plan.servers[0].host, "[::1]:8080");
}
