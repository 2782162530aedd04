//! The integration tests: one binary, in which each fixture is a test with a name of its own.

mod cli;
mod corpus;
mod tidy;

use libtest_mimic::{Arguments, Trial};

/// A list of tests for each module; a new module is one row here.
const LISTS: &[fn() -> Vec<Trial>] = &[cli::trials, corpus::trials, tidy::trials];

fn main() {
    let arguments = Arguments::from_args();
    let trials = LISTS.iter().flat_map(|list| list()).collect();
    libtest_mimic::run(&arguments, trials).exit();
}
