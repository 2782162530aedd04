//! TLS to targets: what `SSLInfo` asks for, made into a client of rustls.
//!
//! Source: Apigee docs, "Options for configuring TLS", "TLS/SSL TargetEndpoint configuration".
//! `Differs:` without TrustStore and Enforce the platform takes any certificate; here public
//! authorities have to vouch for it, and only `IgnoreValidationErrors` turns that off. `Unknown:`
//! what names CommonName is compared with; it is compared with the subject's common name and with
//! the alternative names, in place of the host.

mod subject;
mod verifier;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use bytestring::ByteString;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::upstream::keystore::{KeyEntry, KeyStores, NoStore};
use crate::upstream::tls::verifier::{Names, Trust, Verifier};

pub(super) use subject::subject;

/// `SSLInfo`, every text as it holds for one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsSettings {
    /// Validate whatever `ignore_validation_errors` says.
    pub enforce: bool,
    pub ignore_validation_errors: bool,
    pub client_auth_enabled: bool,
    /// A keystore's name or a reference to one; empty for none, as the next two.
    pub key_store: String,
    pub key_alias: String,
    pub trust_store: String,
    /// Such as `TLSv1.2`; empty for all.
    pub protocols: Vec<String>,
    /// By their names in the registry of TLS; empty for all.
    pub ciphers: Vec<String>,
    pub common_name: Option<CommonName>,
    /// `allow.tls.session.resumption`.
    pub resumption: bool,
}

/// The name that a target's certificate has to have, in place of its host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommonName {
    pub value: ByteString,
    /// A `*` in front stands for one label.
    pub wildcard_match: bool,
}

/// Why no call can be made with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    Store(#[from] NoStore),
    #[error("keystore `{store}` has no alias `{alias}`")]
    Alias { store: String, alias: String },
    #[error("alias `{alias}` of keystore `{store}` has no private key")]
    NoKey { store: String, alias: String },
    #[error("`ClientAuthEnabled` is set and there is no `KeyStore` with a `KeyAlias`")]
    ClientAuthIncomplete,
    #[error("alias `{alias}` of keystore `{store}` cannot be used: {reason}")]
    BadKey { store: String, alias: String, reason: String },
    #[error("truststore `{store}` has no certificate that can vouch for others: {reason}")]
    BadTrust { store: String, reason: String },
    #[error("none of the protocols {listed} is spoken here, which are TLSv1.2 and TLSv1.3")]
    Protocols { listed: String },
    #[error("none of the ciphers {listed} is known here, or none for the protocols allowed")]
    Ciphers { listed: String },
}

/// A client of TLS: settings made ready. Two are alike where they are one; a connection is used
/// again for calls with its own alone.
#[derive(Clone)]
pub struct Tls {
    client: Arc<Client>,
    /// `target.expectedcn`, in place of the client's own.
    expected: Option<ByteString>,
}

struct Client {
    /// Checks the certificate and its name.
    config: Arc<ClientConfig>,
    names: Names,
    /// Checks no name; made where a flow says which one is expected.
    nameless: OnceLock<Arc<ClientConfig>>,
    trust: Arc<Trust>,
    common_name: Option<CommonName>,
    resumption: bool,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            enforce: false,
            ignore_validation_errors: false,
            client_auth_enabled: false,
            key_store: String::new(),
            key_alias: String::new(),
            trust_store: String::new(),
            protocols: Vec::new(),
            ciphers: Vec::new(),
            common_name: None,
            resumption: true,
        }
    }
}

impl TlsSettings {
    /// With what the texts of templates came to; `None` where TLS is switched off, and the rest
    /// with it.
    pub fn with_texts(
        &self,
        enabled: &str,
        client_auth_enabled: &str,
        [key_store, key_alias, trust_store]: [String; 3],
    ) -> Option<Self> {
        let is_on = |flag: &str| flag.trim().eq_ignore_ascii_case("true");
        is_on(enabled).then(|| Self {
            client_auth_enabled: is_on(client_auth_enabled),
            key_store,
            key_alias,
            trust_store,
            ..self.clone()
        })
    }
}

