//! Calls over TLS on loopback, with certificates made for each test.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ::http::Request;
use bytestring::ByteString;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::message::Body;
use crate::upstream::keystore::{KeyStore, PemError};
use crate::upstream::{
    CallFailed, HttpUpstream, PoolLimits, Scheme, TargetAddress, TargetAnswer, TargetCall,
    Timeouts, Upstream, UpstreamError,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// An authority, and what it vouches for.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn signs(&self, params: &CertificateParams) -> Shown {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Shown { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn root(&self) -> CertificateDer<'static> {
        KeyEntry::from_pem(self.pem.as_bytes(), None).expect("PEM").certificates.remove(0)
    }
}

/// A certificate with its key, in PEM.
struct Shown {
    certificate: String,
    key: String,
}

impl Shown {
    fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let entry = KeyEntry::from_pem(self.certificate.as_bytes(), Some(self.key.as_bytes()));
        let entry = entry.expect("PEM");
        (entry.certificates, entry.key.expect("a key").clone_key())
    }
}

fn named(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("names")
}

/// The environment's stores: each alias of a store is called as the store.
fn stores(entries: &[(&str, &str, Option<&str>)]) -> KeyStores {
    let entries = entries.iter().map(|(name, certificate, key)| {
        let entry = KeyEntry::from_pem(certificate.as_bytes(), key.map(str::as_bytes));
        let aliases = BTreeMap::from([((*name).to_owned(), entry.expect("PEM"))]);
        ((*name).to_owned(), KeyStore { aliases })
    });
    let references = BTreeMap::from([("the-trust".to_owned(), "trust".to_owned())]);
    KeyStores { stores: entries.collect(), references }
}

fn trusting(store: &str) -> TlsSettings {
    TlsSettings { trust_store: store.to_owned(), ..TlsSettings::default() }
}

/// A server of TLS that answers each request; it tells how each handshake went.
struct Server {
    address: SocketAddr,
    handshakes: Rc<RefCell<Vec<HandshakeKind>>>,
}

impl Server {
    async fn of(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let handshakes: Rc<RefCell<Vec<HandshakeKind>>> = Rc::default();
        let told = Rc::clone(&handshakes);
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, told) = (acceptor.clone(), Rc::clone(&told));
                spawn_local(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    told.borrow_mut().extend(stream.get_ref().1.handshake_kind());
                    let mut head = Vec::new();
                    while let Ok(byte) = stream.read_u8().await {
                        head.push(byte);
                        if head.ends_with(b"\r\n\r\n") {
                            // A request that asks for it is the last of its connection.
                            let is_last = head.windows(5).any(|part| part == b"/last");
                            head.clear();
                            if stream.write_all(OK).await.is_err() || is_last {
                                break;
                            }
                        }
                    }
                    drop(stream.shutdown().await);
                });
            }
        });
        Self { address, handshakes }
    }

    async fn showing(shown: &Shown) -> Self {
        let (chain, key) = shown.der();
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth();
        Self::of(builder.with_single_cert(chain, key).expect("its key")).await
    }
}

fn config(version: &'static SupportedProtocolVersion, shown: &Shown) -> ServerConfig {
    let (chain, key) = shown.der();
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("its key")
}

fn run(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(30), test).await.expect("the test does not hang");
    });
}

fn upstream() -> HttpUpstream {
    HttpUpstream::new(PoolLimits::default(), Vec::new(), None)
}

fn call(to: SocketAddr, host: &str, tls: Tls, path: &str) -> TargetCall {
    let request = Request::builder().uri(path).header("host", host).body(Body::Empty);
    TargetCall {
        address: TargetAddress {
            scheme: Scheme::Https,
            host: ByteString::from(host),
            port: to.port(),
            tls: Some(tls),
        },
        request: request.expect("the request is well-formed"),
        timeouts: Timeouts::default(),
    }
}

async fn get(to: SocketAddr, host: &str, tls: &Tls) -> Result<TargetAnswer, CallFailed> {
    upstream().call(call(to, host, tls.clone(), "/")).await
}

