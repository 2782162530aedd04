//! `LoadBalancer` and `HealthMonitor` of a connection.
//!
//! Source: Apigee docs, "Load balancing across backend servers". Findings: `GW405` a text that is
//! no number, flag or algorithm, with the default that holds in its place.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::diag::{Diagnostics, Span};
use crate::model::SslInfo;
use crate::template::Template;
use crate::xml::fields::parse_flag;
use crate::xml::{Element, Text};

/// What cannot be read, and what is taken instead.
const UNREADABLE: &str = "GW405";
/// How long a server that failed stays out where nobody looks after it: "every five minutes".
const DISABLED: Duration = Duration::from_secs(300);
/// The documentation's for `SocketReadTimeoutInSec` 0.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Unknown: the default of `ConnectTimeoutInSec`, which the documentation calls required.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Unknown: the default of `IntervalInSec`, which is required too.
const INTERVAL: Duration = Duration::from_secs(10);
/// The longest of these times.
const SECONDS_MAX: u64 = 24 * 3600;

#[derive(Clone, Debug)]
pub struct LoadBalancer {
    pub span: Span,
    pub algorithm: Algorithm,
    pub servers: Vec<ServerRef>,
    /// 0: a server never leaves.
    pub max_failures: u32,
    pub unhealthy: Vec<StatusCode>,
    pub retry_enabled: bool,
    pub disabled_for: Duration,
    /// `HTTPTargetConnection/Path`, a template.
    pub path: Option<Text>,
    pub tls: Option<SslInfo>,
    /// `None`: there is none, or it is off.
    pub monitor: Option<HealthMonitor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    RoundRobin,
    Weighted,
    LeastConnections,
}

/// A `Server` of a LoadBalancer, by the name of its target server.
#[derive(Clone, Debug)]
pub struct ServerRef {
    pub name: Text,
    pub weight: u32,
    pub is_fallback: bool,
    pub is_enabled: bool,
}

#[derive(Clone, Debug)]
pub struct HealthMonitor {
    pub interval: Duration,
    pub check: HealthCheck,
}

#[derive(Clone, Debug)]
pub enum HealthCheck {
    Tcp {
        connect_timeout: Duration,
        /// `None`: the server's own.
        port: Option<u16>,
    },
    Http(Box<HttpCheck>),
}

#[derive(Clone, Debug)]
pub struct HttpCheck {
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
    pub port: Option<u16>,
    pub method: Method,
    pub path: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub payload: String,
    /// Whether it is asked by TLS; `None`: as the server is called.
    pub is_ssl: Option<bool>,
    pub trust_all_ssl: bool,
    pub use_server_tls: bool,
    pub check_id_header: bool,
    /// Empty: 200 alone.
    pub success_codes: Vec<StatusCode>,
    /// They have to be in the answer.
    pub success_headers: Vec<(HeaderName, HeaderValue)>,
}

impl LoadBalancer {
    pub(super) fn read(
        element: &Element,
        path: Option<Text>,
        tls: Option<SslInfo>,
        monitor: Option<&Element>,
        diags: &mut Diagnostics,
    ) -> Self {
        if let Some(path) = &path {
            Template::parse(&path.value, path.span, diags);
        }
        let mut from = Reader { diags };
        let servers = element.elements().filter(|child| child.name == "Server");
        let servers = servers.filter_map(|server| from.server(server)).collect();
        let codes = element.child("ServerUnhealthyResponse");
        Self {
            span: element.name_span,
            algorithm: from.algorithm(element),
            servers,
            max_failures: from.number(element, "MaxFailures", 0),
            unhealthy: codes.map(|list| from.codes(list)).unwrap_or_default(),
            retry_enabled: from.flag(element, "RetryEnabled", true),
            disabled_for: from.seconds(element, "TargetDisableSecs", DISABLED),
            path,
            tls,
            monitor: monitor.and_then(|element| from.monitor(element)),
        }
    }
}

struct Reader<'d> {
    diags: &'d mut Diagnostics,
}