impl Tls {
    /// Where nothing is said: public authorities, the host's name, every protocol.
    pub fn plain() -> &'static Self {
        static PLAIN: OnceLock<Tls> = OnceLock::new();
        PLAIN.get_or_init(|| {
            let made = Self::new(&TlsSettings::default(), &KeyStores::default());
            made.expect("the default settings name no store and leave every protocol")
        })
    }

    pub fn new(settings: &TlsSettings, stores: &KeyStores) -> Result<Self, TlsError> {
        let versions = versions(&settings.protocols)?;
        let provider = Arc::new(provider(&settings.ciphers, &versions)?);
        let trust = Arc::new(trust(settings, stores)?);
        let names = match (&*trust, &settings.common_name) {
            (Trust::Anybody, _) => Names::Any,
            (Trust::Authorities { .. }, Some(name)) => Names::Common(name.clone()),
            (Trust::Authorities { .. }, None) => Names::Host,
        };
        let verifier = Verifier::new(trust.clone(), names.clone(), &provider);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(|_| TlsError::Ciphers { listed: settings.ciphers.join(", ") })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match client_entry(settings, stores)? {
            Some((entry, key)) => builder
                .with_client_auth_cert(entry.certificates.clone(), key)
                .map_err(|error| TlsError::BadKey {
                    store: settings.key_store.clone(),
                    alias: settings.key_alias.clone(),
                    reason: error.to_string(),
                })?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if !settings.resumption {
            config.resumption = Resumption::disabled();
        }
        let client = Client {
            config: Arc::new(config),
            names,
            nameless: OnceLock::new(),
            trust,
            common_name: settings.common_name.clone(),
            resumption: settings.resumption,
        };
        Ok(Self { client: Arc::new(client), expected: None })
    }

    /// The name that its `CommonName` expects.
    pub fn common_name(&self) -> Option<&ByteString> {
        self.client.common_name.as_ref().map(|name| &name.value)
    }

    /// The same for a target whose certificate has that name.
    #[must_use]
    pub fn expecting(&self, name: &ByteString) -> Self {
        Self { client: self.client.clone(), expected: Some(name.clone()) }
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        if self.expected.is_none() {
            return self.client.config.clone();
        }
        // Sessions of their own: one that was begun under another name says nothing of this one.
        let nameless = self.client.nameless.get_or_init(|| {
            let mut config = ClientConfig::clone(&self.client.config);
            config.resumption = match self.client.resumption {
                true => Resumption::default(),
                false => Resumption::disabled(),
            };
            let provider = config.crypto_provider().clone();
            let verifier = Verifier::new(self.client.trust.clone(), Names::Any, &provider);
            config.dangerous().set_certificate_verifier(Arc::new(verifier));
            Arc::new(config)
        });
        nameless.clone()
    }

    /// What the handshake could not check: the name that a flow expects.
    pub(super) fn check_name(
        &self,
        certificate: Option<&CertificateDer<'_>>,
        host: &ServerName<'_>,
    ) -> Result<(), rustls::Error> {
        let Some(expected) = &self.expected else { return Ok(()) };
        if matches!(self.client.names, Names::Any) {
            return Ok(());
        }
        let wildcard_match =
            self.client.common_name.as_ref().is_some_and(|name| name.wildcard_match);
        let names = Names::Common(CommonName { value: expected.clone(), wildcard_match });
        match certificate {
            Some(certificate) => names.check(certificate, host),
            None => Err(rustls::Error::NoCertificatesPresented),
        }
    }
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.client, &other.client) && self.expected == other.expected
    }
}

impl Eq for Tls {}

impl Hash for Tls {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.client).hash(state);
        self.expected.hash(state);
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("names", &self.client.names).finish_non_exhaustive()
    }
}

/// What rustls says of a connection that failed, if it was rustls that ended it.
pub(super) fn reason(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found.to_string());
        }
        // An error of `io` hides the one that it was made of from `source`.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// What of a list of protocols this gateway speaks; names as Java and the documentation have them.
pub fn is_spoken(protocol: &str) -> bool {
    version(protocol).is_some()
}

/// Whether the gateway has the cipher.
pub fn is_known_cipher(name: &str) -> bool {
    let suites = aws_lc_rs::ALL_CIPHER_SUITES;
    suites.iter().any(|suite| is_suite(suite.suite(), name))
}

fn version(protocol: &str) -> Option<&'static SupportedProtocolVersion> {
    match protocol.trim().to_ascii_lowercase().as_str() {
        "tlsv1.2" | "tlsv1_2" => Some(&TLS12),
        "tlsv1.3" | "tlsv1_3" => Some(&TLS13),
        _ => None,
    }
}

