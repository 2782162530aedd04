//! The admin listener: health, and the service doors, told apart by path.
//!
//! It answers only for its own host names and to no foreign `Origin`, so that a web page in a
//! browser on this machine cannot reach it (DNS rebinding, cross-site requests).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{ALLOW, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::serve::appconfig::AppConfig;
pub use crate::serve::control::Plain;
use crate::serve::control::{self, Payload, Transport, text};
use crate::serve::management::Management;
use crate::serve::momento::Momento;
use crate::serve::tls::Certificate;
use crate::store::durable::Store;

/// A store that has not answered for so long is away.
const STORE_SILENCE_MS: i64 = 5_000;

/// What Momento's libraries put before the name of an endpoint, one for each service.
const SERVICES: [&str; 7] =
    ["cache.", "control.", "token.", "api.cache.", "web.cache.", "web.control.", "web.token."];

/// What the admin listener knows of the gateway.
pub struct Admin {
    hosts: Vec<String>,
    transport: Transport,
    ready: Arc<AtomicBool>,
    store: Option<(Store, Clock)>,
    appconfig: Option<AppConfig>,
    momento: Option<Momento>,
    management: Option<Management>,
}

impl Admin {
    /// `hosts`: names beside `localhost` and the listener's own address; IPv6 without brackets.
    /// `ready`: set once every bundle present at start was tried.
    pub fn new(
        address: SocketAddr,
        hosts: impl IntoIterator<Item = String>,
        ready: Arc<AtomicBool>,
    ) -> Self {
        let own = ["localhost".to_owned(), address.ip().to_string()];
        let hosts = own.into_iter().chain(hosts).collect();
        let transport = Transport::default();
        Self {
            hosts,
            transport,
            ready,
            store: None,
            appconfig: None,
            momento: None,
            management: None,
        }
    }

    /// Takes TLS too; in the clear comes in only who is on this machine, or anyone where `plain`
    /// says so.
    pub fn with_tls(mut self, certificate: Certificate, plain: Plain) -> Self {
        self.transport = Transport { tls: Some(certificate), plain };
        self
    }

    /// `/readyz` says so where the store is away; API traffic goes on without it.
    pub fn with_store(mut self, store: Store, clock: Clock) -> Self {
        self.store = Some((store, clock));
        self
    }

    pub fn with_appconfig(mut self, door: AppConfig) -> Self {
        self.appconfig = Some(door);
        self
    }

    pub fn with_momento(mut self, door: Momento) -> Self {
        self.momento = Some(door);
        self
    }

    pub fn with_management(mut self, door: Management) -> Self {
        self.management = Some(door);
        self
    }