#[track_caller]
fn check_answered(answer: Result<TargetAnswer, CallFailed>) -> TargetAnswer {
    let answer = answer.expect("the target answers");
    assert_eq!(answer.response.status().map(|status| status.as_u16()), Some(200));
    answer
}

#[track_caller]
fn check_refused(answer: Result<TargetAnswer, CallFailed>, why: &str) {
    let failed = answer.expect_err("the handshake fails");
    let UpstreamError::Handshake { reason, .. } = &failed.error else { panic!("{failed:?}") };
    // rustls says the same of a certificate in words and by a name, with and without its times.
    let bare = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    assert!(bare(reason).contains(&bare(why)), "{reason}");
}

#[test]
fn a_certificate_of_the_truststore_is_taken() {
    run(async {
        let authority = Authority::new("authority");
        let mut params = named(&["localhost"]);
        for (part, text) in [
            (DnType::CommonName, "backend"),
            (DnType::CountryName, "DE"),
            (DnType::LocalityName, "Berlin"),
            (DnType::OrganizationName, "Acme"),
            (DnType::OrganizationalUnitName, "Weather"),
            (DnType::StateOrProvinceName, "BE"),
        ] {
            params.distinguished_name.push(part, text);
        }
        let server = Server::showing(&authority.signs(&params)).await;
        let stores = stores(&[("trust", &authority.pem, None)]);
        for name in ["trust", "ref://the-trust"] {
            let tls = Tls::new(&trusting(name), &stores).expect("the store is there");
            let answer = check_answered(get(server.address, "localhost", &tls).await);
            let subject = answer.subject.expect("a certificate");
            let text = |part: &Option<ByteString>| part.as_deref().map(str::to_owned);
            assert_eq!(text(&subject.cn).as_deref(), Some("backend"));
            assert_eq!(text(&subject.country).as_deref(), Some("DE"));
            assert_eq!(text(&subject.locality).as_deref(), Some("Berlin"));
            assert_eq!(text(&subject.organization).as_deref(), Some("Acme"));
            assert_eq!(text(&subject.organization_unit).as_deref(), Some("Weather"));
            assert_eq!(text(&subject.state).as_deref(), Some("BE"));
            assert_eq!(subject.email_address, None);
        }
    });
}

#[test]
fn a_stranger_is_refused_unless_errors_are_ignored() {
    run(async {
        let authority = Authority::new("authority");
        let server = Server::showing(&authority.signs(&named(&["localhost"]))).await;
        check_refused(get(server.address, "localhost", Tls::plain()).await, "UnknownIssuer");
        let other = Authority::new("other");
        let stores = stores(&[("trust", &other.pem, None)]);
        let tls = Tls::new(&trusting("trust"), &stores).expect("the store is there");
        check_refused(get(server.address, "localhost", &tls).await, "invalid peer certificate");
        let ignoring = TlsSettings { ignore_validation_errors: true, ..trusting("trust") };
        let tls = Tls::new(&ignoring, &stores).expect("the store is there");
        check_answered(get(server.address, "localhost", &tls).await);
        let enforced = TlsSettings { enforce: true, ..ignoring };
        let tls = Tls::new(&enforced, &stores).expect("the store is there");
        check_refused(get(server.address, "localhost", &tls).await, "invalid peer certificate");
    });
}

#[test]
fn what_is_over_or_to_come_is_refused() {
    run(async {
        let authority = Authority::new("authority");
        let stores = stores(&[("trust", &authority.pem, None)]);
        let tls = Tls::new(&trusting("trust"), &stores).expect("the store is there");
        for (from, until, why) in [(2001, 2002, "expired"), (3001, 3002, "not valid yet")] {
            let mut params = named(&["localhost"]);
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
            let server = Server::showing(&authority.signs(&params)).await;
            check_refused(get(server.address, "localhost", &tls).await, why);
        }
    });
}

