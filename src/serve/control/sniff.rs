//! Which protocol a connection speaks, told by its first bytes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// RFC 9113, section 3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// RFC 8446, section 5.1: a record of a handshake.
const HANDSHAKE: u8 = 22;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Tls,
    Http1,
    Http2,
    /// The client closed before it said anything.
    Nothing,
}

/// Reads as little as tells, and gives it back with the rest.
pub(super) async fn sniff<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(Spoken, Told<S>)> {
    let mut first = [0; PREFACE.len()];
    let mut filled = 0;
    let spoken = loop {
        let free = first.get_mut(filled..).unwrap_or_default();
        let read = stream.read(free).await?;
        filled += read;
        let seen = first.get(..filled).unwrap_or_default();
        match seen {
            [] => break Spoken::Nothing,
            [HANDSHAKE, ..] => break Spoken::Tls,
            _ if seen == PREFACE => break Spoken::Http2,
            _ if read == 0 || !PREFACE.starts_with(seen) => break Spoken::Http1,
            _ => {}
        }
    };
    Ok((spoken, Told { first, taken: 0, filled, stream }))
}

/// A stream whose first bytes were read already.
pub(super) struct Told<S> {
    first: [u8; PREFACE.len()],
    taken: usize,
    filled: usize,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Told<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { first, taken, filled, stream } = &mut *self;
        match first.get(*taken..*filled) {
            None | Some([]) => Pin::new(stream).poll_read(cx, buf),
            Some(rest) => {
                let some = rest.get(..buf.remaining()).unwrap_or(rest);
                buf.put_slice(some);
                *taken += some.len();
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Told<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: &[&[u8]], expected: Spoken) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut stream = tokio_test_stream(parts);
            let (spoken, mut told) = sniff(&mut stream).await.expect("it reads");
            assert_eq!(spoken, expected, "{parts:?}");
            let mut all = Vec::new();
            told.read_to_end(&mut all).await.expect("it reads");
            assert_eq!(all, parts.concat(), "nothing is lost");
        });
    }

    /// One read gives one part.
    fn tokio_test_stream(parts: &[&[u8]]) -> impl AsyncRead + Unpin {
        parts
            .iter()
            .fold(Box::new(tokio::io::empty()) as Box<dyn AsyncRead + Unpin>, |read, part| {
                Box::new(read.chain(io::Cursor::new(part.to_vec())))
            })
    }

    #[test]
    fn the_first_bytes_tell_the_protocol() {
        check(&[], Spoken::Nothing);
        check(&[b"\x16\x03\x01"], Spoken::Tls);
        check(&[PREFACE, b"more"], Spoken::Http2);
        check(&[b"P", b"RI * HTTP/2.0\r\n\r\nSM\r\n", b"\r\nmore"], Spoken::Http2);
        check(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n"], Spoken::Http1);
        check(&[b"P", b"UT /cache/a HTTP/1.1\r\n\r\n"], Spoken::Http1);
        check(&[b"GET / HTTP/1.1\r\n\r\n"], Spoken::Http1);
        check(&[b"\r\n"], Spoken::Http1);
    }
}
