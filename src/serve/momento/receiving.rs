//! How much of requests is on its way in, all calls together.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use crate::serve::momento::refusal::Refusal;

/// Bytes of requests that are being received at a time.
const RECEIVING_BYTES_MAX: usize = 512 * 1024 * 1024;

/// The bytes that all requests have.
#[derive(Clone, Debug, Default)]
pub(super) struct Receiving(Arc<AtomicUsize>);

impl Receiving {
    pub(super) fn body<B>(&self, body: B) -> Received<B> {
        Received { body, all: self.clone(), bytes: 0 }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request's body, whose bytes count until it is dropped.
pub(super) struct Received<B> {
    body: B,
    all: Receiving,
    bytes: usize,
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
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.bytes = self.bytes.saturating_add(bytes);
            let before = self.all.0.fetch_add(bytes, Ordering::Relaxed);
            if before.saturating_add(bytes) > RECEIVING_BYTES_MAX {
                return Poll::Ready(Some(Err(Refusal::Throughput.into())));
            }
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

impl<B> Drop for Received<B> {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn requests_have_a_limit_together() {
        let receiving = Receiving::default();
        receiving.0.store(RECEIVING_BYTES_MAX - 10, Ordering::Relaxed);
        let fits = receiving.body(Full::new(Bytes::from_static(&[7; 10])));
        fits.collect().await.expect("there is room");
        let over = receiving.body(Full::new(Bytes::from_static(&[7; 11])));
        let refused = over.collect().await.expect_err("there is not");
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        assert_eq!(receiving.bytes(), RECEIVING_BYTES_MAX - 10, "both are gone");
    }
}
