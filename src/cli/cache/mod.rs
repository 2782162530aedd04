//! `tollgate cache`: the named caches of a running gateway, by its management API.
//!
//! The items are in the gateway's memory, so it has to run; who may ask is in its store, which
//! this command reads unless it is told.

mod arguments;
mod error;
mod gateway;
mod show;
#[cfg(test)]
mod tests;

pub(super) use arguments::CacheArguments;
pub use error::CacheCommandError;

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::cli::cache::arguments::{CacheCommand, CacheFormat, Place, SetArguments};
use crate::cli::cache::gateway::{ANSWER_BYTES_MAX, Gateway, argument, encoded, refused};
use crate::cli::{CliError, FINE, block_on, ignore_closed_pipe, read_file, terminal};
use crate::serve::management::KEY_JSON_BYTES_MAX;

/// The largest value that is read; the gateway says what it takes.
const VALUE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Keys on one page, which is read whole however long they are. The last one's room is for what
/// stands around them.
const PAGE_KEYS: usize = ANSWER_BYTES_MAX / KEY_JSON_BYTES_MAX - 1;

pub(super) fn cache(arguments: CacheArguments) -> Result<u8, CliError> {
    let format = if arguments.json { CacheFormat::Json } else { arguments.format };
    let command = arguments.command;
    if let CacheCommand::Purge { cache, prefix, .. } = &command
        && prefix.as_ref().is_none_or(String::is_empty)
    {
        return Err(CacheCommandError::NoPrefix { cache: cache.clone() }.into());
    }
    block_on(LocalSet::new().run_until(async {
        let gateway = Gateway::find(&arguments.gateway).await?;
        Caches { gateway, format }.run(command).await
    }))
}

/// One command's means.
struct Caches {
    gateway: Gateway,
    format: CacheFormat,
}

impl Caches {
    async fn run(&self, command: CacheCommand) -> Result<u8, CliError> {
        match command {
            CacheCommand::List { cache: None, .. } => self.list().await,
            CacheCommand::List { cache: Some(cache), prefix, limit, base64_keys } => {
                let prefix = key_bytes(&prefix.unwrap_or_default(), base64_keys, "--prefix")?;
                self.keys(&cache, &prefix, limit.unwrap_or(usize::MAX), base64_keys).await
            }
            CacheCommand::Stats { cache } => self.stats(cache.as_deref()).await,
            CacheCommand::Get { place, raw, file } => self.get(&place, raw, file.as_deref()).await,
            CacheCommand::Set(arguments) => self.set(&arguments).await,
            CacheCommand::Delete { place } => self.delete(&place).await,
            CacheCommand::Clear { cache, dry_run } => self.clear(&cache, None, dry_run).await,
            CacheCommand::Purge { cache, prefix, base64_keys, dry_run } => {
                let prefix = key_bytes(&prefix.unwrap_or_default(), base64_keys, "--prefix")?;
                self.clear(&cache, Some(&prefix), dry_run).await
            }
        }
    }

    async fn list(&self) -> Result<u8, CliError> {
        let caches = self.expanded().await?;
        match self.format {
            CacheFormat::Json => show::json(&json!({ "caches": caches })),
            CacheFormat::Text => show::caches(&caches),
        }
    }

    async fn stats(&self, cache: Option<&str>) -> Result<u8, CliError> {
        let stats = match cache {
            Some(cache) => {
                let path = format!("/{}/stats", encoded(cache));
                vec![self.gateway.ask(Method::GET, &path, Bytes::new()).await?]
            }
            None => {
                let mut stats = Vec::new();
                for cache in self.expanded().await? {
                    let mut of_one = cache["stats"].clone();
                    of_one["name"] = cache["name"].clone();
                    stats.push(of_one);
                }
                stats
            }
        };
        match self.format {
            CacheFormat::Json => show::json(&json!({ "caches": stats })),
            CacheFormat::Text => show::stats(&stats),
        }
    }

