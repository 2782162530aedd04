//! The binary and its targets over TLS: a private authority, certificates of both ends, target
//! servers, Google tokens, another proxy.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::served::Served;
use crate::support::{Client, PATIENCE, write_bundle};

pub(crate) fn trials() -> Vec<Trial> {
    type Check = fn() -> Result<()>;
    let checks: [(&str, Check); 4] = [
        ("both_ends_show_a_certificate", both_ends_show_a_certificate),
        ("nobody_else_is_trusted", nobody_else_is_trusted),
        ("a_google_token_and_another_proxy", a_google_token_and_another_proxy),
        ("a_google_token_is_waited_for_in_time", a_google_token_is_waited_for_in_time),
    ];
    let trial = |(name, check): (&str, Check)| {
        Trial::test(format!("targets::{name}"), move || {
            check().map_err(|error| format!("{error:#}").into())
        })
    };
    checks.into_iter().map(trial).collect()
}

/// The target's certificate is vouched for by a private authority, and it lets in only who has one
/// of that authority's too: by a URL, and by a target server.
fn both_ends_show_a_certificate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::new("private")?;
    let backend = backend(Some(authority.server(&authority)?))?;
    authority.signs(&["gateway"])?.write(folder.path(), "gateway")?;
    fs::write(folder.path().join("authority.pem"), &authority.pem)?;
    let config = format!(
        "[[keystore]]\nname = 'trust'\n[[keystore.alias]]\nname = 'a'\n\
         certificate = 'authority.pem'\n\
         [[keystore]]\nname = 'own'\n[[keystore.alias]]\nname = 'gateway'\n\
         certificate = 'gateway.pem'\nkey = 'gateway.key'\n\
         [[reference]]\nname = 'own-ref'\nrefers = 'own'\n\
         [[target_server]]\nname = 'one'\nhost = '127.0.0.1'\nport = {port}\n\
         [target_server.ssl_info]\nenabled = true\ntrust_store = 'trust'\n\
         client_auth_enabled = true\nkey_store = 'ref://own-ref'\nkey_alias = 'gateway'\n",
        port = backend.port()
    );
    let url = format!("<URL>https://127.0.0.1:{}/by-url</URL>{}", backend.port(), ssl_info(true));
    let server = "<LoadBalancer><Server name=\"one\"/></LoadBalancer><Path>/by-server</Path>";
    proxy(folder.path(), "url", &url)?;
    proxy(folder.path(), "server", server)?;
    let gateway = Served::start_with(folder.path(), "", &config)?;
    let mut client = Client::connect(gateway.api.parse()?)?;
    for (path, expected) in [("/url/a", "/by-url/a gateway"), ("/server/a", "/by-server/a gateway")]
    {
        // The second call goes by the connection of the first.
        for _ in 0..2 {
            let answer = client.get(path)?;
            ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
            ensure!(answer.body == expected, "{path}: {}", answer.body);
            ensure!(answer.headers.get("x-cn") == Some("backend"), "the target's name is shown");
        }
    }
    Ok(())
}

fn nobody_else_is_trusted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (authority, other) = (Authority::new("private")?, Authority::new("other")?);
    let strict = backend(Some(authority.server(&authority)?))?;
    let stranger = backend(Some(other.server(&authority)?))?;
    authority.signs(&["gateway"])?.write(folder.path(), "gateway")?;
    fs::write(folder.path().join("authority.pem"), &authority.pem)?;
    let config = "[[keystore]]\nname = 'trust'\n[[keystore.alias]]\nname = 'a'\n\
         certificate = 'authority.pem'\n\
         [[keystore]]\nname = 'own'\n[[keystore.alias]]\nname = 'gateway'\n\
         certificate = 'gateway.pem'\nkey = 'gateway.key'\n\
         [[reference]]\nname = 'own-ref'\nrefers = 'own'\n";
    let url = |to: SocketAddr, tls: &str| format!("<URL>https://{to}</URL>{tls}");
    proxy(folder.path(), "nameless", &url(strict, &ssl_info(false)))?;
    proxy(folder.path(), "stranger", &url(stranger, &ssl_info(true)))?;
    proxy(folder.path(), "public", &url(strict, ""))?;
    let gateway = Served::start_with(folder.path(), "", config)?;
    let mut client = Client::connect(gateway.api.parse()?)?;
    for path in ["/nameless", "/stranger", "/public"] {
        let answer = client.get(path)?;
        let code = "messaging.adaptors.http.flow.";
        ensure!(answer.status >= 500 && answer.body.contains(code), "{path}: {}", answer.body);
        if path != "/nameless" {
            // By TLS 1.3 a client learns after the handshake that its certificate was wanted.
            let is_handshake = answer.body.contains("SslHandshakeFailed");
            ensure!(answer.status == 503 && is_handshake, "{path}: {}", answer.body);
        }
    }
    Ok(())
}

