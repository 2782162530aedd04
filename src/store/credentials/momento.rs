//! What Momento's door signs and verifies tokens with, and which of them it takes no more.
//!
//! The records: `momento`, the key that signs every token of the door; `momento/signing/{kid}`,
//! keys that clients made and sign with themselves; `momento/revoked/{jti}`, tokens that are
//! refused though their signature is good. Times are seconds since the epoch.

use serde::{Deserialize, Serialize};

use crate::store::credentials::{AccessKey, Kept, body, read, record};
use crate::store::durable::{RecordKind, Store, StoreError, Write};

/// Keys that clients made, in one environment.
pub const SIGNING_KEYS_MAX: usize = 100;

const SIGNING: &str = "momento/signing/";
const REVOKED: &str = "momento/revoked/";

/// The key that signs the door's tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MomentoKey(pub AccessKey);

impl Kept for MomentoKey {
    const NAME: &'static str = "momento";

    fn random() -> Self {
        Self(AccessKey::random())
    }

    /// Tokens that were taken back need not be remembered beyond their key.
    async fn rotate(store: &Store, environment: &str) -> Result<Self, StoreError> {
        let made = Self::random();
        let mut writes = forget_revoked(store, environment, |_| true).await?;
        let at = record(environment, Self::NAME);
        writes.push(Write::PutRecord { at, body: body(&made) });
        store.write(Write::All(writes)).await.map(|_| made)
    }
}

/// A key that a client made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    pub key: AccessKey,
    pub expires_s: u64,
}

/// Why there is no new key of a client.
#[derive(Debug, thiserror::Error)]
pub enum NewSigningKey {
    #[error("an environment has at most {SIGNING_KEYS_MAX} signing keys")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All that tokens are judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MomentoKeys {
    pub own: AccessKey,
    pub signing: Vec<SigningKey>,
    /// The ids of tokens.
    pub revoked: Vec<String>,
}

/// Until when a token has to be remembered; `None`: it never expires.
#[derive(Serialize, Deserialize)]
struct Revoked {
    expires_s: Option<u64>,
}

impl MomentoKeys {
    /// As they are now; `None` where the door has no key.
    pub async fn stored(store: &Store, environment: &str) -> Result<Option<Self>, StoreError> {
        let own = MomentoKey::stored(store, environment).await?;
        let Some(MomentoKey(own)) = own else { return Ok(None) };
        let (mut signing, mut revoked) = (Vec::new(), Vec::new());
        for found in store.records(RecordKind::Credential, environment.to_owned()).await? {
            if found.at.name.starts_with(SIGNING) {
                signing.push(read(&found.body)?);
            } else if let Some(id) = found.at.name.strip_prefix(REVOKED) {
                revoked.push(id.to_owned());
            }
        }
        Ok(Some(Self { own, signing, revoked }))
    }

    /// A token of that id is taken no more. Those that have expired since are forgotten.
    pub async fn revoke(
        store: &Store,
        environment: &str,
        id: &str,
        expires_s: Option<u64>,
        now_s: u64,
    ) -> Result<(), StoreError> {
        let body = body(&Revoked { expires_s });
        let at = record(environment, &format!("{REVOKED}{id}"));
        let mut writes = forget_revoked(store, environment, |revoked| {
            revoked.expires_s.is_some_and(|expires_s| expires_s < now_s)
        })
        .await?;
        writes.push(Write::PutRecord { at, body });
        store.write(Write::All(writes)).await.map(drop)
    }
}

impl SigningKey {
    pub async fn create(
        store: &Store,
        environment: &str,
        expires_s: u64,
        now_s: u64,
    ) -> Result<Self, NewSigningKey> {
        let mut present = Self::list(store, environment).await?;
        let is_over = |key: &Self| key.expires_s <= now_s;
        let over: Vec<Self> = present.extract_if(.., |key| is_over(key)).collect();
        if present.len() >= SIGNING_KEYS_MAX {
            return Err(NewSigningKey::TooMany);
        }
        let made = Self { key: AccessKey::random(), expires_s };
        let at = |key: &Self| record(environment, &format!("{SIGNING}{}", key.key.id));
        let mut writes: Vec<Write> =
            over.iter().map(|key| Write::DeleteRecord { at: at(key) }).collect();
        writes.push(Write::PutRecord { at: at(&made), body: body(&made) });
        store.write(Write::All(writes)).await?;
        Ok(made)
    }

