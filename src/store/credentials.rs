//! What clients of the service doors prove themselves with: random, made when first asked for,
//! kept as sealed records of the store, so that gateways that share a store share them.

mod management;
mod momento;

pub use management::ManagementLogin;
pub use momento::{MomentoKey, MomentoKeys, NewSigningKey, SIGNING_KEYS_MAX, SigningKey};

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::store::durable::{RecordId, RecordKind, Store, StoreError, Write};

const SECRET_BYTES: usize = 32;
const ID_BYTES: usize = 9;

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

impl Kept for AppConfigKeys {
    const NAME: &'static str = "appconfig";

    fn random() -> Self {
        Self { read_write: AccessKey::random(), read_only: AccessKey::random() }
    }
}

/// The one record of an environment that holds what a door's clients are known by.
pub trait Kept: Serialize + DeserializeOwned + Send {
    const NAME: &'static str;

    fn random() -> Self;

    /// That of the environment, made where there is none.
    fn of(
        store: &Store,
        environment: &str,
    ) -> impl Future<Output = Result<Self, StoreError>> + Send {
        async move {
            if let Some(found) = Self::stored(store, environment).await? {
                return Ok(found);
            }
            let (made, at) = (Self::random(), record(environment, Self::NAME));
            match store.write(Write::AddRecord { at, body: body(&made) }).await {
                Ok(_) => Ok(made),
                // Another gateway was first.
                Err(StoreError::AlreadyExists) => {
                    Self::stored(store, environment).await?.ok_or(StoreError::NotFound)
                }
                Err(error) => Err(error),
            }
        }
    }

    /// A new one in place of the one before, which gateways take no more within seconds.
    fn rotate(
        store: &Store,
        environment: &str,
    ) -> impl Future<Output = Result<Self, StoreError>> + Send {
        async move {
            let (made, at) = (Self::random(), record(environment, Self::NAME));
            store.write(Write::PutRecord { at, body: body(&made) }).await?;
            Ok(made)
        }
    }

    /// `None` where there is none; [`StoreError::Record`] where it cannot be read.
    fn stored(
        store: &Store,
        environment: &str,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send {
        async move {
            let found = store.record(record(environment, Self::NAME)).await?;
            found.map(|found| read(&found.body)).transpose()
        }
    }
}

fn body(kept: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(kept).unwrap_or_default())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(body).map_err(|error| {
        let source = Arc::new(sqlx::Error::Decode(Box::new(error)));
        StoreError::Record { source }
    })
}

fn record(environment: &str, name: &str) -> RecordId {
    RecordId { kind: RecordKind::Credential, scope: environment.to_owned(), name: name.to_owned() }
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
        let at = record("test", AppConfigKeys::NAME);
        let write = Write::PutRecord { at, body: Bytes::from_static(b"{}") };
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