    /// As they come; a large cache need not fit into this process.
    async fn keys(
        &self,
        cache: &str,
        prefix: &[u8],
        limit: usize,
        base64_keys: bool,
    ) -> Result<u8, CliError> {
        let mut list = show::Keys::begin(self.format, base64_keys);
        let (mut left, mut token) = (limit, String::new());
        while left > 0 {
            let path = format!(
                "/{}/entries?prefix={}&limit={PAGE_KEYS}&pageToken={token}",
                encoded(cache),
                encoded(prefix),
            );
            let page = self.gateway.ask(Method::GET, &path, Bytes::new()).await?;
            let keys = page["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
            list.page(keys.get(..left).unwrap_or(keys))?;
            left = left.saturating_sub(keys.len());
            match page["nextPageToken"].as_str() {
                Some(next) if !list.is_closed() => token = next.to_owned(),
                Some(_) | None => break,
            }
        }
        list.end()
    }

    async fn get(&self, place: &Place, raw: bool, file: Option<&Path>) -> Result<u8, CliError> {
        let entry = self.entry(Method::GET, place, "", Bytes::new()).await?;
        let value = match (entry["value"].as_str(), entry["valueBase64"].as_str()) {
            (Some(text), _) => Some(Bytes::copy_from_slice(text.as_bytes())),
            (None, Some(text)) => BASE64_STANDARD.decode(text).ok().map(Bytes::from),
            (None, None) => None,
        };
        if self.format == CacheFormat::Json && !raw && file.is_none() {
            return show::json(&entry);
        }
        let Some(value) = value else {
            let kind = entry["kind"].as_str().unwrap_or("collection");
            let kind = if kind == "response" { "stored response" } else { kind }.to_owned();
            let (cache, key) = (place.cache.clone(), terminal::word(&place.key));
            return Err(CacheCommandError::NoValue { cache, key, kind }.into());
        };
        match file {
            Some(path) => {
                let failed =
                    |source| CacheCommandError::WriteFile { path: path.to_owned(), source };
                fs::write(path, &value).map_err(failed)?;
                anstream::eprintln!("wrote {} bytes to {}", value.len(), path.display());
            }
            None if raw => terminal::write(&value).or_else(ignore_closed_pipe)?,
            None => show::value(&value)?,
        }
        Ok(FINE)
    }

    async fn set(&self, arguments: &SetArguments) -> Result<u8, CliError> {
        let value = match (&arguments.value, &arguments.file, &arguments.base64) {
            (Some(value), ..) if value == "-" => read_file(Path::new("-"), VALUE_BYTES_MAX)?,
            (Some(value), ..) => value.clone().into_bytes(),
            (None, Some(path), _) => read_file(path, VALUE_BYTES_MAX)?,
            (None, None, Some(text)) => BASE64_STANDARD
                .decode(text.trim())
                .map_err(|error| argument("--base64", &format!("it is no base64: {error}")))?,
            (None, None, None) => Vec::new(),
        };
        let query = arguments.ttl.map(|ttl| format!("?ttlInSec={}", ttl.as_secs()));
        let query = query.unwrap_or_default();
        let place = &arguments.place;
        let entry = self.entry(Method::PUT, place, &query, Bytes::from(value)).await?;
        match self.format {
            CacheFormat::Json => show::json(&entry),
            CacheFormat::Text => {
                let (key, seconds) = (terminal::word(&place.key), &entry["expiresInSec"]);
                let seconds = seconds.as_f64().unwrap_or_default();
                anstream::eprintln!("set {key} in {} for {seconds} s", place.cache);
                Ok(FINE)
            }
        }
    }

    async fn delete(&self, place: &Place) -> Result<u8, CliError> {
        let gone = self.entry(Method::DELETE, place, "", Bytes::new()).await?;
        match self.format {
            CacheFormat::Json => show::json(&gone),
            CacheFormat::Text => {
                anstream::eprintln!("deleted {} from {}", terminal::word(&place.key), place.cache);
                Ok(FINE)
            }
        }
    }

    async fn clear(
        &self,
        cache: &str,
        prefix: Option<&[u8]>,
        dry_run: bool,
    ) -> Result<u8, CliError> {
        let mut path = format!("/{}/entries?action=clear", encoded(cache));
        if let Some(prefix) = prefix {
            path.push_str(&format!("&prefix={}", encoded(prefix)));
        }
        if dry_run {
            path.push_str("&dryRun=true");
        }
        let said = self.gateway.ask(Method::POST, &path, Bytes::new()).await?;
        match (self.format, dry_run) {
            (CacheFormat::Json, _) => show::json(&said),
            (CacheFormat::Text, true) => show::would_clear(&said),
            (CacheFormat::Text, false) => {
                let count = said["cleared"].as_u64().unwrap_or_default();
                anstream::eprintln!("removed {} from {cache}", show::entries(count));
                Ok(FINE)
            }
        }
    }

    /// One entry; where it is not there, that is the error.
    async fn entry(
        &self,
        method: Method,
        place: &Place,
        query: &str,
        body: Bytes,
    ) -> Result<Value, CliError> {
        let key = key_bytes(&place.key, place.base64_keys, "KEY")?;
        if key.is_empty() {
            return Err(argument("KEY", "it is empty").into());
        }
        let path = format!("/{}/entries/{}{query}", encoded(&place.cache), encoded(key));
        let said = self.gateway.say(method, &path, body).await?;
        if said.status.is_success() {
            return Ok(said.body);
        }
        if said.status == StatusCode::NOT_FOUND
            && said.body["code"] == "management.EntryDoesNotExist"
        {
            let (cache, key) = (place.cache.clone(), terminal::word(&place.key));
            return Err(CacheCommandError::NoEntry { cache, key }.into());
        }
        Err(refused(&said).into())
    }

    async fn expanded(&self) -> Result<Vec<Value>, CliError> {
        let listed = self.gateway.ask(Method::GET, "?expand=true", Bytes::new()).await?;
        Ok(listed.as_array().cloned().unwrap_or_default())
    }
}

fn key_bytes(text: &str, is_base64: bool, what: &'static str) -> Result<Vec<u8>, CliError> {
    if !is_base64 {
        return Ok(text.as_bytes().to_vec());
    }
    let decoded = BASE64_STANDARD.decode(text);
    decoded.map_err(|error| argument(what, &format!("it is no base64: {error}")).into())
}
