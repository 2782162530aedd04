//! A socket that tells somebody what passes through it: who watches for silence needs to know
//! when bytes moved and which side is being waited for.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A head and a body that have no more bytes together go out as one piece: a list of pieces costs
/// the kernel more than their copy costs us (benches/RESULTS.md).
const JOINED_BYTES_MAX: usize = 4096;

pub trait Observer {
    /// `bytes` arrived; 0 is the end of the stream.
    fn read(&self, bytes: usize);
    fn read_waits(&self);
    fn written(&self);
    fn write_waits(&self);
}

/// `S` is a [`TcpStream`] with clients, and what may be TLS with targets.
pub struct Observed<O, S = TcpStream> {
    stream: S,
    observer: Rc<O>,
}

impl<O, S> Observed<O, S> {
    pub fn new(stream: S, observer: Rc<O>) -> Self {
        Self { stream, observer }
    }
}

impl<O: Observer, S> Observed<O, S> {
    fn note_write(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(_)) => self.observer.written(),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.observer.write_waits(),
        }
    }
}

impl<O: Observer, S: AsyncRead + Unpin> AsyncRead for Observed<O, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &result {
            Poll::Ready(Ok(())) => self.observer.read(buf.filled().len().saturating_sub(before)),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.observer.read_waits(),
        }
        result
    }
}

impl<O: Observer, S: AsyncWrite + Unpin> AsyncWrite for Observed<O, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: usize = bufs.iter().map(|buf| buf.len()).sum();
        if bufs.len() > 1 && bytes <= JOINED_BYTES_MAX {
            let mut joined = SmallVec::<[u8; JOINED_BYTES_MAX]>::new();
            bufs.iter().for_each(|buf| joined.extend_from_slice(buf));
            return self.poll_write(cx, &joined);
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