#[test]
fn the_name_is_that_of_the_host_or_of_common_name() {
    run(async {
        let authority = Authority::new("authority");
        let stores = stores(&[("trust", &authority.pem, None)]);
        let mut params = named(&["other.example.com"]);
        params.distinguished_name.push(DnType::CommonName, "backend");
        let server = Server::showing(&authority.signs(&params)).await;
        let plain = Tls::new(&trusting("trust"), &stores).expect("the store is there");
        check_refused(get(server.address, "localhost", &plain).await, "not valid for name");
        for (value, wildcard_match, fits) in [
            ("backend", false, true),
            ("OTHER.example.com", false, true),
            ("*.example.com", false, false),
            ("*.example.com", true, true),
            ("localhost", false, false),
        ] {
            let common_name = CommonName { value: ByteString::from(value), wildcard_match };
            let settings = TlsSettings { common_name: Some(common_name), ..trusting("trust") };
            let tls = Tls::new(&settings, &stores).expect("the store is there");
            let answer = get(server.address, "localhost", &tls).await;
            assert_eq!(answer.is_ok(), fits, "{value}: {answer:?}");
            // What a flow expects goes before it.
            let backend = tls.expecting(&ByteString::from("backend"));
            check_answered(get(server.address, "localhost", &backend).await);
            let stranger = tls.expecting(&ByteString::from("stranger"));
            check_refused(get(server.address, "localhost", &stranger).await, "not valid for name");
        }
        let mut params = named(&[]);
        params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        let address = Server::showing(&authority.signs(&params)).await.address;
        check_answered(get(address, "127.0.0.1", &plain).await);
    });
}

#[test]
fn a_certificate_in_the_truststore_may_be_the_targets_own() {
    run(async {
        let mut params = named(&["localhost"]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate");
        let shown = Shown { certificate: own.pem(), key: key.serialize_pem() };
        let server = Server::showing(&shown).await;
        let tls = Tls::new(&trusting("trust"), &stores(&[("trust", &own.pem(), None)]));
        let tls = tls.expect("the store is there");
        check_answered(get(server.address, "localhost", &tls).await);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        let old = params.self_signed(&key).expect("a certificate");
        let shown = Shown { certificate: old.pem(), key: key.serialize_pem() };
        let server = Server::showing(&shown).await;
        let tls = Tls::new(&trusting("trust"), &stores(&[("trust", &old.pem(), None)]));
        let tls = tls.expect("the store is there");
        check_refused(get(server.address, "localhost", &tls).await, "expired");
    });
}

#[test]
fn a_client_shows_its_certificate_where_it_is_asked() {
    run(async {
        let authority = Authority::new("authority");
        let client = authority.signs(&named(&["client"]));
        let (chain, key) = authority.signs(&named(&["localhost"])).der();
        let mut roots = RootCertStore::empty();
        roots.add(authority.root()).expect("an authority");
        let provider = Arc::new(aws_lc_rs::default_provider());
        for version in [&TLS12, &TLS13] {
            let verifier = WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots.clone()),
                provider.clone(),
            )
            .build()
            .expect("a verifier");
            let config = ServerConfig::builder_with_provider(provider.clone())
                .with_protocol_versions(&[version])
                .expect("a version")
                .with_client_cert_verifier(verifier)
                .with_single_cert(chain.clone(), key.clone_key())
                .expect("its key");
            let server = Server::of(config).await;
            let stores = stores(&[
                ("trust", &authority.pem, None),
                ("own", &client.certificate, Some(&client.key)),
            ]);
            let with = TlsSettings {
                client_auth_enabled: true,
                key_store: "own".to_owned(),
                key_alias: "own".to_owned(),
                ..trusting("trust")
            };
            let tls = Tls::new(&with, &stores).expect("the stores are there");
            check_answered(get(server.address, "localhost", &tls).await);
            let tls = Tls::new(&trusting("trust"), &stores).expect("the store is there");
            check_refused(get(server.address, "localhost", &tls).await, "received fatal alert");
        }
    });
}

