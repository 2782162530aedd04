//! The running gateway that a command asks: where it is, who asks, and one call.
//!
//! Where nobody says who asks it is whom the gateway's store knows. That password is shown to no
//! program but one that knows it already: over https the certificate says whom we talk to, and in
//! the clear the gateway proves that it knows the password before it sees it
//! (`serve/management/credential.rs`), so that who takes the port of a gateway that is down learns
//! nothing. The lock of the state folder would say as much only of a gateway of this machine with
//! a state folder of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use bytestring::ByteString;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Method, Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use url::{Host, Url};

use crate::cli::cache::arguments::GatewayArguments;
use crate::cli::cache::error::CacheCommandError;
use crate::cli::{CliError, StoreUse, admin_address, load, open_store, read_file};
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_STATE, Overrides};
use crate::message::Body;
use crate::serve::management::{Challenge, Credential, PROOF_PATH};
use crate::store::credentials::{Kept, ManagementLogin};
use crate::upstream::keystore::{KeyEntry, KeyStore, KeyStores};
use crate::upstream::tls::{Tls, TlsSettings};
use crate::upstream::{
    HttpUpstream, PoolLimits, Scheme, TargetAddress, TargetCall, Timeouts, Upstream, UpstreamError,
};

/// The largest answer that is read: a value of 5 MB as JSON, escapes and all, fits.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest silence of a gateway.
const SILENCE: Duration = Duration::from_secs(60);
/// The largest file of certificates, or with a password.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// What the truststore of this command is called, which nobody sees.
const TRUST: &str = "ca";

/// A gateway to ask, as somebody.
pub(super) struct Gateway {
    upstream: HttpUpstream,
    address: TargetAddress,
    host: HeaderValue,
    /// As a user would write it.
    url: String,
    /// Before `/v1`.
    prefix: String,
    organization: String,
    environment: String,
    asker: Asker,
}

enum Asker {
    /// Nobody yet.
    Nobody,
    Given {
        user: String,
        password: String,
    },
    Stored(ManagementLogin),
}

/// What a gateway said.
pub(super) struct Said {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

/// Where a gateway is.
struct Address {
    target: TargetAddress,
    host: HeaderValue,
    url: String,
    prefix: String,
}

impl Gateway {
    /// Looks whether one answers there before it looks for who may ask.
    pub(super) async fn find(arguments: &GatewayArguments) -> Result<Self, CliError> {
        let state = arguments.state.clone().unwrap_or_else(|| {
            let folder = arguments.config.as_deref().and_then(Path::parent);
            folder.unwrap_or(Path::new("")).join(DEFAULT_STATE)
        });
        let overrides = Overrides { state: Some(state.clone()), ..Overrides::default() };
        let config = load(arguments.config.clone(), &overrides)?;
        let address = match &arguments.url {
            Some(url) => Address::of_url(url, arguments.ca.as_deref())?,
            None => Address::of_config(&config, &state, arguments.ca.as_deref())?,
        };
        let given = given(arguments)?;
        let upstream = HttpUpstream::new(PoolLimits::default(), Vec::new(), None);
        let Address { target, host, url, prefix } = address;
        let name = |given: &Option<String>, own: &str| given.clone().unwrap_or(own.to_owned());
        let mut gateway = Self {
            upstream,
            address: target,
            host,
            url,
            prefix,
            organization: name(&arguments.organization, &config.organization),
            environment: name(&arguments.environment, &config.environment),
            asker: Asker::Nobody,
        };
        gateway.asker = match given {
            Some((user, password)) => Asker::Given { user, password },
            None if gateway.is_overheard() && !config.insecure => {
                return Err(CacheCommandError::InTheClear { url: gateway.url }.into());
            }
            None => {
                gateway.call(&Method::GET, "/healthz", Bytes::new()).await?;
                let login = gateway.login(&config, &state).await?;
                if gateway.address.scheme == Scheme::Http {
                    gateway.check_proof(&login).await?;
                }
                Asker::Stored(login)
            }
        };
        Ok(gateway)
    }

    /// Asks for a resource below `caches`; `path` is encoded, with a slash in front where there is
    /// one. What is refused is an error.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Value, CliError> {
        let said = self.say(method, path, body).await?;
        if said.status.is_success() { Ok(said.body) } else { Err(refused(&said).into()) }
    }

