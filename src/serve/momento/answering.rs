//! How much of answers is on its way to clients that have yet to take it, all calls together and
//! those of one connection: who asks for much and reads nothing must neither fill the memory nor
//! keep others from asking.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::serve::control::Holding;
use crate::serve::momento::refusal::Refusal;

/// Bytes of replies that are held at a time. While there are so many no call is begun; a reply
/// of one that was begun is not refused, since the call has done what it says.
const ANSWERING_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Those for one connection's client. While there are so many its calls wait.
pub(super) const CONNECTION_BYTES_MAX: usize = ANSWERING_BYTES_MAX / 8;

/// The largest message of a call that waits: it is in memory, and up to 256 calls of a connection
/// wait.
pub(super) const WAITING_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The bytes that all held replies have.
#[derive(Clone, Debug, Default)]
pub(super) struct Answering(Arc<AtomicUsize>);

/// The same, for the calls of one connection.
#[derive(Clone, Debug)]
pub(super) struct Account {
    all: Answering,
    own: Holding,
}

impl Answering {
    /// A call that came by no connection is alone.
    pub(super) fn of(&self, connection: Option<&Holding>) -> Account {
        Account { all: self.clone(), own: connection.cloned().unwrap_or_default() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Account {
    /// Returns when another call may begin, whose message has so many bytes.
    pub(super) async fn admit(&self, message_bytes: usize) -> Result<(), Refusal> {
        if message_bytes <= WAITING_MESSAGE_BYTES_MAX {
            self.own.below(CONNECTION_BYTES_MAX).await;
        } else if self.own.bytes() >= CONNECTION_BYTES_MAX {
            return Err(Refusal::Throughput);
        }
        if self.all.bytes() < ANSWERING_BYTES_MAX { Ok(()) } else { Err(Refusal::Throughput) }
    }

    /// For a reply of `bytes`, until what it gives back is dropped.
    pub(super) fn hold(&self, bytes: usize) -> Held {
        self.all.0.fetch_add(bytes, Ordering::Relaxed);
        self.own.add(bytes);
        Held { _share: Arc::new(Share { account: self.clone(), bytes }) }
    }
}

/// A reply's share; it travels with the response.
#[derive(Clone, Debug)]
pub(super) struct Held {
    _share: Arc<Share>,
}

#[derive(Debug)]
struct Share {
    account: Account,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.account.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
        self.account.own.subtract(self.bytes);
    }
}

/// A body that counts until it is gone, and so do its pieces: HTTP/2 takes them out of it
/// long before the client takes them. Of one that is made while it is taken each piece counts
/// alone.
pub(super) struct Counting<B> {
    body: B,
    account: Account,
    held: Option<Held>,
}

impl<B> Counting<B> {
    /// `held`: all of it, where it is made already.
    pub(super) fn new(body: B, account: Account, held: Option<Held>) -> Self {
        Self { body, account, held }
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
        let piece = |bytes: Bytes| {
            let held = self.held.clone().unwrap_or_else(|| self.account.hold(bytes.len()));
            Bytes::from_owner(Piece { bytes, _held: held })
        };
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

    #[tokio::test]
    async fn replies_that_are_held_have_a_limit_together() {
        let answering = Answering::default();
        let others: Vec<Account> = (0..8).map(|_| answering.of(None)).collect();
        let account = answering.of(None);
        let hold = |account: &Account| account.hold(CONNECTION_BYTES_MAX - 1);
        let mut most: Vec<Held> = others.iter().map(hold).collect();
        account.admit(0).await.expect("there is room");
        let last = account.hold(8);
        assert!(matches!(account.admit(0).await, Err(Refusal::Throughput)));
        drop(last);
        account.admit(0).await.expect("there is room again");
        let over = account.hold(10);
        assert!(matches!(account.admit(0).await, Err(Refusal::Throughput)));
        let copy = most.last().cloned();
        most.clear();
        drop(over);
        assert_eq!(answering.bytes(), CONNECTION_BYTES_MAX - 1, "it counts once");
        drop(copy);
        assert_eq!(answering.bytes(), 0);
    }

    #[tokio::test]
    async fn a_connection_has_its_share_of_them() {
        let answering = Answering::default();
        let (one, other) = (answering.of(None), answering.of(None));
        let most = one.hold(CONNECTION_BYTES_MAX - 1);
        one.admit(usize::MAX).await.expect("there is room");
        let last = one.hold(1);
        let large = one.admit(WAITING_MESSAGE_BYTES_MAX + 1).await;
        assert!(matches!(large, Err(Refusal::Throughput)));
        other.admit(usize::MAX).await.expect("it is another connection's");
        let mut waiting = Box::pin(one.admit(WAITING_MESSAGE_BYTES_MAX));
        tokio::select! {
            biased;
            admitted = &mut waiting => panic!("{admitted:?}"),
            () = tokio::task::yield_now() => drop(last),
        }
        waiting.await.expect("its client took a reply");
        drop(most);
    }
}
