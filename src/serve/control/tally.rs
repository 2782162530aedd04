//! What a connection's client is owed: bodies that it does not let us go on with, and pieces that
//! wait to be written.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::serve::control::payload::Payload;

/// Counts for one connection.
#[derive(Debug, Default)]
pub(super) struct Tally {
    owed: AtomicUsize,
    taken: AtomicUsize,
}

impl Tally {
    pub(super) fn is_owed(&self) -> bool {
        self.owed.load(Ordering::Relaxed) > 0
    }

    /// Another number each time that something was taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn owe(&self) {
        self.owed.fetch_add(1, Ordering::Relaxed);
    }

    fn settle(&self) {
        self.owed.fetch_sub(1, Ordering::Relaxed);
        self.take();
    }

    fn take(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }
}

/// The body of an answer. It is owed from the beginning on, but not while it waits for us.
pub(super) struct Counted {
    body: Payload,
    tally: Arc<Tally>,
    is_owed: bool,
}

impl Counted {
    pub(super) fn new(body: Payload, tally: Arc<Tally>) -> Self {
        tally.owe();
        Self { body, tally, is_owed: true }
    }

    fn set_owed(&mut self, is_owed: bool) {
        match (self.is_owed, is_owed) {
            (false, true) => self.tally.owe(),
            (true, false) => self.tally.settle(),
            (true, true) => self.tally.take(),
            (false, false) => {}
        }
        self.is_owed = is_owed;
    }
}

impl Body for Counted {
    type Data = Chunk;
    type Error = <Payload as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.set_owed(polled.is_ready());
        let tally = &self.tally;
        let counted =
            |frame: Frame<Bytes>| frame.map_data(|bytes| Chunk::new(bytes, tally.clone()));
        polled.map_ok(counted)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.set_owed(false);
    }
}

/// A piece of a body, owed until it is written.
pub(super) struct Chunk {
    bytes: Bytes,
    tally: Arc<Tally>,
}

impl Chunk {
    fn new(bytes: Bytes, tally: Arc<Tally>) -> Self {
        tally.owe();
        Self { bytes, tally }
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.tally.take();
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.tally.settle();
    }
}
