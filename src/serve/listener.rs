//! Takes a listening address: one socket per data thread (SO_REUSEPORT), so that the kernel
//! spreads connections and no thread hands them over.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel holds until they are accepted.
const BACKLOG_MAX: i32 = 4096;

/// An address that this process listens on. Dropping it frees the address.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    sockets: Vec<TcpListener>,
}

#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "{address} is taken by another process; stop that one, or choose another address \
         (`ss -ltnp 'sport = :{}'` names it)", address.port()
    )]
    Occupied { address: SocketAddr },
    #[error("not allowed to listen on {address}; ports below 1024 need the privilege to bind them")]
    Forbidden { address: SocketAddr, source: io::Error },
    #[error("{address} is not an address of this machine")]
    NoSuchAddress { address: SocketAddr, source: io::Error },
    #[error("cannot listen on {address}")]
    Other { address: SocketAddr, source: io::Error },
}

impl Listener {
    /// Port 0 takes a free port; see [`Listener::address`].
    pub fn bind(address: SocketAddr, threads: NonZeroUsize) -> Result<Self, ListenError> {
        let explain = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Occupied { address },
            io::ErrorKind::PermissionDenied => ListenError::Forbidden { address, source },
            io::ErrorKind::AddrNotAvailable => ListenError::NoSuchAddress { address, source },
            _ => ListenError::Other { address, source },
        };
        // With SO_REUSEPORT a second gateway would share the address in silence; without it
        // the kernel says so.
        drop(socket(address, Sharing::Alone).map_err(explain)?);
        let first = listening(address).map_err(explain)?;
        let bound = first.local_addr().map_err(explain)?;
        let mut sockets = vec![first];
        for _ in 1..threads.get() {
            sockets.push(listening(bound).map_err(explain)?);
        }
        Ok(Self { address: bound, sockets })
    }

    /// The address with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// One non-blocking socket per thread.
    pub fn into_sockets(self) -> Vec<TcpListener> {
        self.sockets
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    AmongThreads,
}

fn listening(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address, Sharing::AmongThreads)?;
    // Accepted sockets inherit it, which saves a system call for each.
    socket.set_tcp_nodelay(true)?;
    socket.listen(BACKLOG_MAX)?;
    Ok(socket.into())
}

fn socket(address: SocketAddr, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::AmongThreads)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
