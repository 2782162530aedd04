//! The program: arguments in, exit code out.

use std::io;
use std::panic::catch_unwind;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use tollgate::cli::{self, CliError};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// A fifth less CPU for each proxied request than with the system's (benches/RESULTS.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the log's filter comes from.
const LOG_VARIABLE: &str = "TOLLGATE_LOG";

fn main() -> ExitCode {
    let code = match catch_unwind(run) {
        Ok(code) => code,
        // The panic hook has said where.
        Err(_) => {
            anstream::eprintln!("internal error: this is a mistake in Tollgate; please report it");
            cli::INTERNAL
        }
    };
    ExitCode::from(code)
}

fn run() -> u8 {
    if let Err(error) = start_log() {
        anstream::eprintln!("error: {LOG_VARIABLE}: {error:#}");
        return cli::USAGE;
    }
    cli::run(std::env::args_os()).unwrap_or_else(fail)
}

fn fail(error: CliError) -> u8 {
    let code = error.exit_code();
    match error {
        // Help and version go to standard output.
        CliError::Arguments(error) => {
            if error.print().is_err() {
                return cli::REFUSED;
            }
        }
        error => anstream::eprintln!("error: {}", told(&anyhow::Error::from(error))),
    }
    code
}

/// An error and its causes. Some repeat their cause's text themselves.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

fn start_log() -> anyhow::Result<()> {
    let filter = match std::env::var_os(LOG_VARIABLE) {
        // The system's watcher tells at INFO of each folder that goes away.
        None => EnvFilter::new("info,notify=warn"),
        Some(_) => EnvFilter::builder()
            .with_default_directive(LevelFilter::INFO.into())
            .with_env_var(LOG_VARIABLE)
            .from_env()?,
    };
    let is_colored = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(is_colored)
        .with_writer(io::stderr)
        .init();
    Ok(())
}