fn a_google_token_and_another_proxy() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let issuer = backend(None)?;
    let target = backend(None)?;
    let config = format!("[google]\nmetadata_host = '{issuer}'\n");
    let authentication = "<Authentication><GoogleAccessToken><Scopes><Scope>token</Scope></Scopes>\
        </GoogleAccessToken></Authentication>";
    proxy(folder.path(), "back", &format!("{authentication}<URL>http://{target}/echo</URL>"))?;
    write_bundle(
        &folder.path().join("proxies/front"),
        &[
            ("apiproxy/front.xml", "<APIProxy name=\"front\"/>"),
            (
                "apiproxy/proxies/default.xml",
                "<ProxyEndpoint name=\"default\"><HTTPProxyConnection><BasePath>/front</BasePath>\
                 </HTTPProxyConnection><RouteRule name=\"back\"><TargetEndpoint>back\
                 </TargetEndpoint></RouteRule></ProxyEndpoint>",
            ),
            (
                "apiproxy/targets/back.xml",
                "<TargetEndpoint name=\"back\"><LocalTargetConnection><APIProxy>back</APIProxy>\
                 <ProxyEndpoint>default</ProxyEndpoint></LocalTargetConnection></TargetEndpoint>",
            ),
        ],
    )?;
    let gateway = Served::start_as(folder.path(), "profile = 'x'\n", "", &config)?;
    let mut client = Client::connect(gateway.api.parse()?)?;
    for _ in 0..2 {
        let answer = client.get("/front/a?x=1")?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
        // The issuer counts what it is asked.
        ensure!(answer.body == "/echo/a?x=1 Bearer t1", "{}", answer.body);
    }
    Ok(())
}

/// The metadata server takes the connection and says nothing.
fn a_google_token_is_waited_for_in_time() -> Result<()> {
    const AUTHENTICATION: &str = "<Authentication><GoogleAccessToken><Scopes><Scope>token</Scope>\
        </Scopes></GoogleAccessToken></Authentication>";
    let folder = tempfile::tempdir()?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let target = backend(None)?;
    let endpoint = |name: &str, rest: &str| {
        format!(
            "<ProxyEndpoint name=\"{name}\">{rest}<HTTPProxyConnection><BasePath>/{name}</BasePath>\
             <Properties><Property name=\"api.timeout\">300</Property></Properties>\
             </HTTPProxyConnection><RouteRule name=\"back\"><TargetEndpoint>back\
             </TargetEndpoint></RouteRule></ProxyEndpoint>"
        )
    };
    let step = "<PreFlow><Request><Step><Name>AM-Token</Name></Step></Request></PreFlow>";
    write_bundle(
        &folder.path().join("proxies/front"),
        &[
            ("apiproxy/front.xml", "<APIProxy name=\"front\"/>"),
            ("apiproxy/proxies/target.xml", &endpoint("target", "")),
            ("apiproxy/proxies/policy.xml", &endpoint("policy", step)),
            (
                "apiproxy/policies/AM-Token.xml",
                &format!(
                    "<AssignMessage name=\"AM-Token\"><Set>{AUTHENTICATION}</Set></AssignMessage>"
                ),
            ),
            (
                "apiproxy/targets/back.xml",
                &format!(
                    "<TargetEndpoint name=\"back\"><HTTPTargetConnection>{AUTHENTICATION}\
                     <URL>http://{target}/echo</URL></HTTPTargetConnection></TargetEndpoint>"
                ),
            ),
        ],
    )?;
    let config = format!("[google]\nmetadata_host = '{}'\n", silent.local_addr()?);
    let gateway = Served::start_as(folder.path(), "profile = 'x'\n", "", &config)?;
    let mut client = Client::connect(gateway.api.parse()?)?;
    for path in ["/target", "/policy"] {
        let answer = client.get(path)?;
        let is_timeout = answer.status == 504 && answer.body.contains("flow.APITimedOut");
        ensure!(is_timeout, "{path}: {} {}", answer.status, answer.body);
    }
    Ok(())
}

