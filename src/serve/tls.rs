//! The certificate of the service doors, and TLS with it: rustls over aws-lc, versions 1.2 and
//! 1.3, HTTP/2 and HTTP/1.1 by ALPN.
//!
//! The two files may be replaced while the gateway runs; what is in them then holds for new
//! connections. Files that do not fit together, as between the two replacements, change nothing.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where a certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, then those that vouch for it.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} holds no certificate in PEM", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{} holds no private key in PEM", path.display())]
    NoKey { path: PathBuf },
    #[error("the certificate in {} and the key in {} do not serve", certificate.display(), key.display())]
    Unfit { certificate: PathBuf, key: PathBuf, source: rustls::Error },
    #[error("TLS cannot be set up")]
    Setup { source: rustls::Error },
}

/// A certificate that is in use. Cloning shares it.
#[derive(Clone)]
pub struct Certificate {
    files: CertificateFiles,
    current: Arc<Current>,
    server: Arc<ServerConfig>,
}

/// What handshakes take; the bytes are those of the files.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificate {
    pub fn load(files: CertificateFiles) -> Result<Self, CertificateError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&files, &provider)?)));
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| CertificateError::Setup { source })?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        server.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
        Ok(Self { files, current, server: Arc::new(server) })
    }

    /// For the handshakes of a listener.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// Takes what is in the files now; `true` where that is another certificate.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let found = read(&self.files, self.server.crypto_provider())?;
        let is_new = found.cert != self.current.0.load().cert;
        if is_new {
            self.current.0.store(Arc::new(found));
        }
        Ok(is_new)
    }

    /// Looks at the files now and then, until `stopped` says true or its sender has gone.
    pub async fn follow(self, mut stopped: watch::Receiver<bool>) {
        let mut is_broken = false;
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            match self.reload() {
                Ok(is_new) => {
                    if is_new {
                        tracing::info!(files = ?self.files, "a new certificate is in use");
                    }
                    is_broken = false;
                }
                Err(error) if !is_broken => {
                    is_broken = true;
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the certificate before stays in use"
                    );
                }
                Err(_) => {}
            }
        }
    }
}

fn read(
    files: &CertificateFiles,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    let (certificate, key) = (&files.certificate, &files.key);
    let no_certificate = || CertificateError::NoCertificate { path: certificate.clone() };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|_| no_certificate())?;
    if chain.is_empty() {
        return Err(no_certificate());
    }
    let private = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|_| CertificateError::NoKey { path: key.clone() })?;
    CertifiedKey::from_der(chain, private, provider).map_err(|source| CertificateError::Unfit {
        certificate: certificate.clone(),
        key: key.clone(),
        source,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let read = || {
        let file = OpenOptions::new().read(true).open(path)?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}
