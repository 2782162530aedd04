//! `tollgate credentials`: what a client needs to connect, one block for each door.
//!
//! The store's records say it, whether the gateway runs or not; a record that is missing is made.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use anstream::AutoStream;
use serde_json::{Value, json};

use crate::cli::{
    CliError, CredentialsArguments, CredentialsCommand, CredentialsFormat, Door, FINE, StoreUse,
    admin_address, block_on, ignore_closed_pipe, load_with_state, open_store,
};
use crate::clock::Clock;
use crate::config::Config;
use crate::serve::momento::{Revocable, StandingTokens};
use crate::store::credentials::{
    AccessKey, AppConfigKeys, Kept, ManagementLogin, MomentoKey, MomentoKeys,
};

pub(super) fn credentials(arguments: CredentialsArguments) -> Result<u8, CliError> {
    let (config, state) = load_with_state(arguments.config, arguments.state)?;
    let keys = ask(&config, &state, arguments.command)?;
    let doors = Doors::of(&config, &state, &keys)?;
    let text = match arguments.format {
        CredentialsFormat::Text => doors.text(),
        CredentialsFormat::Json => format!("{:#}\n", doors.json()),
    };
    let mut out = AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes()).or_else(ignore_closed_pipe)?;
    Ok(FINE)
}

/// What the store has.
struct Keys {
    management: ManagementLogin,
    appconfig: AppConfigKeys,
    momento: MomentoKey,
}

fn ask(
    config: &Config,
    state: &Path,
    command: Option<CredentialsCommand>,
) -> Result<Keys, CliError> {
    let environment = config.environment.as_str();
    let store_use = match command {
        Some(CredentialsCommand::Rotate { .. }) => StoreUse::Made,
        Some(CredentialsCommand::Revoke { .. }) | None => StoreUse::Existing,
    };
    block_on(async {
        let clock = Clock::system();
        let store = open_store(config, state, store_use, &clock).await?;
        match command {
            None => {}
            Some(CredentialsCommand::Rotate { door: Door::Appconfig }) => {
                AppConfigKeys::rotate(&store, environment).await?;
            }
            Some(CredentialsCommand::Rotate { door: Door::Momento }) => {
                MomentoKey::rotate(&store, environment).await?;
            }
            Some(CredentialsCommand::Rotate { door: Door::Management }) => {
                ManagementLogin::rotate(&store, environment).await?;
            }
            Some(CredentialsCommand::Revoke { token }) => {
                let key = MomentoKey::of(&store, environment).await?;
                let token = Revocable::of(&token, &key).ok_or(CliError::NoToken)?;
                let now_s = u64::try_from(clock.epoch_ms() / 1000).unwrap_or(0);
                let (id, expires_s) = (&token.id, token.expires_s);
                MomentoKeys::revoke(&store, environment, id, expires_s, now_s).await?;
            }
        }
        Ok(Keys {
            management: ManagementLogin::of(&store, environment).await?,
            appconfig: AppConfigKeys::of(&store, environment).await?,
            momento: MomentoKey::of(&store, environment).await?,
        })
    })
}

/// What clients are told, a block for each door.
struct Doors<'k> {
    /// With its scheme.
    management: String,
    /// With its scheme.
    appconfig: String,
    keys: &'k Keys,
    momento: MomentoDoor,
}

struct MomentoDoor {
    http_endpoint: String,
    /// Host and port.
    grpc_endpoint: String,
    /// What the libraries put `cache.` and the like before.
    endpoint: String,
    tokens: StandingTokens,
}

impl<'k> Doors<'k> {
    fn of(config: &Config, state: &Path, keys: &'k Keys) -> Result<Self, CliError> {
        let admin = admin_address(config, state)?;
        // A port that the system chose for the door's own listener nobody told.
        let own = |address: Option<SocketAddr>| {
            address.filter(|address| address.port() != 0).unwrap_or(admin)
        };
        let (momento, management) = (own(config.listen.momento), own(config.listen.management));
        let endpoint = config.momento_endpoint(momento.port());
        let scheme = if config.admin_tls.is_some() { "https" } else { "http" };
        let grpc_endpoint = reached(config, momento);
        Ok(Self {
            management: format!("{scheme}://{}", reached(config, management)),
            appconfig: format!("{scheme}://{}", reached(config, admin)),
            keys,
            momento: MomentoDoor {
                http_endpoint: format!("{scheme}://{grpc_endpoint}"),
                grpc_endpoint,
                tokens: StandingTokens::of(&keys.momento, &endpoint)
                    .map_err(|source| CliError::Sign { source })?,
                endpoint,
            },
        })
    }

    fn text(&self) -> String {
        let line = |key: &AccessKey| connection_string(&self.appconfig, key);
        let MomentoDoor { http_endpoint, grpc_endpoint, endpoint, tokens } = &self.momento;
        let ManagementLogin { user, password } = &self.keys.management;
        format!(
            "Management API\n  URL\n    {}\n  user\n    {user}\n  password\n    {password}\n\
             App Configuration\n  connection string, read and write\n    {}\n  \
             connection string, read only\n    {}\n\
             Momento\n  HTTP\n    {http_endpoint}\n  gRPC\n    {grpc_endpoint}\n  \
             endpoint of the libraries\n    {endpoint}\n  API key\n    {}\n  \
             API key, version 2\n    {}\n  session token\n    {}\n",
            self.management,
            line(&self.keys.appconfig.read_write),
            line(&self.keys.appconfig.read_only),
            tokens.api_key,
            tokens.api_key_v2,
            tokens.session_token,
        )
    }

    fn json(&self) -> Value {
        let key = |key: &AccessKey| {
            json!({
                "endpoint": self.appconfig,
                "id": key.id,
                "secret": key.secret,
                "connection_string": connection_string(&self.appconfig, key),
            })
        };
        let mut appconfig = key(&self.keys.appconfig.read_write);
        appconfig["read_only"] = key(&self.keys.appconfig.read_only);
        let momento = &self.momento;
        let ManagementLogin { user, password } = &self.keys.management;
        json!({
            "management": { "url": self.management, "user": user, "password": password },
            "momento": {
                "http_endpoint": momento.http_endpoint,
                "grpc_endpoint": momento.grpc_endpoint,
                "endpoint": momento.endpoint,
                "api_key": momento.tokens.api_key,
                "api_key_v2": momento.tokens.api_key_v2,
                "session_token": momento.tokens.session_token,
            },
            "appconfig": appconfig,
        })
    }
}

/// By which host and port clients reach a listener: a certificate is for a name.
fn reached(config: &Config, address: SocketAddr) -> String {
    let needs_name = config.admin_tls.is_some() || address.ip().is_unspecified();
    match config.listen.hosts.first() {
        Some(host) if needs_name => format!("{host}:{}", address.port()),
        None if needs_name => format!("localhost:{}", address.port()),
        Some(_) | None => address.to_string(),
    }
}

fn connection_string(endpoint: &str, key: &AccessKey) -> String {
    format!("Endpoint={endpoint};Id={};Secret={}", key.id, key.secret)
}
