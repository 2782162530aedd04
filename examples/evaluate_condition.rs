//! Says whether a condition holds, and prints it as it was understood.
//!
//! ```text
//! cargo run --example evaluate_condition -- 'n > 5 and not (city Matches "R*")' n=7 city=Oslo
//! ```
//!
//! A mistake in the condition is shown under its place. The exit code is 0 where the condition
//! holds, 1 where it does not, 2 where it is none.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use http::StatusCode;
use http::uri::PathAndQuery;
use tollgate::clock::Clock;
use tollgate::condition::Condition;
use tollgate::message::{Client, Facts, Message, MessageContext, Phase, Value};
use tollgate::variable::VarRef;

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let text = arguments.next().context("say a condition, then NAME=VALUE as often as you like")?;
    let variables: Vec<String> = arguments.collect();
    let mut out = std::io::stdout().lock();

    let condition = match Condition::parse(&text) {
        Ok(Some(condition)) => condition,
        Ok(None) => {
            writeln!(out, "(empty)\ntrue")?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => {
            let before = text.get(..error.start).unwrap_or("").chars().count();
            writeln!(out, "{text}\n{:before$}^ {error}", "")?;
            if let Some(help) = error.help {
                writeln!(out, "{:before$}  {help}", "")?;
            }
            return Ok(ExitCode::from(2));
        }
    };
    for finding in condition.findings() {
        writeln!(out, "{}: {}", finding.code, finding.message)?;
    }
    let holds = condition.holds(&context(&variables)?);
    writeln!(out, "{condition}\n{holds}")?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A request that has got as far as the variables say, with their values.
fn context(variables: &[String]) -> Result<MessageContext> {
    let pairs = variables
        .iter()
        .map(|pair| pair.split_once('=').with_context(|| format!("`{pair}` is not NAME=VALUE")))
        .collect::<Result<Vec<_>>>()?;
    // In a flow the suffix is read-only: it is what the request's path leaves.
    let suffix = pairs.iter().find(|(name, _)| *name == "proxy.pathsuffix");
    let target: PathAndQuery = suffix.map_or("/", |(_, value)| value).parse()?;
    let client = Client { peer: "192.0.2.1:40000".parse()?, local: "127.0.0.1:8080".parse()? };
    let request = Message::request(http::Method::GET, target);
    let mut cx = MessageContext::new(Facts::default().into(), Clock::system(), client, request);
    if pairs.iter().any(|(name, _)| name.starts_with("response.")) {
        cx.response = Some(Message::response(StatusCode::OK));
        cx.phase = Phase::ProxyResponse;
    }
    for (name, value) in pairs.into_iter().filter(|(name, _)| *name != "proxy.pathsuffix") {
        cx.set(&VarRef::parse(name), Value::from(value.to_owned()))?;
    }
    Ok(cx)
}