    /// As [`Self::ask`], with whatever was said of what is there or not.
    pub(super) async fn say(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Said, CliError> {
        let (organization, environment) = (encoded(&self.organization), encoded(&self.environment));
        let path =
            format!("/v1/organizations/{organization}/environments/{environment}/caches{path}");
        let (status, body) = self.call(&method, &path, body).await?;
        let url = self.url.clone();
        if status == StatusCode::UNAUTHORIZED {
            return Err(match &self.asker {
                Asker::Given { user, .. } => {
                    CacheCommandError::WrongPassword { url, user: user.clone() }
                }
                Asker::Stored(_) | Asker::Nobody => CacheCommandError::WrongStore { url },
            }
            .into());
        }
        match serde_json::from_slice(&body) {
            Ok(body) if status.is_success() || is_refusal(&body) => Ok(Said { status, body }),
            Ok(_) | Err(_) => {
                Err(CacheCommandError::Foreign { url, status: status.as_u16() }.into())
            }
        }
    }

    async fn call(
        &self,
        method: &Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), CliError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(HOST, &self.host)
            .header(ACCEPT, "application/json")
            .header(CONTENT_LENGTH, body.len());
        let asker = match &self.asker {
            Asker::Nobody => None,
            Asker::Given { user, password } => Some((user, password)),
            Asker::Stored(login) => Some((&login.user, &login.password)),
        };
        if let Some((user, password)) = asker {
            let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
            let mut authorization = HeaderValue::try_from(format!("Basic {pair}"))
                .map_err(|_| argument("--user", "it cannot stand in a header"))?;
            authorization.set_sensitive(true);
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request
            .body(Body::from(body))
            .map_err(|_| argument("KEY", "it is too long for a request"))?;
        let call = TargetCall {
            address: self.address.clone(),
            request,
            timeouts: Timeouts { io: SILENCE, ..Timeouts::default() },
        };
        let answer = self.upstream.call(call).await;
        let mut answer = answer.map_err(|failed| self.failed(failed.error))?.response;
        let status = answer.status().unwrap_or(StatusCode::BAD_GATEWAY);
        let read = answer.body.buffer(ANSWER_BYTES_MAX, SILENCE).await;
        read.map_err(|source| CacheCommandError::Answer { url: self.url.clone(), source })?;
        Ok((status, answer.body.bytes().cloned().unwrap_or_default()))
    }

    /// Whether what answers there knows the login.
    async fn check_proof(&self, login: &ManagementLogin) -> Result<(), CliError> {
        let challenge: Challenge = rand::random();
        let path = format!("{PROOF_PATH}?challenge={}", BASE64_URL_SAFE_NO_PAD.encode(challenge));
        let (status, body) = self.call(&Method::GET, &path, Bytes::new()).await?;
        let url = self.url.clone();
        let said = serde_json::from_slice::<Value>(&body).ok().filter(|_| status.is_success());
        let Some(proof) = said.as_ref().and_then(|said| said["proof"].as_str()) else {
            return Err(CacheCommandError::Foreign { url, status: status.as_u16() }.into());
        };
        let proof = BASE64_URL_SAFE_NO_PAD.decode(proof).unwrap_or_default();
        if Credential::from(login).is_proven_by(&proof, &challenge, self.address.port) {
            return Ok(());
        }
        Err(CacheCommandError::Unproven { url }.into())
    }

    /// Whether what is sent goes over a network without TLS.
    fn is_overheard(&self) -> bool {
        !self.address.is_confidential()
    }

    fn failed(&self, source: UpstreamError) -> CacheCommandError {
        let url = self.url.clone();
        match source {
            UpstreamError::Connect { .. }
            | UpstreamError::ConnectTimeout { .. }
            | UpstreamError::Resolve { .. } => CacheCommandError::NotRunning { url, source },
            UpstreamError::Handshake { .. } => CacheCommandError::Untrusted { url, source },
            UpstreamError::ReadTimeout { .. }
            | UpstreamError::ClosedEarly { .. }
            | UpstreamError::RequestBody { .. }
            | UpstreamError::Protocol { .. }
            | UpstreamError::OwnAddress { .. }
            | UpstreamError::Loop { .. } => CacheCommandError::Call { url, source },
        }
    }

    /// Whom the gateway's store knows. No store is made here.
    async fn login(&self, config: &Config, state: &Path) -> Result<ManagementLogin, CliError> {
        let none = || {
            let state = state.to_owned();
            CliError::from(CacheCommandError::NoStore { url: self.url.clone(), state })
        };
        let store = match open_store(config, state, StoreUse::Existing, &Clock::system()).await {
            Err(CliError::NoStore { .. }) => return Err(none()),
            opened => opened?,
        };
        ManagementLogin::stored(&store, &config.environment).await?.ok_or_else(none)
    }
}

impl Address {
    fn of_url(text: &str, ca: Option<&Path>) -> Result<Self, CliError> {
        let wrong = |reason: String| CliError::from(argument("--url", &reason));
        let url =
            Url::parse(text).map_err(|error| wrong(format!("`{text}` is no URL: {error}")))?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(wrong(format!("write http or https, not `{other}`"))),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("user and password stand in --user".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has neither `?` nor `#`".to_owned()));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return Err(wrong("it names no host".to_owned())),
        };
        let port = url.port().unwrap_or(scheme.default_port());
        let prefix = url.path().trim_end_matches('/').to_owned();
        Self::new(scheme, &host, port, prefix, &trusted(ca, None)?)
    }

