//! The integration tests: one binary, in which each fixture is a test with a name of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by its panic")]
#![expect(clippy::disallowed_methods, reason = "tests read their fixtures and the project's files")]

mod appconfig;
mod cli;
mod corpus;
mod drop_in;
mod durable;
mod gateways;
mod kept_responses;
mod kv;
mod management;
mod message_logging;
mod momento;
mod readme;
mod redeploy;
mod served;
mod shown;
mod support;
mod targets;
mod tidy;
mod transcripts;

use libtest_mimic::{Arguments, Trial};

/// A list of tests for each module; a new module is one row here.
const LISTS: &[fn() -> Vec<Trial>] = &[
    appconfig::trials,
    cli::trials,
    corpus::trials,
    drop_in::trials,
    durable::trials,
    gateways::trials,
    kept_responses::trials,
    kv::trials,
    management::trials,
    message_logging::trials,
    momento::trials,
    readme::trials,
    redeploy::trials,
    shown::trials,
    targets::trials,
    tidy::trials,
    transcripts::trials,
];

fn main() {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(durable::CHILD) {
        return durable::child(words).unwrap();
    }
    let arguments = Arguments::from_args();
    let trials = LISTS.iter().flat_map(|list| list()).collect();
    libtest_mimic::run(&arguments, trials).exit();
}
