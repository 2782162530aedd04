mod binding;
mod errors;
mod findings;
mod grammar;
mod nulls;
mod patterns;
mod properties;
mod types;

use std::net::SocketAddr;
use std::sync::Arc;

use http::Method;
use http::uri::PathAndQuery;

use super::*;
use crate::clock::Clock;
use crate::message::{Client, Facts, Message, Value};
use crate::variable::VarRef;

fn cx(variables: &[(&str, Value)]) -> MessageContext {
    let local = SocketAddr::from(([127, 0, 0, 1], 8080));
    let client = Client { peer: local, local };
    let request = Message::request(Method::GET, PathAndQuery::from_static("/v1/cats?q=tom"));
    let mut cx = MessageContext::new(Arc::new(Facts::default()), Clock::manual(0), client, request);
    for (name, value) in variables {
        cx.set(&VarRef::parse(name), value.clone()).unwrap();
    }
    cx
}

#[track_caller]
fn parse(condition: &str) -> Condition {
    match Condition::parse(condition) {
        Ok(Some(parsed)) => parsed,
        other => panic!("{condition}: {other:?}"),
    }
}

#[track_caller]
fn check_values(condition: &str, variables: &[(&str, Value)], expected: bool) {
    let cx = cx(variables);
    let parsed = parse(condition);
    assert_eq!(parsed.holds(&cx), expected, "{condition} with {variables:?}");
    let printed = parsed.to_string();
    let again = parse(&printed);
    assert_eq!(again.expr, parsed.expr, "{condition} printed as {printed}");
}

#[track_caller]
fn check(condition: &str, variables: &[(&str, &str)], expected: bool) {
    let variables: Vec<(&str, Value)> =
        variables.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
    check_values(condition, &variables, expected);
}

/// The message's and the source's text of what is wrong, and the help.
#[track_caller]
fn check_error(condition: &str, at: &str, message: &str, help: &str) {
    let error = Condition::parse(condition).expect_err(condition);
    assert_eq!(error.message, message, "{condition}");
    assert_eq!(&condition[error.start..error.end], at, "{condition}");
    assert!(
        error.help.as_deref().unwrap_or("").contains(help),
        "{condition}: {:?} has no {help}",
        error.help
    );
}

/// The codes and the source's text of each finding.
#[track_caller]
fn check_findings(condition: &str, expected: &[(&str, &str)]) {
    let findings = parse(condition).findings();
    let found: Vec<_> =
        findings.iter().map(|found| (found.code, &condition[found.start..found.end])).collect();
    assert_eq!(found, expected, "{condition}");
}
