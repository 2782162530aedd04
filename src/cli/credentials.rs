//! `tollgate credentials`: what a client needs to connect, one block for each door.
//!
//! The store's records say it, whether the gateway runs or not; what is missing is made.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use anstream::AutoStream;
use serde_json::{Value, json};

use crate::cli::{
    CliError, CredentialsArguments, CredentialsCommand, CredentialsFormat, Door, FINE, StateDir,
    StateError, ignore_closed_pipe, load,
};
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_STATE, Overrides};
use crate::store::credentials::{AccessKey, AppConfigKeys};
use crate::store::durable::Store;

pub(super) fn credentials(arguments: CredentialsArguments) -> Result<u8, CliError> {
    let state = arguments.state.unwrap_or_else(|| {
        let beside = arguments.config.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        beside.join(DEFAULT_STATE)
    });
    let overrides = Overrides { state: Some(state.clone()), ..Overrides::default() };
    let config = load(arguments.config, &overrides)?;
    // The folder is made where the gateway never ran. Where it runs now, the folder is its own.
    match StateDir::open(&state) {
        Ok(_) | Err(StateError::Taken { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let keys = ask(&config, arguments.command)?;
    let endpoint = endpoint(&config, &state)?;
    let text = match arguments.format {
        CredentialsFormat::Text => text(&endpoint, &keys),
        CredentialsFormat::Json => format!("{:#}\n", json(&endpoint, &keys)),
    };
    let mut out = AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes()).or_else(ignore_closed_pipe)?;
    Ok(FINE)
}

fn ask(config: &Config, command: Option<CredentialsCommand>) -> Result<AppConfigKeys, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| CliError::Serve { what: "start a runtime", source })?;
    let answer = runtime.block_on(async {
        let store = Store::open(&config.store.settings(), &Clock::system()).await?;
        match command {
            None => AppConfigKeys::of(&store, &config.environment).await,
            Some(CredentialsCommand::Rotate { door: Door::Appconfig }) => {
                AppConfigKeys::rotate(&store, &config.environment).await
            }
        }
    });
    Ok(answer?)
}

/// Where the doors are: the configured address, or the one that the system chose for the gateway
/// which runs.
fn endpoint(config: &Config, state: &Path) -> Result<String, CliError> {
    let configured = config.listen.admin;
    if configured.port() != 0 {
        return Ok(format!("http://{configured}"));
    }
    let chosen: SocketAddr = StateDir::admin_address(state).ok_or(CliError::NotServing)?;
    Ok(format!("http://{chosen}"))
}

fn connection_string(endpoint: &str, key: &AccessKey) -> String {
    format!("Endpoint={endpoint};Id={};Secret={}", key.id, key.secret)
}

fn text(endpoint: &str, keys: &AppConfigKeys) -> String {
    let line = |key: &AccessKey| connection_string(endpoint, key);
    format!(
        "App Configuration\n  connection string, read and write\n    {}\n  \
         connection string, read only\n    {}\n",
        line(&keys.read_write),
        line(&keys.read_only)
    )
}

fn json(endpoint: &str, keys: &AppConfigKeys) -> Value {
    let key = |key: &AccessKey| {
        json!({
            "endpoint": endpoint,
            "id": key.id,
            "secret": key.secret,
            "connection_string": connection_string(endpoint, key),
        })
    };
    let mut door = key(&keys.read_write);
    door["read_only"] = key(&keys.read_only);
    json!({ "appconfig": door })
}
