//! One HTTP message: request or response head, headers, body.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version};

use crate::message::{Body, pairs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    Request,
    Response,
}

#[derive(Clone, Debug)]
pub struct RequestHead {
    pub method: Method,
    pub target: PathAndQuery,
}

#[derive(Clone, Debug)]
pub struct ResponseHead {
    pub status: StatusCode,
    /// `None`: the standard phrase of the status.
    pub reason: Option<ByteString>,
}

#[derive(Clone, Debug)]
pub enum Head {
    Request(RequestHead),
    Response(ResponseHead),
}

#[derive(Debug)]
pub struct Message {
    pub head: Head,
    pub version: Version,
    pub headers: HeaderMap,
    pub body: Body,
    /// What the connection keeps beside the message, such as the case of header names.
    pub extensions: Extensions,
}

impl Message {
    pub fn request(method: Method, target: PathAndQuery) -> Self {
        Self::with_head(Head::Request(RequestHead { method, target }))
    }

    pub fn response(status: StatusCode) -> Self {
        Self::with_head(Head::Response(ResponseHead { status, reason: None }))
    }

    /// An empty message of that kind: `GET /`, or `200`.
    pub fn empty(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Request => Self::request(Method::GET, PathAndQuery::from_static("/")),
            MessageKind::Response => Self::response(StatusCode::OK),
        }
    }

    fn with_head(head: Head) -> Self {
        Self {
            head,
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body: Body::Empty,
            extensions: Extensions::new(),
        }
    }

    pub fn kind(&self) -> MessageKind {
        match &self.head {
            Head::Request(_) => MessageKind::Request,
            Head::Response(_) => MessageKind::Response,
        }
    }

    /// Head, headers and the body as far as it is in memory: a stream cannot be had twice.
    pub fn snapshot(&self) -> Self {
        Self {
            head: self.head.clone(),
            version: self.version,
            headers: self.headers.clone(),
            body: self.body.bytes().cloned().map_or(Body::Empty, Body::from),
            extensions: Extensions::new(),
        }
    }

    pub fn method(&self) -> Option<&Method> {
        match &self.head {
            Head::Request(head) => Some(&head.method),
            Head::Response(_) => None,
        }
    }

    pub fn path(&self) -> Option<&str> {
        match &self.head {
            Head::Request(head) => Some(head.target.path()),
            Head::Response(_) => None,
        }
    }

    /// The query without its `?`; empty where there is none.
    pub fn query(&self) -> &str {
        match &self.head {
            Head::Request(head) => head.target.query().unwrap_or(""),
            Head::Response(_) => "",
        }
    }

    pub fn status(&self) -> Option<StatusCode> {
        match &self.head {
            Head::Request(_) => None,
            Head::Response(head) => Some(head.status),
        }
    }

    /// False where the text is no request target, or the message no request; nothing changes.
    #[must_use]
    pub fn set_target(&mut self, path: &str, query: &str) -> bool {
        let Head::Request(head) = &mut self.head else { return false };
        let mut text = String::with_capacity(path.len() + query.len() + 2);
        if !path.starts_with('/') && path != "*" {
            text.push('/');
        }
        text.push_str(path);
        if !query.is_empty() {
            text.push('?');
            text.push_str(query);
        }
        match PathAndQuery::try_from(text) {
            Ok(target) => {
                head.target = target;
                true
            }
            Err(_) => false,
        }
    }

    #[must_use]
    pub fn set_query(&mut self, query: &str) -> bool {
        let Some(path) = self.path().map(str::to_owned) else { return false };
        self.set_target(&path, query)
    }

    /// Replaces the body; the length headers follow it when the message is sent.
    pub fn set_content(&mut self, content: Bytes) {
        self.body = Body::from(content);
        self.headers.remove(TRANSFER_ENCODING);
        self.headers.remove(CONTENT_LENGTH);
    }

    /// The body's bytes; `None` while it is an unread stream.
    pub fn content(&self) -> Option<&Bytes> {
        self.body.bytes()
    }

    pub fn is_form(&self) -> bool {
        self.headers.get(CONTENT_TYPE).is_some_and(|value| {
            let media = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
            media.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        })
    }

    /// The form's text, where the message is a form that is in memory.
    pub fn form(&self) -> Option<Cow<'_, str>> {
        let content = self.is_form().then(|| self.content()).flatten()?;
        Some(String::from_utf8_lossy(content))
    }

    pub fn set_form(&mut self, form: String) {
        self.set_content(Bytes::from(form));
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }

    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        pairs(self.query())
    }
}

/// A header's text as its value. CR, LF and NUL become spaces, as RFC 9110 section 5.5 has a
/// recipient replace them; other control characters too.
pub fn header_text(text: &str) -> HeaderValue {
    if let Ok(value) = HeaderValue::from_str(text) {
        return value;
    }
    if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
        return value;
    }
    let cleaned: Vec<u8> = text
        .bytes()
        .map(|b| if (b < b' ' && b != b'\t') || b == 0x7f { b' ' } else { b })
        .collect();
    HeaderValue::from_bytes(&cleaned).unwrap_or(HeaderValue::from_static(""))
}

/// The status of a whole answer: 200 to 999. One of the 1xx announces another answer, or ends
/// HTTP on the connection.
pub fn final_status(text: &str) -> Option<StatusCode> {
    text.trim().parse().ok().filter(|status: &StatusCode| !status.is_informational())
}

/// A reason phrase; control characters become spaces, so that none ends the status line.
pub fn reason_text(text: &str) -> ByteString {
    ByteString::from(text.replace(|c: char| c.is_control(), " "))
}
