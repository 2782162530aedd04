//! A response that is kept to be sent again: head and body as they leave, nothing to compute.
//!
//! It never changes and is shared; an answer made of it copies the table of its headers, whose
//! values and body are counted references. A body is kept as its `Content-Encoding` says. Sizes
//! are bytes.

use bytes::Bytes;
use bytestring::ByteString;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::message::answer_headers::vary_by;
use crate::message::{Body, Head, Message, coding, remove_hop_by_hop};

/// What a header takes in its table beside its name and value.
const HEADER_OVERHEAD_BYTES: usize = 112;
/// The head and the table themselves.
const OVERHEAD_BYTES: usize = 256;

#[derive(Clone, Debug, PartialEq)]
pub struct StoredResponse {
    status: StatusCode,
    /// `None`: the standard phrase of the status.
    reason: Option<ByteString>,
    /// Without those of a connection; their values are slices of one buffer of their own.
    headers: HeaderMap,
    body: Bytes,
    /// Whether the origin is to be asked before each use.
    revalidate: bool,
    /// The codings of the body; `None` where it is as it is.
    encoding: Option<HeaderValue>,
    size_bytes: usize,
}

impl StoredResponse {
    /// A copy of the response that shares no memory with it: a header or a body read from a
    /// connection is a slice of a far larger buffer. `body` is the response's, as its headers
    /// say. `None` for a request.
    ///
    /// Differs: the case in which the target wrote the names is not kept, since it is known
    /// only together with the buffer that the head came in. They are sent in title case.
    pub fn copy_of(message: &Message, body: &[u8], revalidate: bool) -> Option<Self> {
        let Head::Response(head) = &message.head else { return None };
        let mut headers = message.headers.clone();
        remove_hop_by_hop(&mut headers);
        let names_bytes: usize = headers.keys().map(|name| name.as_str().len()).sum();
        let values: Vec<u8> = headers.values().flat_map(HeaderValue::as_bytes).copied().collect();
        let size_bytes = OVERHEAD_BYTES
            + headers.len() * HEADER_OVERHEAD_BYTES
            + names_bytes
            + values.len()
            + body.len();
        let mut rest = Bytes::from(values.into_boxed_slice());
        for value in headers.values_mut() {
            let own = HeaderValue::from_maybe_shared(rest.split_to(value.len()));
            if let Ok(mut own) = own {
                own.set_sensitive(value.is_sensitive());
                *value = own;
            }
        }
        let reason = head.reason.as_ref().map(|reason| ByteString::from(&**reason));
        let encoding = headers.get(CONTENT_ENCODING).cloned();
        let body = Bytes::copy_from_slice(body);
        Some(Self { status: head.status, reason, headers, body, revalidate, encoding, size_bytes })
    }

    /// What it counts as against a budget.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    pub fn must_be_revalidated(&self) -> bool {
        self.revalidate
    }

    /// The codings of its body, as `Content-Encoding` names them.
    pub fn encoding(&self) -> Option<&HeaderValue> {
        self.encoding.as_ref()
    }

    pub fn etag(&self) -> Option<&HeaderValue> {
        self.headers.get(ETAG)
    }

    /// Its ETag and its date of modification, by which a target can tell whether it holds.
    pub fn validators(&self) -> [Option<HeaderValue>; 2] {
        [ETAG, LAST_MODIFIED].map(|name| self.headers.get(name).cloned())
    }

    /// The response as it was.
    pub fn message(&self) -> Message {
        let mut message = Message::response(self.status);
        if let Head::Response(head) = &mut message.head {
            head.reason.clone_from(&self.reason);
        }
        message.headers = self.headers.clone();
        message.body = match self.encoding {
            Some(_) => {
                // Whoever does not take its codings gets another answer.
                vary_by(&mut message.headers, ACCEPT_ENCODING);
                Body::unread(self.body.clone())
            }
            None => Body::from(self.body.clone()),
        };
        message
    }

    /// The response for who does not take the codings of its body, which are undone while it is
    /// sent. `None` where this gateway does not know them.
    pub fn plain_message(&self) -> Option<Message> {
        let mut message = self.message();
        coding::codings(&message.headers).ok()?;
        coding::settle(&mut message.headers, &mut message.body, Some(coding::Algorithm::Never));
        Some(message)
    }

    /// The answer to who has it already: RFC 9110 section 15.4.5, without what describes a
    /// body.
    pub fn not_modified(&self) -> Message {
        let mut message = Message::response(StatusCode::NOT_MODIFIED);
        message.headers = self.headers.clone();
        if self.encoding.is_some() {
            vary_by(&mut message.headers, ACCEPT_ENCODING);
        }
        for name in
            [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE]
        {
            message.headers.remove(name);
        }
        message
    }
}
