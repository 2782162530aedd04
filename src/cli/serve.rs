//! `tollgate serve`: the configuration, the lock on the state folder, then the gateway.

use std::path::{Path, PathBuf};

use crate::cli::{CliError, ServeArguments, StateDir, load};
use crate::config::{Config, Overrides};

/// Beside the configuration file, where no flag names another.
const DEFAULT_STATE: &str = "state";

pub(super) fn serve(arguments: ServeArguments) -> Result<u8, CliError> {
    let overrides = Overrides { profile: None, api: arguments.api, admin: arguments.admin };
    let path = arguments.state.unwrap_or_else(|| default_state(arguments.config.as_deref()));
    let config = load(arguments.config, &overrides)?;
    let state = StateDir::open(&path)?;
    if config.insecure {
        tracing::warn!("insecure = true: service doors may listen off loopback without TLS");
    }
    run(config, state)
}

fn default_state(config: Option<&Path>) -> PathBuf {
    config.and_then(Path::parent).unwrap_or(Path::new("")).join(DEFAULT_STATE)
}

/// Serves until the process is told to stop. The state folder stays locked as long.
fn run(config: Config, state: StateDir) -> Result<u8, CliError> {
    drop((config, state));
    Err(CliError::NotWired { what: "serving" })
}