#[test]
fn versions_and_ciphers_are_those_that_are_listed() {
    run(async {
        let authority = Authority::new("authority");
        let stores = stores(&[("trust", &authority.pem, None)]);
        let shown = authority.signs(&named(&["localhost"]));
        let (old, new) = (
            Server::of(config(&TLS12, &shown)).await.address,
            Server::of(config(&TLS13, &shown)).await.address,
        );
        let (aes, aes13) = ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256");
        for (protocols, ciphers, with_old, with_new) in [
            (vec![], vec![], true, true),
            (vec!["TLSv1", "TLSv1.2"], vec![], true, false),
            (vec!["TLSv1.3"], vec![], false, true),
            (vec![], vec![aes, "TLS_RSA_WITH_RC4_128_MD5"], true, false),
            (vec![], vec![aes13], false, true),
        ] {
            let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
            let settings = TlsSettings {
                protocols: owned(protocols),
                ciphers: owned(ciphers),
                ..trusting("trust")
            };
            let tls = Tls::new(&settings, &stores).expect("something is left");
            for (to, fits) in [(old, with_old), (new, with_new)] {
                let answer = get(to, "localhost", &tls).await;
                assert_eq!(answer.is_ok(), fits, "{settings:?}: {answer:?}");
            }
        }
    });
}

#[test]
fn what_leaves_no_call_is_said() {
    let authority = Authority::new("authority");
    let stores = stores(&[("trust", &authority.pem, None)]);
    let own = |settings: TlsSettings| TlsSettings { client_auth_enabled: true, ..settings };
    let text = |text: &str| text.to_owned();
    for (settings, expected) in [
        (trusting("absent"), "the environment has no keystore `absent`"),
        (trusting("ref://absent"), "the environment has no reference `absent`"),
        (
            TlsSettings { protocols: vec![text("TLSv1"), text("SSLv3")], ..TlsSettings::default() },
            "none of the protocols TLSv1, SSLv3 is spoken here, which are TLSv1.2 and TLSv1.3",
        ),
        (
            TlsSettings { ciphers: vec![text("NULL")], ..TlsSettings::default() },
            "none of the ciphers NULL is known here, or none for the protocols allowed",
        ),
        (
            TlsSettings {
                ciphers: vec![text("TLS_AES_128_GCM_SHA256")],
                protocols: vec![text("TLSv1.2")],
                ..TlsSettings::default()
            },
            "none of the ciphers TLS_AES_128_GCM_SHA256 is known here, or none for the protocols \
             allowed",
        ),
        (
            own(TlsSettings::default()),
            "`ClientAuthEnabled` is set and there is no `KeyStore` with a `KeyAlias`",
        ),
        (
            own(TlsSettings {
                key_store: text("trust"),
                key_alias: text("absent"),
                ..TlsSettings::default()
            }),
            "keystore `trust` has no alias `absent`",
        ),
        (
            own(TlsSettings {
                key_store: text("trust"),
                key_alias: text("trust"),
                ..TlsSettings::default()
            }),
            "alias `trust` of keystore `trust` has no private key",
        ),
    ] {
        let error = Tls::new(&settings, &stores).expect_err("no call can be made");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn sessions_are_taken_up_again_where_they_may() {
    run(async {
        let authority = Authority::new("authority");
        let stores = stores(&[("trust", &authority.pem, None)]);
        let shown = authority.signs(&named(&["localhost"]));
        for (version, resumption) in [(&TLS13, true), (&TLS13, false), (&TLS12, true)] {
            let server = Server::of(config(version, &shown)).await;
            let settings = TlsSettings { resumption, ..trusting("trust") };
            let tls = Tls::new(&settings, &stores).expect("the store is there");
            let upstream = upstream();
            for _ in 0..2 {
                let last = call(server.address, "localhost", tls.clone(), "/last");
                let mut answer = check_answered(upstream.call(last).await);
                let read = answer.response.body.buffer(10, Duration::from_secs(5)).await;
                read.expect("the body is whole");
            }
            let resumed = server.handshakes.borrow().get(1) == Some(&HandshakeKind::Resumed);
            assert_eq!(resumed, resumption, "{version:?}: {:?}", server.handshakes.borrow());
        }
    });
}

#[test]
fn a_connection_serves_again_for_its_own_settings_alone() {
    run(async {
        let authority = Authority::new("authority");
        let stores = stores(&[("trust", &authority.pem, None)]);
        let server = Server::showing(&authority.signs(&named(&["localhost"]))).await;
        let one = Tls::new(&trusting("trust"), &stores).expect("the store is there");
        let other = Tls::new(&trusting("trust"), &stores).expect("the store is there");
        let upstream = upstream();
        for tls in [&one, &one, &other, &one] {
            let again = call(server.address, "localhost", tls.clone(), "/");
            let mut answer = check_answered(upstream.call(again).await);
            let read = answer.response.body.buffer(10, Duration::from_secs(5)).await;
            read.expect("the body is whole");
        }
        assert_eq!(server.handshakes.borrow().len(), 2);
    });
}

/// A backend that does with its connection what it is told.
async fn backend<F>(serve: impl Fn(TcpStream) -> F + 'static) -> SocketAddr
where
    F: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            spawn_local(serve(stream));
        }
    });
    address
}