    /// By id.
    pub async fn list(store: &Store, environment: &str) -> Result<Vec<Self>, StoreError> {
        let found = store.records(RecordKind::Credential, environment.to_owned()).await?;
        let signing = found.iter().filter(|found| found.at.name.starts_with(SIGNING));
        signing.map(|found| read(&found.body)).collect()
    }

    /// Tokens that were signed with it are taken no more.
    pub async fn revoke(store: &Store, environment: &str, id: &str) -> Result<(), StoreError> {
        let at = record(environment, &format!("{SIGNING}{id}"));
        match store.write(Write::DeleteRecord { at }).await {
            Ok(_) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

async fn forget_revoked(
    store: &Store,
    environment: &str,
    is_over: impl Fn(&Revoked) -> bool,
) -> Result<Vec<Write>, StoreError> {
    let found = store.records(RecordKind::Credential, environment.to_owned()).await?;
    let mut writes = Vec::new();
    for found in found.into_iter().filter(|found| found.at.name.starts_with(REVOKED)) {
        if is_over(&read(&found.body)?) {
            writes.push(Write::DeleteRecord { at: found.at });
        }
    }
    Ok(writes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use crate::clock::Clock;
    use crate::store::durable::{KeyFile, Location, Settings};

    use super::*;

    async fn store() -> (TempDir, Store) {
        let folder = TempDir::new().expect("a folder");
        let settings = Settings {
            location: Location::Sqlite(folder.path().join("tollgate.db")),
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: Duration::from_secs(1),
        };
        let store = Store::open(&settings, &Clock::system()).await.expect("a store");
        (folder, store)
    }

    async fn keys(store: &Store) -> MomentoKeys {
        MomentoKeys::stored(store, "test").await.expect("it reads").expect("there are keys")
    }

    #[tokio::test]
    async fn what_was_taken_back_is_remembered_until_it_expires() {
        let (_folder, store) = store().await;
        assert_eq!(MomentoKeys::stored(&store, "test").await.expect("it reads"), None);
        let own = MomentoKey::of(&store, "test").await.expect("a key");
        assert_eq!(keys(&store).await.own, own.0);
        MomentoKeys::revoke(&store, "test", "first", Some(10), 5).await.expect("it is written");
        MomentoKeys::revoke(&store, "test", "second", None, 10).await.expect("it is written");
        assert_eq!(keys(&store).await.revoked, ["first", "second"]);
        MomentoKeys::revoke(&store, "test", "third", Some(99), 11).await.expect("it is written");
        assert_eq!(keys(&store).await.revoked, ["second", "third"]);
        let rotated = MomentoKey::rotate(&store, "test").await.expect("a key");
        assert_ne!(rotated, own);
        assert_eq!(keys(&store).await.revoked, Vec::<String>::new());
    }

    #[tokio::test]
    async fn keys_of_clients_come_and_go() {
        let (_folder, store) = store().await;
        let create =
            async |expires_s, now_s| SigningKey::create(&store, "test", expires_s, now_s).await;
        let first = create(10, 0).await.expect("a key");
        let listed = SigningKey::list(&store, "test").await.expect("it reads");
        assert_eq!(listed, std::slice::from_ref(&first));
        SigningKey::revoke(&store, "test", &first.key.id).await.expect("it is gone");
        SigningKey::revoke(&store, "test", &first.key.id).await.expect("it is gone already");
        assert_eq!(SigningKey::list(&store, "test").await.expect("it reads"), []);
        for _ in 0..SIGNING_KEYS_MAX {
            create(10, 0).await.expect("a key");
        }
        assert!(matches!(create(10, 9).await, Err(NewSigningKey::TooMany)));
        create(20, 10).await.expect("those that are over make room");
        assert_eq!(SigningKey::list(&store, "test").await.expect("it reads").len(), 1);
    }
}
