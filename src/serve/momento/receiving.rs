//! How much of requests is in memory, all calls together.

mod elements;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

pub(super) use crate::serve::momento::receiving::elements::Elements;

use crate::serve::momento::refusal::Refusal;

/// Bytes that requests take at a time.
const RECEIVING_BYTES_MAX: usize = 512 * 1024 * 1024;
/// How often a byte of a request is there: as it came, and in what is made of it.
const COPIES: usize = 2;
/// What an element takes beside its bytes where it is decoded: up to 56 and two allocations, in a
/// list that grows twofold.
const ELEMENT_BYTES: usize = 128;

/// The bytes that all requests take.
#[derive(Clone, Debug, Default)]
pub(super) struct Receiving(Arc<AtomicUsize>);

impl Receiving {
    pub(super) fn weigh(&self) -> Weight {
        Weight(Arc::new(Part { all: self.clone(), bytes: AtomicUsize::new(0) }))
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one call's request takes, until the last copy is dropped: what is decoded outlives the
/// body.
#[derive(Clone, Debug)]
pub(super) struct Weight(Arc<Part>);

#[derive(Debug)]
struct Part {
    all: Receiving,
    bytes: AtomicUsize,
}

impl Weight {
    /// The request's body: so many bytes of it, and the elements in its messages.
    pub(super) fn body<B>(&self, body: B, bytes_max: usize, elements: Elements) -> Received<B> {
        Received { body, weight: self.clone(), left: bytes_max, elements }
    }

    fn add(&self, bytes: usize) -> Result<(), Refusal> {
        let Self(part) = self;
        part.bytes.fetch_add(bytes, Ordering::Relaxed);
        let before = part.all.0.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > RECEIVING_BYTES_MAX {
            return Err(Refusal::Throughput);
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.all.0.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

/// A request's body, which is weighed as it comes.
pub(super) struct Received<B> {
    body: B,
    weight: Weight,
    left: usize,
    elements: Elements,
}

impl<B> Received<B> {
    fn take(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(data.len()).ok_or(Refusal::RequestTooLarge)?;
        let elements = self.elements.begun_in(data)?;
        let bytes = data.len().saturating_mul(COPIES);
        self.weight.add(bytes.saturating_add(elements.saturating_mul(ELEMENT_BYTES)))
    }
}

impl<B> Body for Received<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && let Err(refusal) = self.take(data)
        {
            return Poll::Ready(Some(Err(refusal.into())));
        }
        polled.map_err(|error| Status::from_error(error.into()))
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
    use http_body_util::{BodyExt, Full};
    use tonic::Code;

    use super::*;

    async fn receive(weight: &Weight, bytes: &[u8], method: &str) -> Result<(), Status> {
        let body = Full::new(Bytes::copy_from_slice(bytes));
        weight.body(body, 100, Elements::of(method)).collect().await.map(drop)
    }

    #[tokio::test]
    async fn requests_have_a_limit_together() {
        let receiving = Receiving::default();
        receiving.0.store(RECEIVING_BYTES_MAX - 20, Ordering::Relaxed);
        receive(&receiving.weigh(), &[7; 10], "Set").await.expect("there is room");
        let refused = receive(&receiving.weigh(), &[7; 11], "Set").await.expect_err("there is not");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(receiving.bytes(), RECEIVING_BYTES_MAX - 20, "both are gone");
    }

    #[tokio::test]
    async fn a_request_weighs_what_it_takes_until_its_call_is_done() {
        let receiving = Receiving::default();
        let weight = receiving.weigh();
        receive(&weight, b"\0\0\0\0\x04\x0a\0\x0a\0", "Set").await.expect("it is received");
        assert_eq!(receiving.bytes(), 9 * COPIES);
        receive(&weight, b"\0\0\0\0\x04\x0a\0\x0a\0", "KeysExist").await.expect("it is received");
        assert_eq!(receiving.bytes(), 2 * 9 * COPIES + 2 * ELEMENT_BYTES);
        let other = weight.clone();
        drop(weight);
        assert_eq!(receiving.bytes(), 2 * 9 * COPIES + 2 * ELEMENT_BYTES);
        drop(other);
        assert_eq!(receiving.bytes(), 0);
        receive(&receiving.weigh(), &[1; 100], "Set").await.expect("it is received");
        let over = receive(&receiving.weigh(), &[1; 101], "Set").await.expect_err("it is too long");
        assert!(over.message().contains("request limit"), "{over}");
    }
}
