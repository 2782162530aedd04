//! Asks a server whether it is well: by a connection, or by a request.
//!
//! Source: Apigee docs, "Load balancing across backend servers" (`TCPMonitor`, `HTTPMonitor`). A
//! probe takes a connection of its own, and no time but its two timeouts.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::upstream::http::{is_refused, resolve, secure};
use crate::upstream::link::Link;
use crate::upstream::{Scheme, TargetAddress};

/// What is asked of a server, and what it has to answer.
#[derive(Debug)]
pub struct Probe<'a> {
    pub address: TargetAddress,
    pub connect_timeout: Duration,
    /// `None`: a connection says enough.
    pub http: Option<HttpProbe<'a>>,
    /// Listeners of this gateway that are no targets.
    pub refused: &'a [SocketAddr],
}

#[derive(Debug)]
pub struct HttpProbe<'a> {
    pub request: Request<Full<bytes::Bytes>>,
    pub read_timeout: Duration,
    /// Empty: 200 alone.
    pub success_codes: &'a [StatusCode],
    pub success_headers: &'a [(HeaderName, HeaderValue)],
}

/// Why a server is not well.
#[derive(Debug, thiserror::Error)]
pub enum Unwell {
    #[error("no connection")]
    Connect { source: std::io::Error },
    #[error("no connection in time")]
    ConnectTimeout,
    #[error("it is a listener of this gateway")]
    OwnAddress,
    #[error("{reason}")]
    Handshake { reason: String },
    #[error("no answer")]
    Http { source: hyper::Error },
    #[error("no answer in time")]
    ReadTimeout,
    #[error("it answers {status}")]
    Status { status: StatusCode },
    #[error("its answer has not the header {name}")]
    Header { name: HeaderName },
}

impl Probe<'_> {
    pub async fn run(self) -> Result<(), Unwell> {
        let connecting = timeout(self.connect_timeout, self.connect()).await;
        let link = connecting.map_err(|_| Unwell::ConnectTimeout)??;
        match self.http {
            None => Ok(()),
            Some(http) => http.ask(link).await,
        }
    }

    async fn connect(&self) -> Result<Link, Unwell> {
        let failed = |source| Unwell::Connect { source };
        let mut refusal = None;
        for to in resolve(&self.address).await.map_err(failed)? {
            if is_refused(self.refused, to) {
                return Err(Unwell::OwnAddress);
            }
            match TcpStream::connect(to).await {
                Ok(stream) if self.address.scheme == Scheme::Https => {
                    let secured = secure(stream, &self.address).await;
                    let (link, _) =
                        secured.map_err(|error| Unwell::Handshake { reason: error.to_string() })?;
                    return Ok(link);
                }
                Ok(stream) => return Ok(Link::Plain(stream)),
                Err(error) => refusal = Some(error),
            }
        }
        Err(failed(refusal.unwrap_or_else(|| std::io::ErrorKind::NotFound.into())))
    }
}

impl HttpProbe<'_> {
    async fn ask(self, link: Link) -> Result<(), Unwell> {
        let asking = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(link)).await?;
            let mut answer = pin!(sender.send_request(self.request));
            tokio::select! {
                biased;
                found = &mut answer => found,
                // It may end with the answer's last byte; else the answer tells why it did.
                _ = connection => answer.await,
            }
        };
        let answer = timeout(self.read_timeout, asking).await.map_err(|_| Unwell::ReadTimeout)?;
        let answer = answer.map_err(|source| Unwell::Http { source })?;
        let status = answer.status();
        let is_success = match self.success_codes {
            [] => status == StatusCode::OK,
            codes => codes.contains(&status),
        };
        if !is_success {
            return Err(Unwell::Status { status });
        }
        for (name, value) in self.success_headers {
            if !answer.headers().get_all(name).iter().any(|found| found == value) {
                return Err(Unwell::Header { name: name.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