    /// Serves until `stopped` says true or its sender has gone.
    pub async fn serve(self, listener: TcpListener, stopped: watch::Receiver<bool>) {
        let transport = self.transport.clone();
        let admin = Arc::new(self);
        control::serve(listener, transport, stopped, move |request: Request<Incoming>| {
            let admin = admin.clone();
            async move { admin.respond(request).await }
        })
        .await;
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Payload> {
        if let Some(refusal) = self.refuse(request.uri(), request.headers()) {
            return refusal.map(Payload::from);
        }
        if let Some(door) = &self.appconfig
            && AppConfig::takes(request.uri().path())
        {
            return door.answer(request).await.map(Payload::from);
        }
        if let Some(door) = &self.management
            && Management::takes(request.uri().path())
        {
            return door.answer(request).await.map(Payload::from);
        }
        if let Some(door) = self.momento.as_ref().filter(|door| door.takes(&request)) {
            return door.answer(request).await;
        }
        self.answer(&request).map(Payload::from)
    }

    /// A request that is for none of the doors.
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/healthz" => probe(request.method(), StatusCode::OK, "ok\n"),
            "/readyz" => match self.readiness() {
                Readiness::Ready => probe(request.method(), StatusCode::OK, "ok\n"),
                Readiness::Degraded => {
                    let text = "degraded: the store is away; API traffic goes on\n";
                    probe(request.method(), StatusCode::OK, text)
                }
                Readiness::Starting => {
                    probe(request.method(), StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
                }
            },
            _ => text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    fn readiness(&self) -> Readiness {
        if !self.ready.load(Ordering::Acquire) {
            return Readiness::Starting;
        }
        let is_away = self.store.as_ref().is_some_and(|(store, clock)| {
            clock.epoch_ms().saturating_sub(store.checked_ms()) > STORE_SILENCE_MS
        });
        if is_away { Readiness::Degraded } else { Readiness::Ready }
    }

    fn refuse(&self, target: &Uri, headers: &HeaderMap) -> Option<Response<Full<Bytes>>> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = match (target.authority(), hosts.next(), hosts.next()) {
            (_, _, Some(_)) | (None, None, None) => {
                return Some(text(StatusCode::BAD_REQUEST, "one Host field is needed\n"));
            }
            (Some(authority), _, None) => Some(authority.clone()),
            (None, Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        };
        if !host.is_some_and(|host| self.is_own(&host)) {
            return Some(text(
                StatusCode::MISDIRECTED_REQUEST,
                "this listener does not answer for that host name\n",
            ));
        }
        let invited = |origin: &HeaderValue| {
            let door = self.momento.as_ref().filter(|_| Momento::takes_path(target.path()));
            door.is_some_and(|door| door.allows_origin(origin))
        };
        let foreign =
            headers.get_all(ORIGIN).iter().filter(|origin| !invited(origin)).any(|origin| {
                let origin = Uri::try_from(origin.as_bytes()).ok().and_then(|uri| {
                    uri.scheme()?;
                    uri.authority().cloned()
                });
                !origin.is_some_and(|authority| self.is_own(&authority))
            });
        foreign.then(|| text(StatusCode::FORBIDDEN, "this origin is not allowed\n"))
    }

    fn is_own(&self, authority: &Authority) -> bool {
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let is_named = |host: &str| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        let below = |prefix: &str| {
            let (start, name) = host.split_at_checked(prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then_some(name)
        };
        !authority.as_str().contains('@')
            && (is_named(host) || SERVICES.iter().filter_map(|prefix| below(prefix)).any(is_named))
    }
}

enum Readiness {
    Starting,
    Ready,
    Degraded,
}

fn probe(method: &Method, status: StatusCode, says: &'static str) -> Response<Full<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    text(status, says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: &str, fields: &[(&str, &str)], expected: u16) {
        let address = SocketAddr::from(([127, 0, 0, 1], 8081));
        let admin = Admin::new(address, ["gw.example".to_owned()], Arc::default());
        let mut request = Request::get(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("the request is well-formed");
        let refused = admin.refuse(request.uri(), request.headers());
        let status = refused.unwrap_or_else(|| admin.answer(&request)).status();
        assert_eq!(status, expected, "{target} with {fields:?}");
    }

    #[test]
    fn answers_only_for_its_own_names_and_origins() {
        check("/healthz", &[("host", "localhost:8081")], 200);
        check("/healthz", &[("host", "127.0.0.1")], 200);
        check("/healthz", &[("host", "GW.example:1")], 200);
        check("http://localhost/healthz", &[("host", "evil.example")], 200);
        check("/healthz", &[("host", "cache.gw.example")], 200);
        check("/healthz", &[("host", "api.cache.GW.example:443")], 200);
        check("/healthz", &[("host", "Control.localhost")], 200);
        check("/healthz", &[("host", "cache.cache.gw.example")], 421);
        check("/healthz", &[("host", "cache.evil.example")], 421);
        check("/healthz", &[("host", "kv.gw.example")], 421);
        check("/healthz", &[("host", "evil.example")], 421);
        check("/healthz", &[("host", "localhost.evil.example")], 421);
        check("/healthz", &[("host", "localhost@evil.example")], 421);
        check("/healthz", &[("host", "evil@localhost")], 421);
        check("/healthz", &[("host", "[::1]:8081")], 421);
        check("/healthz", &[("host", "no host")], 421);
        check("/healthz", &[], 400);
        check("/healthz", &[("host", "localhost"), ("host", "localhost")], 400);
        let own = ("host", "localhost");
        check("/healthz", &[own, ("origin", "http://localhost:8081")], 200);
        check("/healthz", &[own, ("origin", "http://evil.example")], 403);
        check("/healthz", &[own, ("origin", "null")], 403);
        check("/nothing", &[own], 404);
    }

    #[test]
    fn is_ready_once_told_so() {
        let ready = Arc::new(AtomicBool::new(false));
        let address = SocketAddr::from(([127, 0, 0, 1], 8081));
        let admin = Admin::new(address, [], ready.clone());
        let request =
            Request::get("/readyz").header("host", "localhost").body(()).expect("well-formed");
        assert_eq!(admin.answer(&request).status(), 503);
        ready.store(true, Ordering::Release);
        assert_eq!(admin.answer(&request).status(), 200);
    }
}