    /// Over loopback the gateway takes no TLS for needed.
    fn of_config(config: &Config, state: &Path, ca: Option<&Path>) -> Result<Self, CliError> {
        let admin = admin_address(config, state)?;
        let near = match admin.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let near = SocketAddr::new(near, admin.port());
        let port = near.port();
        match &config.admin_tls {
            Some(files) if !near.ip().is_loopback() => {
                let host = config.listen.hosts.first().cloned();
                let host = host.unwrap_or_else(|| near.ip().to_string());
                let trust = trusted(ca, Some(&files.certificate))?;
                Self::new(Scheme::Https, &host, port, String::new(), &trust)
            }
            Some(_) | None => {
                let host = near.ip().to_string();
                let mut found = Self::new(Scheme::Http, &host, port, String::new(), &[])?;
                // The one name that every listener answers for.
                found.host = HeaderValue::try_from(format!("localhost:{port}"))
                    .map_err(|_| argument("listen.admin", "it cannot stand in a header"))?;
                Ok(found)
            }
        }
    }

    /// `host`: a name, or an IP address without brackets.
    fn new(
        scheme: Scheme,
        host: &str,
        port: u16,
        prefix: String,
        trust: &[CertificateDer<'static>],
    ) -> Result<Self, CliError> {
        let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let authority = format!("{shown}:{port}");
        let tls = match scheme {
            Scheme::Https if !trust.is_empty() => Some(trusting(trust)?),
            Scheme::Http | Scheme::Https => None,
        };
        Ok(Self {
            target: TargetAddress { scheme, host: ByteString::from(host), port, tls },
            host: HeaderValue::try_from(&authority)
                .map_err(|_| argument("--url", "its host cannot stand in a header"))?,
            url: format!("{}://{authority}{prefix}", scheme.as_str()),
            prefix,
        })
    }
}

/// What `--user` and `--password-file` say.
fn given(arguments: &GatewayArguments) -> Result<Option<(String, String)>, CliError> {
    let Some(user) = &arguments.user else { return Ok(None) };
    match (user.split_once(':'), &arguments.password_file) {
        (Some((user, password)), None) => Ok(Some((user.to_owned(), password.to_owned()))),
        (None, Some(path)) => {
            let bytes = read_file(path, FILE_BYTES_MAX)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| argument("--password-file", "the password is no text"))?;
            Ok(Some((user.clone(), text.trim_end_matches(['\r', '\n']).to_owned())))
        }
        (None, None) => {
            Err(argument("--user", "write USER:PASSWORD, or add --password-file").into())
        }
        (Some(_), Some(_)) => {
            Err(argument("--user", "the password stands there and in --password-file").into())
        }
    }
}

/// The certificates of `--ca`, else those of the gateway's own file; none leaves it to the public
/// authorities.
fn trusted(
    ca: Option<&Path>,
    own: Option<&PathBuf>,
) -> Result<Vec<CertificateDer<'static>>, CliError> {
    let Some(path) = ca.or(own.map(PathBuf::as_path)) else { return Ok(Vec::new()) };
    let bytes = read_file(path, FILE_BYTES_MAX)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => {
            let reason = format!("{} holds no certificate in PEM", path.display());
            Err(argument("--ca", &reason).into())
        }
    }
}

fn trusting(certificates: &[CertificateDer<'static>]) -> Result<Tls, CliError> {
    let aliases: BTreeMap<String, KeyEntry> = certificates
        .iter()
        .enumerate()
        .map(|(number, certificate)| {
            let entry = KeyEntry { certificates: vec![certificate.clone()], key: None };
            (number.to_string(), entry)
        })
        .collect();
    let stores = KeyStores {
        stores: BTreeMap::from([(TRUST.to_owned(), KeyStore { aliases })]),
        references: BTreeMap::new(),
    };
    let settings = TlsSettings { trust_store: TRUST.to_owned(), ..TlsSettings::default() };
    Tls::new(&settings, &stores).map_err(|error| argument("--ca", &error.to_string()).into())
}

/// One segment of a path.
pub(super) fn encoded(segment: impl AsRef<[u8]>) -> String {
    percent_encode(segment.as_ref(), NON_ALPHANUMERIC).to_string()
}

pub(super) fn refused(said: &Said) -> CacheCommandError {
    let is_cache = said.body["code"] == "messaging.config.beans.CacheDoesNotExist";
    let message = said.body["message"].as_str().unwrap_or_default().to_owned();
    CacheCommandError::Refused { message, is_cache }
}

fn is_refusal(body: &Value) -> bool {
    body["code"].is_string() && body["message"].is_string()
}

pub(super) fn argument(what: &'static str, reason: &str) -> CacheCommandError {
    CacheCommandError::Argument { what, reason: reason.to_owned() }
}
