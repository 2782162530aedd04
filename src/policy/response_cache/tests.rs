use std::pin::Pin;
use std::task::{self, Poll};

use http_body::{Body as _, Frame, SizeHint};

use super::*;
use crate::message::BodyError;
use crate::policy::testing::{Rig, ready, run};

const KEPT: &str = r#"
    <ResponseCache name="R">
      <CacheKey><Prefix>p</Prefix><KeyFragment ref="proxy.pathsuffix"/></CacheKey>
      <ExpirySettings><TimeoutInSeconds>60</TimeoutInSeconds></ExpirySettings>
      <ExcludeErrorResponse>true</ExcludeErrorResponse>
    </ResponseCache>"#;

/// Pieces, and how the body ends.
struct Pieces {
    pieces: Vec<&'static str>,
    end: Option<BodyError>,
    /// Whether it never ends.
    hangs: bool,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.pieces.is_empty() {
            let piece = self.pieces.remove(0);
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))));
        }
        match (self.end.take(), self.hangs) {
            (Some(error), _) => Poll::Ready(Some(Err(error))),
            (None, true) => Poll::Pending,
            (None, false) => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::new()
    }
}

/// Whose clock does not wait.
fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap()
}

fn body(pieces: &[&'static str], end: Option<BodyError>, hangs: bool) -> Body {
    Body::Stream(Box::pin(Pieces { pieces: pieces.to_vec(), end, hangs }))
}

/// A response after a miss, and what the cache has then.
fn kept(body: Body) -> (MessageContext, Lookup) {
    kept_with(body, None)
}

fn kept_with(body: Body, coding: Option<&'static str>) -> (MessageContext, Lookup) {
    let mut rig = Rig::new();
    let step = rig.link(KEPT);
    let mut cx = rig.context();
    assert_eq!(run(&step, &mut cx).unwrap(), Next::Continue);
    cx.phase = Phase::ProxyResponse;
    cx.response_wait = Some(Duration::from_secs(1));
    let mut response = Message::response(StatusCode::OK);
    response.body = body;
    let coding = coding.map(http::HeaderValue::from_static);
    response.headers.extend(coding.map(|coding| (CONTENT_ENCODING, coding)));
    cx.response = Some(response);
    let Step::Io(step) = step else { panic!("the policy waits for a body") };
    let ran = match step.run(&mut cx) {
        Run::Done(ran) => ran,
        Run::Wait(wait) => runtime().block_on(wait),
    };
    assert_eq!(ran.unwrap(), Next::Continue);
    let found = match rig.caches.shared().lookup(b"p__/weather/today", Duration::ZERO) {
        Answer::Now(found) => found,
        Answer::Later(found) => ready(found),
    };
    (cx, found)
}

fn read_all(cx: &mut MessageContext) -> Result<String, BodyError> {
    read(cx.response.as_mut().unwrap())
}

fn read(message: &mut Message) -> Result<String, BodyError> {
    let body = &mut message.body;
    runtime().block_on(body.buffer(usize::MAX, Duration::from_secs(1)))?;
    Ok(String::from_utf8_lossy(body.bytes().unwrap()).into_owned())
}

#[test]
fn a_body_in_pieces_is_kept_whole() {
    let (cx, found) = kept(body(&["sn", "", "ow"], None, false));
    let Lookup::Hit(Item::Response(stored)) = found else { panic!("{found:?}") };
    assert_eq!(stored.message().content().unwrap(), "snow");
    assert_eq!(cx.response.unwrap().content().unwrap(), "snow");
}

#[test]
fn a_body_over_the_limit_is_passed_on_whole() {
    let half: &'static str = Box::leak("b".repeat(128 * 1024 + 1).into_boxed_str());
    let (mut cx, found) = kept(body(&[half, half, "end"], None, false));
    assert!(matches!(found, Lookup::Miss(_)), "{found:?}");
    assert!(!cx.response.as_ref().unwrap().body.is_buffered());
    assert!(!cx.response.as_ref().unwrap().body.is_end_stream());
    assert_eq!(read_all(&mut cx).unwrap(), format!("{half}{half}end"));
}

#[test]
fn a_body_that_fails_on_its_way_fails_for_who_reads_it() {
    let failure = || BodyError::Other { reason: "gone".into() };
    let (mut cx, found) = kept(body(&["sn"], Some(failure()), false));
    assert!(matches!(found, Lookup::Miss(_)), "{found:?}");
    assert_eq!(read_all(&mut cx).unwrap_err().to_string(), "gone");

    let (mut cx, found) = kept(body(&["sn"], None, true));
    assert!(matches!(found, Lookup::Miss(_)), "{found:?}");
    assert!(matches!(read_all(&mut cx), Err(BodyError::Timeout)));
}

fn gzip(text: &str) -> Bytes {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut encoder = encoder;
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    Bytes::from(encoder.finish().unwrap())
}

/// A compressed body that nobody has read stays a stream of what it is, also from the cache.
#[test]
fn a_compressed_body_is_kept_as_it_came() {
    let packed = gzip("snow");
    let (cx, found) = kept_with(Body::unread(packed.clone()), Some("gzip"));
    let Lookup::Hit(Item::Response(stored)) = found else { panic!("{found:?}") };
    for mut message in [cx.response.unwrap(), stored.message()] {
        assert!(!message.body.is_buffered());
        assert_eq!(message.headers[CONTENT_ENCODING], "gzip");
        runtime().block_on(message.body.buffer(100, Duration::from_secs(1))).unwrap();
        assert_eq!(message.content().unwrap(), &packed);
    }
    let mut plain = stored.plain_message().unwrap();
    assert!(!plain.headers.contains_key(CONTENT_ENCODING));
    assert_eq!(read(&mut plain).unwrap(), "snow");
}

/// One that a policy has read is plain in memory; it is kept as it will be sent.
#[test]
fn a_body_that_was_read_is_kept_compressed() {
    let (mut cx, found) = kept_with(Body::from(Bytes::from_static(b"snow")), Some("gzip"));
    let Lookup::Hit(Item::Response(stored)) = found else { panic!("{found:?}") };
    assert_eq!(read_all(&mut cx).unwrap(), "snow");
    assert_eq!(read(&mut stored.plain_message().unwrap()).unwrap(), "snow");
    assert_ne!(read(&mut stored.message()).unwrap(), "snow");
}

/// What is kept shares no memory with the connection's buffers.
#[test]
fn what_is_kept_is_a_copy() {
    let buffer = Bytes::from("type: text/plain; snow".repeat(100));
    let mut response = Message::response(StatusCode::OK);
    response.body = Body::from(buffer.slice(18..22));
    let value = http::HeaderValue::from_maybe_shared(buffer.slice(6..16)).unwrap();
    response.headers.insert(http::header::CONTENT_TYPE, value);
    let stored = StoredResponse::copy_of(&response, response.content().unwrap(), false).unwrap();
    drop(response);
    assert!(buffer.is_unique());
    let message = stored.message();
    assert_eq!(message.content().unwrap(), "snow");
    assert_eq!(message.headers[http::header::CONTENT_TYPE], "text/plain");
    // The head, a header, its name and value, and the body.
    assert_eq!(stored.size_bytes(), 256 + 112 + "content-type".len() + 10 + 4);
}

/// Without a cache there is a fault, once: the response side has no key and does nothing.
#[test]
fn a_cache_that_is_not_there_is_a_fault() {
    let mut rig = Rig::new();
    let text = KEPT.replace("<CacheKey>", "<CacheResource>none</CacheResource><CacheKey>");
    let step = rig.link(&text);
    let mut cx = rig.context();
    let fault = run(&step, &mut cx).unwrap_err();
    assert_eq!(fault.code, "steps.cache.CacheNotFound");
    assert_eq!(fault.text, "Cache : none, not found in organization : apifactory__test.");
    cx.phase = Phase::ProxyResponse;
    cx.response = Some(Message::response(StatusCode::OK));
    assert_eq!(run(&step, &mut cx).unwrap(), Next::Continue);
}