/// A proxy at `/{name}` whose answers say the common name of its target.
fn proxy(folder: &Path, name: &str, connection: &str) -> Result<()> {
    let manifest = format!("apiproxy/{name}.xml");
    let endpoint = format!(
        "<ProxyEndpoint name=\"default\"><PostFlow><Response><Step><Name>AM-Cn</Name></Step>\
         </Response></PostFlow><HTTPProxyConnection><BasePath>/{name}</BasePath>\
         </HTTPProxyConnection><RouteRule name=\"target\"><TargetEndpoint>target</TargetEndpoint>\
         </RouteRule></ProxyEndpoint>"
    );
    let target = format!(
        "<TargetEndpoint name=\"target\"><HTTPTargetConnection>{connection}\
         </HTTPTargetConnection></TargetEndpoint>"
    );
    write_bundle(
        &folder.join("proxies").join(name),
        &[
            (manifest.as_str(), &format!("<APIProxy name=\"{name}\"/>")),
            ("apiproxy/proxies/default.xml", &endpoint),
            ("apiproxy/targets/target.xml", &target),
            (
                "apiproxy/policies/AM-Cn.xml",
                "<AssignMessage name=\"AM-Cn\"><IgnoreUnresolvedVariables>true\
                 </IgnoreUnresolvedVariables><Set><Headers><Header name=\"X-Cn\">{target.cn}\
                 </Header></Headers></Set></AssignMessage>",
            ),
        ],
    )?;
    Ok(())
}

fn ssl_info(shows_certificate: bool) -> String {
    let client = match shows_certificate {
        true => {
            "<ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>ref://own-ref</KeyStore>\
             <KeyAlias>gateway</KeyAlias>"
        }
        false => "",
    };
    format!("<SSLInfo><Enabled>true</Enabled><TrustStore>trust</TrustStore>{client}</SSLInfo>")
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, in PEM.
struct Shown {
    certificate: String,
    key: String,
}

impl Shown {
    fn write(&self, folder: &Path, name: &str) -> Result<()> {
        fs::write(folder.join(format!("{name}.pem")), &self.certificate)?;
        Ok(fs::write(folder.join(format!("{name}.key")), &self.key)?)
    }
}

impl Authority {
    fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { pem, issuer: Issuer::new(params, key) })
    }

    fn signs(&self, names: &[&str]) -> Result<Shown> {
        let alternatives: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(alternatives)?;
        if let Some(name) = names.first() {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Shown { certificate, key: key.serialize_pem() })
    }

    /// A server of this authority that lets in whom `trusted` vouches for.
    fn server(&self, trusted: &Self) -> Result<Arc<ServerConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(trusted.pem.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()?;
        let shown = self.signs(&["backend", "127.0.0.1"])?;
        let certificate = CertificateDer::from_pem_slice(shown.certificate.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes())?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate], key)?;
        Ok(Arc::new(config))
    }
}

/// Answers with the path and, by TLS, the client's name, else its Authorization. Of the metadata
/// server's paths it makes tokens, each with its number. It ends with the test process.
fn backend(tls: Option<Arc<ServerConfig>>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        let asked = Arc::new(std::sync::atomic::AtomicU32::new(0));
        for stream in listener.incoming().flatten() {
            let (tls, asked) = (tls.clone(), asked.clone());
            std::thread::spawn(move || {
                // Who is not let in ends its thread.
                drop(answer(stream, tls, &asked));
            });
        }
    });
    Ok(address)
}

fn answer(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    asked: &std::sync::atomic::AtomicU32,
) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let Some(config) = tls else { return answer_all(BufReader::new(stream), None, asked) };
    let mut connection = StreamOwned::new(ServerConnection::new(config)?, stream);
    connection.conn.complete_io(&mut connection.sock)?;
    let shown = connection.conn.peer_certificates().and_then(<[_]>::first).context("a name")?;
    let (_, certificate) = x509_parser::parse_x509_certificate(shown)?;
    let name = certificate.subject().iter_common_name().next().context("a common name")?;
    let name = name.as_str()?.to_owned();
    answer_all(BufReader::new(connection), Some(name), asked)
}

fn answer_all<S: Read + Write>(
    mut stream: BufReader<S>,
    name: Option<String>,
    asked: &std::sync::atomic::AtomicU32,
) -> Result<()> {
    loop {
        let (mut start, mut authorization) = (String::new(), String::new());
        if stream.read_line(&mut start)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            ensure!(stream.read_line(&mut line)? > 0, "a whole head");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("authorization")
            {
                value.trim().clone_into(&mut authorization);
            }
        }
        let path = start.split(' ').nth(1).unwrap_or("");
        let body = if path.starts_with("/computeMetadata/v1/") {
            let number = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            format!("{{\"access_token\":\"t{number}\",\"expires_in\":3599}}")
        } else {
            format!("{path} {}", name.as_deref().unwrap_or(&authorization))
        };
        let length = body.len();
        write!(stream.get_mut(), "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")?;
        stream.get_mut().flush()?;
    }
}
