//! A message's body: nothing, bytes in memory, or a stream that nobody has read.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// A body that arrives bit by bit from a source of any kind.
pub type BodyStream = Pin<Box<dyn HttpBody<Data = Bytes, Error = BodyError>>>;

/// Why a body did not arrive whole.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize },
    #[error("the body did not arrive in time")]
    Timeout,
    #[error("the connection ended within the body")]
    Closed { source: hyper::Error },
    #[error("{reason}")]
    Other { reason: String },
}

impl From<hyper::Error> for BodyError {
    fn from(source: hyper::Error) -> Self {
        Self::Closed { source }
    }
}

#[derive(Default)]
pub enum Body {
    #[default]
    Empty,
    Full(Bytes),
    /// From a connection, as it comes.
    Incoming(hyper::body::Incoming),
    Stream(BodyStream),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Self::Incoming(_) => f.write_str("Incoming"),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl Body {
    /// The bytes in memory; `None` while the body is an unread stream.
    pub fn bytes(&self) -> Option<&Bytes> {
        static EMPTY: Bytes = Bytes::new();
        match self {
            Self::Empty => Some(&EMPTY),
            Self::Full(bytes) => Some(bytes),
            Self::Incoming(_) | Self::Stream(_) => None,
        }
    }

    /// A stream of these bytes: what is in memory and still as `Content-Encoding` says, which a
    /// body in memory never is.
    pub fn unread(bytes: Bytes) -> Self {
        Prefixed::body(VecDeque::from([bytes]), Rest::Flowing(Self::Empty))
    }

    pub fn is_buffered(&self) -> bool {
        matches!(self, Self::Empty | Self::Full(_))
    }

    /// Reads a stream into memory where all of it is at most `limit_bytes`, and hands it out. A
    /// larger body, and one that fails on its way, stays a stream of everything that was to
    /// come, its failure included.
    pub async fn collect(&mut self, limit_bytes: usize, silence: Duration) -> Option<Bytes> {
        if let Some(bytes) = self.bytes() {
            return (bytes.len() <= limit_bytes).then(|| bytes.clone());
        }
        let declared = self.size_hint().lower();
        if usize::try_from(declared).map_or(true, |bytes| bytes > limit_bytes) {
            return None;
        }
        let mut stream = std::mem::take(self);
        let mut read = VecDeque::new();
        let mut read_bytes = 0;
        loop {
            let next = poll_fn(|cx| Pin::new(&mut stream).poll_frame(cx));
            let frame = match tokio::time::timeout(silence, next).await {
                Ok(None) => break,
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => {
                    *self = Prefixed::body(read, Rest::Failed(Some(error)));
                    return None;
                }
                Err(_) => {
                    *self = Prefixed::body(read, Rest::Failed(Some(BodyError::Timeout)));
                    return None;
                }
            };
            // Trailers are not kept, as in a body that is read for a policy.
            let Ok(data) = frame.into_data() else { continue };
            read_bytes += data.len();
            read.push_back(data);
            if read_bytes > limit_bytes {
                *self = Prefixed::body(read, Rest::Flowing(stream));
                return None;
            }
        }
        let all = match read.len() {
            0 | 1 => read.pop_front().unwrap_or_default(),
            _ => {
                let mut all = BytesMut::with_capacity(read_bytes);
                read.iter().for_each(|data| all.extend_from_slice(data));
                all.freeze()
            }
        };
        *self = Self::from(all.clone());
        Some(all)
    }

    /// Reads a stream to its end into memory, waiting no longer than `silence` for each piece.
    /// On an error what had arrived is gone and the body is empty.
    pub async fn buffer(&mut self, limit_bytes: usize, silence: Duration) -> Result<(), BodyError> {
        if self.is_buffered() {
            return Ok(());
        }
        let mut stream = std::mem::take(self);
        let declared = stream.size_hint().lower();
        if usize::try_from(declared).map_or(true, |bytes| bytes > limit_bytes) {
            return Err(BodyError::TooLarge { limit_bytes });
        }
        let mut first: Option<Bytes> = None;
        let mut all = BytesMut::new();
        loop {
            let next = poll_fn(|cx| Pin::new(&mut stream).poll_frame(cx));
            let next = tokio::time::timeout(silence, next).await;
            let Some(frame) = next.map_err(|_| BodyError::Timeout)? else { break };
            let Ok(data) = frame?.into_data() else { continue };
            let so_far = all.len() + first.as_ref().map_or(0, Bytes::len);
            if so_far + data.len() > limit_bytes {
                return Err(BodyError::TooLarge { limit_bytes });
            }
            match first.take() {
                None if all.is_empty() => first = Some(data),
                None => all.extend_from_slice(&data),
                Some(head) => {
                    all.reserve(head.len() + data.len());
                    all.extend_from_slice(&head);
                    all.extend_from_slice(&data);
                }
            }
        }
        *self = match first {
            Some(bytes) => Self::Full(bytes),
            None if all.is_empty() => Self::Empty,
            None => Self::Full(all.freeze()),
        };
        Ok(())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Self::Empty } else { Self::Full(bytes) }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        match this {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *this = Self::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Incoming(incoming) => Pin::new(incoming).poll_frame(cx).map_err(BodyError::from),
            Self::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_empty(),
            Self::Incoming(incoming) => incoming.is_end_stream(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Incoming(incoming) => incoming.size_hint(),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}

/// What was read of a stream, then the rest of it.
struct Prefixed {
    read: VecDeque<Bytes>,
    rest: Rest,
}

enum Rest {
    Flowing(Body),
    Failed(Option<BodyError>),
}

impl Prefixed {
    fn body(read: VecDeque<Bytes>, rest: Rest) -> Body {
        Body::Stream(Box::pin(Self { read, rest }))
    }
}

impl HttpBody for Prefixed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(data) = this.read.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match &mut this.rest {
            Rest::Flowing(body) => Pin::new(body).poll_frame(cx),
            Rest::Failed(error) => Poll::Ready(error.take().map(Err)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty()
            && match &self.rest {
                Rest::Flowing(body) => body.is_end_stream(),
                Rest::Failed(error) => error.is_none(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        let read = self.read.iter().map(|data| data.len() as u64).sum::<u64>();
        let mut hint = SizeHint::new();
        match &self.rest {
            Rest::Flowing(body) => {
                let rest = body.size_hint();
                hint.set_lower(rest.lower().saturating_add(read));
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper.saturating_add(read));
                }
            }
            Rest::Failed(_) => hint.set_lower(read),
        }
        hint
    }
}