#[test]
fn a_target_without_tls_is_a_failed_handshake() {
    run(async {
        let plain = backend(|mut stream| async move {
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
        });
        let failed = get(plain.await, "localhost", Tls::plain()).await;
        check_refused(failed, "corrupt message");
        let closing = backend(|stream| async move { drop(stream) });
        let failed = get(closing.await, "localhost", Tls::plain()).await.expect_err("no TLS");
        assert!(matches!(failed.error, UpstreamError::Handshake { .. }), "{failed:?}");
        assert!(failed.unsent.is_some(), "nothing was sent");
    });
}

#[test]
fn the_handshake_is_part_of_the_connect_timeout() {
    run(async {
        let silent = backend(|mut stream| async move {
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
        });
        let mut call = call(silent.await, "localhost", Tls::plain().clone(), "/");
        call.timeouts.connect = Duration::from_millis(50);
        let failed = upstream().call(call).await.expect_err("no handshake");
        assert!(
            matches!(failed.error, UpstreamError::ConnectTimeout { timeout_ms: 50, .. }),
            "{failed:?}"
        );
    });
}

#[test]
fn keys_are_read_out_of_pem() {
    let authority = Authority::new("authority");
    let shown = authority.signs(&named(&["client"]));
    let other = authority.signs(&named(&["client"]));
    let read = |certificate: &str, key: Option<&str>| {
        KeyEntry::from_pem(certificate.as_bytes(), key.map(str::as_bytes))
    };
    let entry = read(&shown.certificate, Some(&shown.key)).expect("PEM");
    assert_eq!(check_entry(&entry), Ok(()));
    assert!(!format!("{entry:?}").contains("PRIVATE"));
    let mixed = read(&shown.certificate, Some(&other.key)).expect("PEM");
    assert!(check_entry(&mixed).is_err());
    assert_eq!(read("", None), Err(PemError::NoCertificate));
    assert_eq!(read(&shown.certificate, Some("")), Err(PemError::NoKey));
    assert!(matches!(
        read("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", None),
        Err(PemError::Broken { .. })
    ));
}

proptest::proptest! {
    /// Certificates and PEM come from outside.
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        drop(KeyEntry::from_pem(&bytes, Some(&bytes)));
        let certificate = CertificateDer::from(bytes);
        drop(super::subject(&certificate));
        let host = ServerName::try_from("localhost").expect("a name");
        let common = CommonName { value: ByteString::from("a"), wildcard_match: true };
        proptest::prop_assert!(Names::Common(common).check(&certificate, &host).is_err());
    }
}