impl Reader<'_> {
    /// Those without a name were reported by lint.
    fn server(&mut self, element: &Element) -> Option<ServerRef> {
        let name = element.attribute("name")?;
        Some(ServerRef {
            name: Text { value: name.value.clone(), span: name.span },
            weight: self.number(element, "Weight", 1),
            is_fallback: self.flag(element, "IsFallback", false),
            is_enabled: self.flag(element, "IsEnabled", true),
        })
    }

    fn algorithm(&mut self, element: &Element) -> Algorithm {
        let Some((text, span)) = text(element, "Algorithm") else { return Algorithm::RoundRobin };
        match text.as_str() {
            "RoundRobin" => Algorithm::RoundRobin,
            "Weighted" => Algorithm::Weighted,
            "LeastConnections" => Algorithm::LeastConnections,
            _ => {
                self.refuse(span, &text, "no algorithm", "RoundRobin")
                    .help("write `RoundRobin`, `Weighted` or `LeastConnections`");
                Algorithm::RoundRobin
            }
        }
    }

    fn monitor(&mut self, element: &Element) -> Option<HealthMonitor> {
        let is_on = self.flag(element, "IsEnabled", false);
        let interval = self.seconds(element, "IntervalInSec", INTERVAL).max(Duration::from_secs(1));
        let check = match (element.child("TCPMonitor"), element.child("HTTPMonitor")) {
            (_, Some(http)) => HealthCheck::Http(Box::new(self.http(http))),
            (Some(tcp), None) => HealthCheck::Tcp {
                connect_timeout: self.seconds(tcp, "ConnectTimeoutInSec", CONNECT_TIMEOUT),
                port: self.port(tcp),
            },
            (None, None) => return None,
        };
        is_on.then_some(HealthMonitor { interval, check })
    }

    fn http(&mut self, element: &Element) -> HttpCheck {
        let mut check = HttpCheck {
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            port: None,
            method: Method::GET,
            path: "/".to_owned(),
            headers: Vec::new(),
            payload: String::new(),
            is_ssl: None,
            trust_all_ssl: false,
            use_server_tls: false,
            check_id_header: false,
            success_codes: Vec::new(),
            success_headers: Vec::new(),
        };
        if let Some(request) = element.child("Request") {
            check.connect_timeout = self.seconds(request, "ConnectTimeoutInSec", CONNECT_TIMEOUT);
            check.read_timeout = self.seconds(request, "SocketReadTimeoutInSec", READ_TIMEOUT);
            check.port = self.port(request);
            if let Some((verb, span)) = text(request, "Verb") {
                match verb.to_ascii_uppercase().parse() {
                    Ok(method) => check.method = method,
                    Err(_) => drop(self.refuse(span, &verb, "no method", "GET")),
                }
            }
            if let Some((path, span)) = text(request, "Path") {
                match path.starts_with('/') && path.parse::<http::uri::PathAndQuery>().is_ok() {
                    true => check.path = path,
                    false => drop(self.refuse(span, &path, "no path", "/")),
                }
            }
            check.headers = self.headers(request);
            check.payload = text(request, "Payload").map(|(text, _)| text).unwrap_or_default();
            if request.child("IsSSL").is_some() {
                check.is_ssl = Some(self.flag(request, "IsSSL", false));
            }
            check.trust_all_ssl = self.flag(request, "TrustAllSSL", false);
            check.use_server_tls = self.flag(request, "UseTargetServerSSLInfo", false);
            check.check_id_header = self.flag(request, "IncludeHealthCheckIdHeader", false);
        }
        if let Some(success) = element.child("SuccessResponse") {
            check.success_codes = self.codes(success);
            check.success_headers = self.headers(success);
        }
        check
    }

    fn codes(&mut self, list: &Element) -> Vec<StatusCode> {
        let mut codes = Vec::new();
        for element in list.elements().filter(|child| child.name == "ResponseCode") {
            let text = element.text();
            match text.trim().parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok()) {
                Some(code) => codes.push(code),
                None => drop(self.refuse(element.text_span(), text.trim(), "no status", "none")),
            }
        }
        codes
    }

    fn headers(&mut self, list: &Element) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        for element in list.elements().filter(|child| child.name == "Header") {
            let name = element.attribute("name").map(|name| name.value.as_str()).unwrap_or("");
            let (name, value) = (name.parse(), HeaderValue::from_str(element.text().trim()));
            match (name, value) {
                (Ok(name), Ok(value)) => headers.push((name, value)),
                _ => drop(self.refuse(element.open_span, "Header", "no header", "none")),
            }
        }
        headers
    }

    fn port(&mut self, element: &Element) -> Option<u16> {
        let (text, span) = text(element, "Port")?;
        match text.parse() {
            Ok(0) | Err(_) => {
                self.refuse(span, &text, "no port", "the server's");
                None
            }
            Ok(port) => Some(port),
        }
    }

    /// 0 and nothing written are the default.
    fn seconds(&mut self, element: &Element, name: &str, default: Duration) -> Duration {
        let Some((text, span)) = text(element, name) else { return default };
        match text.parse::<u64>() {
            Ok(0) => default,
            Ok(seconds) if seconds <= SECONDS_MAX => Duration::from_secs(seconds),
            Ok(_) | Err(_) => {
                let seconds = default.as_secs().to_string();
                self.refuse(span, &text, "no number of seconds up to 86400", &seconds);
                default
            }
        }
    }

    fn number(&mut self, element: &Element, name: &str, default: u32) -> u32 {
        let Some((text, span)) = text(element, name) else { return default };
        match text.parse() {
            Ok(number) => number,
            Err(_) => {
                self.refuse(span, &text, "no whole number", &default.to_string());
                default
            }
        }
    }

    fn flag(&mut self, element: &Element, name: &str, default: bool) -> bool {
        let Some((text, span)) = text(element, name) else { return default };
        match parse_flag(&text) {
            Some(flag) => flag,
            None => {
                self.refuse(span, &text, "neither `true` nor `false`", &default.to_string());
                default
            }
        }
    }

    fn refuse(
        &mut self,
        span: Span,
        text: &str,
        what: &str,
        instead: &str,
    ) -> &mut crate::diag::Diagnostic {
        let message = format!("`{text}` is {what}; {instead} is taken");
        self.diags.warning(UNREADABLE, span, message)
    }
}

/// The text of the child of that name, where there is any.
fn text(element: &Element, name: &str) -> Option<(String, Span)> {
    let child = element.child(name)?;
    let text = child.text();
    let text = text.trim();
    (!text.is_empty()).then(|| (text.to_owned(), child.text_span()))
}
