//! Sending a request to a target.

pub mod google;
mod http;
pub mod keystore;
mod link;
pub mod observed;
mod pool;
pub mod probe;
pub mod target_server;
pub mod tls;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::http::Request;
use bytestring::ByteString;

use crate::message::{Body, Message, Subject};
use crate::upstream::tls::Tls;

pub use http::HttpUpstream;
pub use pool::PoolLimits;

#[cfg(test)]
mod tests;

/// One call: where to, what, and how long each wait may last.
#[derive(Debug)]
pub struct TargetCall {
    pub address: TargetAddress,
    /// Origin-form target; Host and framing headers set; hop-by-hop headers gone.
    pub request: Request<Body>,
    pub timeouts: Timeouts,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetAddress {
    pub scheme: Scheme,
    /// A name, or an IP address without brackets.
    pub host: ByteString,
    pub port: u16,
    /// With https; `None` for [`Tls::plain`].
    pub tls: Option<Tls>,
}

impl TargetAddress {
    /// Whether nobody on the way reads what goes there: by TLS, or within this machine.
    pub fn is_confidential(&self) -> bool {
        self.scheme == Scheme::Https || is_loopback(&self.host)
    }
}

/// An address of this machine's own, or `localhost` (RFC 6761, section 6.3). `host`: a name, or an
/// IP address without brackets.
pub fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    name.eq_ignore_ascii_case("localhost")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Apigee's `connect.timeout.millis`, `io.timeout.millis`, `keepalive.timeout.millis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    /// The longest silence while the request is written or the response awaited or read.
    pub io: Duration,
    /// How long a connection may idle in the pool.
    pub keepalive: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(3_000),
            io: Duration::from_millis(55_000),
            keepalive: Duration::from_millis(60_000),
        }
    }
}

/// The target's answer; its body may still be on the way.
#[derive(Debug)]
pub struct TargetAnswer {
    pub response: Message,
    pub ip: Option<IpAddr>,
    /// Of the target's certificate.
    pub subject: Option<Arc<Subject>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error("cannot resolve {host}")]
    Resolve { host: String, source: std::io::Error },
    #[error("cannot connect to {address}")]
    Connect { address: String, source: std::io::Error },
    #[error("no connection to {address} within {timeout_ms} ms")]
    ConnectTimeout { address: String, timeout_ms: u128 },
    #[error("no answer within {timeout_ms} ms")]
    ReadTimeout { timeout_ms: u128 },
    #[error("the target closed the connection before its answer was whole")]
    ClosedEarly { source: hyper::Error },
    #[error("the request's body did not arrive")]
    RequestBody { source: crate::message::BodyError },
    #[error("the target's answer is not HTTP")]
    Protocol { source: hyper::Error },
    #[error("no TLS with {address}: {reason}")]
    Handshake { address: String, reason: String },
    #[error("{address} is this gateway's own listener")]
    OwnAddress { address: String },
    #[error("the request passed this gateway {hops} times")]
    Loop { hops: u32 },
}

/// A call without answer.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct CallFailed {
    pub error: UpstreamError,
    /// The request, where no byte of it was sent.
    pub unsent: Option<Box<Request<Body>>>,
}

impl From<UpstreamError> for CallFailed {
    fn from(error: UpstreamError) -> Self {
        Self { error, unsent: None }
    }
}

pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<TargetAnswer, CallFailed>> + 'a>>;

/// Sends requests. One instance a data thread: it keeps that thread's connections.
pub trait Upstream {
    fn call<'a>(&'a self, call: TargetCall) -> Calling<'a>;
}
