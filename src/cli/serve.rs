//! `tollgate serve`: the configuration, the lock on the state folder, then the gateway.

use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};

use crate::cli::{CliError, FINE, REFUSED, ServeArguments, StateDir, load};
use crate::config::{Config, DEFAULT_STATE, Overrides, metadata_host};
use crate::deploy::{Outcome, Report};
use crate::diag::{Style, render_text};
use crate::gateway::Gateway;

/// What the sample weather proxy answers, shown where it is deployed and its backend runs.
const SAMPLE_REQUEST: &str = "/weather/rome";

pub(super) fn serve(arguments: ServeArguments) -> Result<u8, CliError> {
    let path = arguments.state.unwrap_or_else(|| default_state(arguments.config.as_deref()));
    let state = Some(path.clone());
    let overrides = Overrides {
        profile: None,
        api: arguments.api,
        admin: arguments.admin,
        state,
        metadata_host: metadata_host(),
    };
    let config = load(arguments.config, &overrides)?;
    let state = StateDir::open(&path)?;
    if config.insecure {
        tracing::warn!("insecure = true: service doors may listen off loopback without TLS");
    }
    run(&config, state)
}

fn default_state(config: Option<&Path>) -> PathBuf {
    config.and_then(Path::parent).unwrap_or(Path::new("")).join(DEFAULT_STATE)
}

/// Serves until the process is told to stop. The state folder stays locked as long.
fn run(config: &Config, state: StateDir) -> Result<u8, CliError> {
    let gateway = Gateway::start(config, tell).map_err(CliError::Start)?;
    if let Err(error) = state.tell_admin_address(gateway.admin_address()) {
        tracing::warn!(%error, "other commands do not hear where the admin listener is");
    }
    welcome(config, &gateway);
    gateway
        .wait_for_signal(|| {
            anstream::eprintln!("stopped at once: requests in flight are cut off");
            std::process::exit(i32::from(REFUSED));
        })
        .map_err(|source| CliError::Serve { what: "listen for signals", source })?;
    tracing::info!("stopping: requests in flight may finish; a second signal stops at once");
    gateway.stop();
    drop(state);
    Ok(FINE)
}

/// One line for what became of a bundle, and its findings where there are any.
fn tell(report: &Report) {
    let (name, path) = (&report.name, report.path.display());
    match &report.outcome {
        Outcome::Deployed { revision, base_paths } => {
            let at = base_paths.join(", ");
            anstream::eprintln!("deployed {name} revision {revision} at {at} from {path}");
        }
        Outcome::DeployedSharedFlow { revision } => {
            anstream::eprintln!("deployed shared flow {name} revision {revision} from {path}");
        }
        Outcome::DeployedPolicy => {
            anstream::eprintln!("deployed environment policy {name} from {path}");
        }
        Outcome::Refused { runs_on: true } => {
            anstream::eprintln!("refused {path}: what was deployed from there before runs on");
        }
        Outcome::Refused { runs_on: false } => anstream::eprintln!("refused {path}"),
        Outcome::Undeployed => anstream::eprintln!("undeployed {name}: {path} is gone"),
        Outcome::Kept => anstream::eprintln!("kept {name}: {path} is gone"),
        Outcome::Incomplete => anstream::eprintln!("waiting for the rest of {path}"),
    }
    if !report.diags.is_empty() {
        let style = match AutoStream::choice(&std::io::stderr()) {
            ColorChoice::Never => Style::Plain,
            ColorChoice::Auto | ColorChoice::AlwaysAnsi | ColorChoice::Always => Style::Colored,
        };
        anstream::eprint!("{}", render_text(&report.root, &report.diags, &report.sources, style));
    }
}

fn welcome(config: &Config, gateway: &Gateway) {
    let api = gateway.api_address();
    let folders: Vec<String> =
        config.deploy.folders.iter().map(|folder| folder.display().to_string()).collect();
    anstream::eprintln!(
        "tollgate {} serves environment {} of {}",
        env!("CARGO_PKG_VERSION"),
        config.environment,
        config.organization
    );
    anstream::eprintln!("  API traffic    http://{api}");
    if let Some(momento) = gateway.momento_address() {
        anstream::eprintln!("  momento        http://{momento}");
    }
    if let Some(management) = gateway.management_address() {
        anstream::eprintln!("  management     http://{management}");
    }
    anstream::eprintln!("  admin          http://{}/healthz", gateway.admin_address());
    if let Some(demo) = gateway.demo_address() {
        anstream::eprintln!("  demo backend   http://{demo}");
    }
    if config.deploy.watch {
        anstream::eprintln!("  bundles        drop them into {}", folders.join(" or "));
    }
    if gateway.demo_address().is_some() && gateway.serves(SAMPLE_REQUEST) {
        anstream::eprintln!("Try this twice; the second answer comes from the cache:");
        anstream::eprintln!("  curl -i http://{api}{SAMPLE_REQUEST}");
    }
}