fn versions(protocols: &[String]) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    if protocols.is_empty() {
        return Ok(vec![&TLS13, &TLS12]);
    }
    let mut found: Vec<&'static SupportedProtocolVersion> = Vec::new();
    for spoken in protocols.iter().filter_map(|name| version(name)) {
        if !found.contains(&spoken) {
            found.push(spoken);
        }
    }
    if found.is_empty() {
        return Err(TlsError::Protocols { listed: protocols.join(", ") });
    }
    Ok(found)
}

/// The suites that are listed, in the order of the list, of the versions that are allowed.
fn provider(
    ciphers: &[String],
    versions: &[&'static SupportedProtocolVersion],
) -> Result<CryptoProvider, TlsError> {
    let mut provider = aws_lc_rs::default_provider();
    if ciphers.is_empty() {
        return Ok(provider);
    }
    let listed = ciphers.iter().filter_map(|name| {
        let all = aws_lc_rs::ALL_CIPHER_SUITES;
        all.iter().copied().find(|suite| is_suite(suite.suite(), name))
    });
    provider.cipher_suites =
        listed.filter(|suite| versions.iter().any(|at| **at == *suite.version())).collect();
    if provider.cipher_suites.is_empty() {
        return Err(TlsError::Ciphers { listed: ciphers.join(", ") });
    }
    Ok(provider)
}

/// rustls calls those of TLS 1.3 `TLS13_`, the registry and everybody else `TLS_`.
fn is_suite(suite: CipherSuite, name: &str) -> bool {
    let Some(known) = suite.as_str() else { return false };
    let name = name.trim();
    known.eq_ignore_ascii_case(name)
        || known.strip_prefix("TLS13_").is_some_and(|rest| {
            name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("TLS_"))
                && name.get(4..).is_some_and(|own| own.eq_ignore_ascii_case(rest))
        })
}

fn trust(settings: &TlsSettings, stores: &KeyStores) -> Result<Trust, TlsError> {
    let store = match settings.trust_store.as_str() {
        "" => None,
        // One that is not there is no reason to trust others.
        name => Some((name, stores.find(name)?)),
    };
    if settings.ignore_validation_errors && !settings.enforce {
        return Ok(Trust::Anybody);
    }
    let Some((name, store)) = store else {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(Trust::Authorities { roots: Arc::new(roots), own: Vec::new() });
    };
    let mut roots = RootCertStore::empty();
    let mut refusal = None;
    for certificate in store.certificates() {
        if let Err(error) = roots.add(certificate.clone()) {
            refusal = Some(error.to_string());
        }
    }
    if roots.is_empty() {
        let reason = refusal.unwrap_or_else(|| "it is empty".to_owned());
        return Err(TlsError::BadTrust { store: name.to_owned(), reason });
    }
    Ok(Trust::Authorities { roots: Arc::new(roots), own: store.certificates().cloned().collect() })
}

type ClientEntry<'s> = (&'s KeyEntry, rustls_pki_types::PrivateKeyDer<'static>);

/// What is shown to a target that asks who calls.
fn client_entry<'s>(
    settings: &TlsSettings,
    stores: &'s KeyStores,
) -> Result<Option<ClientEntry<'s>>, TlsError> {
    if !settings.client_auth_enabled {
        return Ok(None);
    }
    let (store, alias) = (settings.key_store.as_str(), settings.key_alias.as_str());
    if store.is_empty() || alias.is_empty() {
        return Err(TlsError::ClientAuthIncomplete);
    }
    let found = stores.find(store)?.aliases.get(alias);
    let names = || (store.to_owned(), alias.to_owned());
    let Some(entry) = found else {
        let (store, alias) = names();
        return Err(TlsError::Alias { store, alias });
    };
    match &entry.key {
        Some(key) => Ok(Some((entry, key.clone_key()))),
        None => {
            let (store, alias) = names();
            Err(TlsError::NoKey { store, alias })
        }
    }
}

/// Checks that a key belongs to its certificate.
pub fn check_entry(entry: &KeyEntry) -> Result<(), String> {
    let Some(key) = &entry.key else { return Ok(()) };
    let provider = aws_lc_rs::default_provider();
    let certificates = entry.certificates.clone();
    rustls::sign::CertifiedKey::from_der(certificates, key.clone_key(), &provider)
        .map(drop)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
