//! Lines to a syslog server, over UDP or TCP.
//!
//! Sources: RFC 5426 (a line is a datagram), RFC 6587 section 3.4.2 (over TCP a line ends with a
//! line feed). A server that is away is tried again, later and later; a line that waited
//! [`AGE_MAX`] is lost. After a broken connection the last lines may arrive twice.

use std::io;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::store::logs::{Line, note};

/// How long a line waits for a server that is away.
pub(super) const AGE_MAX: Duration = Duration::from_secs(60);
const CONNECT_WAIT: Duration = Duration::from_secs(5);
const WRITE_WAIT: Duration = Duration::from_secs(10);
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_LAST: Duration = Duration::from_secs(10);
/// What fits into a datagram over IPv4; a longer line is cut.
const DATAGRAM_BYTES_MAX: usize = 65_507;
/// How much of what a server says is read and forgotten before it is asked no more.
const HEARD_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
}

pub(super) struct SyslogSink {
    name: String,
    host: String,
    port: u16,
    transport: Transport,
    refused: Arc<[SocketAddr]>,
    clock: Clock,
    connection: Option<Connection>,
    backoff: Duration,
}

enum Connection {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl SyslogSink {
    pub(super) fn new(
        host: &str,
        port: u16,
        transport: Transport,
        refused: Arc<[SocketAddr]>,
        clock: Clock,
    ) -> Self {
        Self {
            name: format!("{host}:{port}"),
            host: host.to_owned(),
            port,
            transport,
            refused,
            clock,
            connection: None,
            backoff: BACKOFF_FIRST,
        }
    }

    pub(super) async fn write(&mut self, batch: &mut Vec<Line>, is_failing: &AtomicBool) {
        while !batch.is_empty() {
            match self.attempt(batch).await {
                Ok(()) => {
                    batch.clear();
                    self.backoff = BACKOFF_FIRST;
                    note(is_failing, &self.name, Ok(()));
                }
                Err(error) => {
                    self.connection = None;
                    note(is_failing, &self.name, Err(&error));
                    sleep(self.backoff).await;
                    self.backoff = self.backoff.saturating_mul(2).min(BACKOFF_LAST);
                    self.lose_old(batch);
                }
            }
        }
    }

    fn lose_old(&self, batch: &mut Vec<Line>) {
        let age_ms = i64::try_from(AGE_MAX.as_millis()).unwrap_or(i64::MAX);
        let oldest_ms = self.clock.epoch_ms().saturating_sub(age_ms);
        batch.extract_if(.., |line| line.at_ms < oldest_ms).for_each(Line::lose);
    }

    async fn attempt(&mut self, batch: &mut Vec<Line>) -> io::Result<()> {
        if let Some(Connection::Tcp(stream)) = &self.connection
            && is_closed(stream)
        {
            self.connection = None;
        }
        // Put back only when all is written: what is left half way has no connection any more.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        match &mut connection {
            Connection::Udp(socket) => {
                while let Some(line) = batch.first() {
                    let cut = line.bytes.len().min(DATAGRAM_BYTES_MAX);
                    socket.send(line.bytes.get(..cut).unwrap_or_default()).await?;
                    batch.remove(0);
                }
            }
            Connection::Tcp(stream) => {
                let length = batch.iter().map(|line| line.bytes.len() + 1).sum();
                let mut frames = Vec::with_capacity(length);
                for line in batch.iter() {
                    // A line feed ends the frame, so none may stand in it.
                    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
                    let plain = |byte: &u8| if is_break(byte) { b' ' } else { *byte };
                    frames.extend(line.bytes.iter().map(plain));
                    frames.push(b'\n');
                }
                let written = timeout(WRITE_WAIT, stream.write_all(&frames)).await;
                written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
            }
        }
        self.connection = Some(connection);
        Ok(())
    }

    async fn connect(&self) -> io::Result<Connection> {
        let connecting = async {
            let mut last = io::Error::from(io::ErrorKind::NotFound);
            for address in lookup_host((self.host.as_str(), self.port)).await? {
                if self.is_own(address) {
                    last = io::Error::other("the gateway's own listener is no syslog server");
                    continue;
                }
                match self.connect_to(address).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => last = error,
                }
            }
            Err(last)
        };
        let connected = timeout(CONNECT_WAIT, connecting).await;
        connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn connect_to(&self, address: SocketAddr) -> io::Result<Connection> {
        match self.transport {
            Transport::Udp => {
                let any = match address {
                    SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                    SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
                };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(address).await?;
                Ok(Connection::Udp(socket))
            }
            Transport::Tcp => Ok(Connection::Tcp(TcpStream::connect(address).await?)),
        }
    }

    fn is_own(&self, to: SocketAddr) -> bool {
        let ip = to.ip().to_canonical();
        self.refused.iter().any(|own| {
            let own_ip = own.ip().to_canonical();
            // Linux takes the unspecified address as loopback.
            let same_host = own_ip == ip || (ip.is_unspecified() && own_ip.is_loopback());
            let loopback = own_ip.is_unspecified() && (ip.is_loopback() || ip.is_unspecified());
            own.port() == to.port() && (same_host || loopback)
        })
    }
}

/// Whether the server has closed the connection, which a write would not tell. What it says is
/// forgotten. The socket is asked, not the runtime, which may not have heard of it yet.
fn is_closed(stream: &TcpStream) -> bool {
    let socket = SockRef::from(stream);
    let mut heard = [MaybeUninit::uninit(); 1024];
    let mut all = 0;
    loop {
        match socket.recv(&mut heard) {
            Ok(0) => return true,
            Ok(count) => all += count,
            Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
        }
        if all > HEARD_BYTES_MAX {
            return true;
        }
    }
}
