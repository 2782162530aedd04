//! How much of answers is on its way to clients that have yet to take it, all calls together:
//! who asks for much and reads nothing must not fill the memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::serve::momento::refusal::Refusal;

/// Bytes of replies that are held at a time. While there are so many no call is begun; a reply
/// of one that was begun is not refused, since the call has done what it says.
const ANSWERING_BYTES_MAX: usize = 512 * 1024 * 1024;

/// The bytes that all held replies have.
#[derive(Clone, Debug, Default)]
pub(super) struct Answering(Arc<AtomicUsize>);

impl Answering {
    /// Whether another call may begin.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        if self.0.load(Ordering::Relaxed) < ANSWERING_BYTES_MAX {
            return Ok(());
        }
        Err(Refusal::Throughput)
    }

    /// For a reply of `bytes`, until what it gives back is dropped.
    pub(super) fn hold(&self, bytes: usize) -> Held {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Held { _share: Arc::new(Share { all: self.clone(), bytes }) }
    }
}

#[cfg(test)]
impl Answering {
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A reply's share; it travels with the response.
#[derive(Clone, Debug)]
pub(super) struct Held {
    _share: Arc<Share>,
}

#[derive(Debug)]
struct Share {
    all: Answering,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A body that counts until it is gone, and so do its pieces: HTTP/2 takes them out of it
/// long before the client takes them.
pub(super) struct Counting<B> {
    body: B,
    held: Option<Held>,
}

impl<B> Counting<B> {
    pub(super) fn new(body: B, held: Option<Held>) -> Self {
        Self { body, held }
    }
}

struct Piece {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Counting<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let Some(held) = &self.held else { return polled };
        let piece = |bytes| Bytes::from_owner(Piece { bytes, _held: held.clone() });
        polled.map_ok(|frame| frame.map_data(piece))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_that_are_held_have_a_limit_together() {
        let answering = Answering::default();
        let most = answering.hold(ANSWERING_BYTES_MAX - 1);
        answering.admit().expect("there is room");
        let last = answering.hold(1);
        assert!(matches!(answering.admit(), Err(Refusal::Throughput)));
        drop(last);
        answering.admit().expect("there is room again");
        let over = answering.hold(10);
        assert!(matches!(answering.admit(), Err(Refusal::Throughput)));
        let copy = most.clone();
        drop((over, most));
        assert_eq!(answering.bytes(), ANSWERING_BYTES_MAX - 1, "it counts once");
        drop(copy);
        assert_eq!(answering.bytes(), 0);
    }
}
