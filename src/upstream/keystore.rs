//! Keystores and truststores of the environment, and the references to them.
//!
//! Source: Apigee docs, "Keystores and truststores", "Working with references": a store has
//! aliases; each has a certificate with its chain, and a key where it is to be shown to others. A
//! truststore is a keystore whose aliases have no keys. `ref://name` names a reference, which
//! names the store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// What stands before a reference's name.
const REFERENCE: &str = "ref://";

/// All stores of an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyStores {
    pub stores: BTreeMap<String, KeyStore>,
    /// From a reference's name to its store's.
    pub references: BTreeMap<String, String>,
}

/// By alias.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyStore {
    pub aliases: BTreeMap<String, KeyEntry>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The own one first, then those that vouch for it. Never empty.
    pub certificates: Vec<CertificateDer<'static>>,
    pub key: Option<Arc<PrivateKeyDer<'static>>>,
}

/// Why there is no such store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStore {
    #[error("the environment has no reference `{name}`")]
    Reference { name: String },
    #[error("the environment has no keystore `{name}`")]
    Store { name: String },
}

/// Why a file holds no certificate or key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    #[error("it holds no certificate in PEM")]
    NoCertificate,
    #[error("it holds no private key in PEM")]
    NoKey,
    #[error("it is no PEM: {reason}")]
    Broken { reason: String },
}

impl KeyStores {
    /// By a store's name, or `ref://` and a reference's.
    pub fn find(&self, name: &str) -> Result<&KeyStore, NoStore> {
        let store = match name.strip_prefix(REFERENCE) {
            Some(reference) => match self.references.get(reference) {
                Some(store) => store,
                None => return Err(NoStore::Reference { name: reference.to_owned() }),
            },
            None => name,
        };
        self.stores.get(store).ok_or_else(|| NoStore::Store { name: store.to_owned() })
    }
}

impl KeyStore {
    /// Those of all aliases.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.aliases.values().flat_map(|entry| &entry.certificates)
    }
}

impl KeyEntry {
    /// Out of the text of PEM files, the key's where there is one.
    pub fn from_pem(certificate: &[u8], key: Option<&[u8]>) -> Result<Self, PemError> {
        let broken =
            |error: rustls_pki_types::pem::Error| PemError::Broken { reason: error.to_string() };
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let certificates = read.map_err(broken)?;
        if certificates.is_empty() {
            return Err(PemError::NoCertificate);
        }
        let key = match key.map(PrivateKeyDer::from_pem_slice) {
            Some(Ok(key)) => Some(Arc::new(key)),
            Some(Err(rustls_pki_types::pem::Error::NoItemsFound)) => return Err(PemError::NoKey),
            Some(Err(error)) => return Err(broken(error)),
            None => None,
        };
        Ok(Self { certificates, key })
    }
}

/// The key is a secret.
impl fmt::Debug for KeyEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyEntry")
            .field("certificates", &self.certificates.len())
            .field("has_key", &self.key.is_some())
            .finish()
    }
}
