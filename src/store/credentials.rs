//! What clients of the service doors prove themselves with: random, made when first asked for,
//! kept as sealed records of the store, so that gateways that share a store share them.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::store::durable::{RecordId, RecordKind, Store, StoreError, Write};

const SECRET_BYTES: usize = 32;
const ID_BYTES: usize = 9;

/// The record of App Configuration's door.
const APPCONFIG: &str = "appconfig";

/// What App Configuration's clients sign with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppConfigKeys {
    pub read_write: AccessKey,
    pub read_only: AccessKey,
}

/// Whoever has it is let in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: String,
    /// Base64.
    pub secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl AccessKey {
    fn random() -> Self {
        let id: [u8; ID_BYTES] = rand::random();
        let secret: [u8; SECRET_BYTES] = rand::random();
        // An id stands in headers and connection strings, where `+`, `/` and `=` would be read.
        let id = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(id);
        Self { id, secret: BASE64_STANDARD.encode(secret) }
    }

    /// The secret as it was drawn.
    pub fn secret_bytes(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.secret).unwrap_or_default()
    }
}

impl AppConfigKeys {
    fn random() -> Self {
        Self { read_write: AccessKey::random(), read_only: AccessKey::random() }
    }

    /// Those of the environment, made where there are none.
    pub async fn of(store: &Store, environment: &str) -> Result<Self, StoreError> {
        if let Some(found) = Self::stored(store, environment).await? {
            return Ok(found);
        }
        let made = Self::random();
        let write = Write::AddRecord { at: record(environment), body: made.body() };
        match store.write(write).await {
            Ok(_) => Ok(made),
            // Another gateway was first.
            Err(StoreError::AlreadyExists) => {
                Self::stored(store, environment).await?.ok_or(StoreError::NotFound)
            }
            Err(error) => Err(error),
        }
    }

    /// New ones in place of those before, which gateways take no more within seconds.
    pub async fn rotate(store: &Store, environment: &str) -> Result<Self, StoreError> {
        let made = Self::random();
        let write = Write::PutRecord { at: record(environment), body: made.body() };
        store.write(write).await.map(|_| made)
    }

    /// `None` where there are none; [`StoreError::Record`] where they cannot be read.
    pub async fn stored(store: &Store, environment: &str) -> Result<Option<Self>, StoreError> {
        let found = store.record(record(environment)).await?;
        let unreadable = |error| {
            let source = Arc::new(sqlx::Error::Decode(Box::new(error)));
            StoreError::Record { source }
        };
        found.map(|found| serde_json::from_slice(&found.body).map_err(unreadable)).transpose()
    }

    fn body(&self) -> Bytes {
        Bytes::from(serde_json::to_vec(self).unwrap_or_default())
    }
}

fn record(environment: &str) -> RecordId {
    RecordId {
        kind: RecordKind::Credential,
        scope: environment.to_owned(),
        name: APPCONFIG.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use crate::clock::Clock;
    use crate::store::durable::{KeyFile, Location, Settings};

    use super::*;

    #[tokio::test]
    async fn none_are_made_up_where_a_record_cannot_be_read() {
        let folder = TempDir::new().expect("a folder");
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(1),
        };
        let store = Store::open(&settings, &Clock::system()).await.expect("a store");
        let write = Write::PutRecord { at: record("test"), body: Bytes::from_static(b"{}") };
        store.write(write).await.expect("it is written");
        let refused = AppConfigKeys::of(&store, "test").await;
        assert!(matches!(refused, Err(StoreError::Record { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn stay_until_they_are_rotated() {
        let folder = TempDir::new().expect("a folder");
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(1),
        };
        let open = async || Store::open(&settings, &Clock::system()).await.expect("a store");
        let first = AppConfigKeys::of(&open().await, "test").await.expect("keys");
        assert_eq!(AppConfigKeys::of(&open().await, "test").await.expect("keys"), first);
        assert_ne!(AppConfigKeys::of(&open().await, "prod").await.expect("keys"), first);
        assert_ne!(first.read_write, first.read_only);
        assert_eq!(first.read_write.secret_bytes().len(), SECRET_BYTES);
        let rotated = AppConfigKeys::rotate(&open().await, "test").await.expect("keys");
        assert_ne!(rotated, first);
        assert_eq!(AppConfigKeys::of(&open().await, "test").await.expect("keys"), rotated);
        assert!(!format!("{first:?}").contains(&first.read_write.secret));
    }
}
