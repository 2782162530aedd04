use std::io::Read;
use std::task::Waker;

use flate2::read::GzEncoder;
use proptest::prelude::{Just, any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use proptest::strategy::Strategy;

use super::*;

fn headers(encoding: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, encoding.parse().expect("a header value"));
    headers
}

fn encoded(text: &[u8], codings: &[Coding]) -> Bytes {
    encode(text, codings).expect("it is compressed")
}

/// Bare deflate of "bare", by zlib's stored block: RFC 1951 section 3.2.4.
const BARE: &[u8] = b"\x01\x04\x00\xfb\xffbare";

/// All that a body brings, one poll after the other.
fn drained(mut body: Body) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match Pin::new(&mut body).poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => {
                all.extend_from_slice(&frame.into_data().expect("no trailers"));
            }
            Poll::Ready(Some(Err(error))) => return Err(error.to_string()),
            Poll::Ready(None) => return Ok(all),
            Poll::Pending => {}
        }
    }
}

/// A body that comes in these pieces.
struct Pieces(VecDeque<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.pop_front().map(|bytes| Ok(Frame::data(bytes))))
    }
}

fn stream(bytes: &[u8], piece: usize) -> Body {
    let pieces = bytes.chunks(piece.max(1)).map(Bytes::copy_from_slice).collect();
    Body::Stream(Box::pin(Pieces(pieces)))
}

#[test]
fn the_field_names_codings_in_order() {
    use Coding::{Deflate, Gzip};
    for (field, expected) in [
        ("gzip", Ok(vec![Gzip])),
        ("X-GZip", Ok(vec![Gzip])),
        ("deflate", Ok(vec![Deflate])),
        ("identity", Ok(vec![])),
        ("", Ok(vec![])),
        ("deflate, gzip", Ok(vec![Deflate, Gzip])),
        ("gzip,gzip,gzip,gzip", Ok(vec![Gzip; CODINGS_MAX])),
        ("gzip,gzip,gzip,gzip,gzip", Err("gzip,gzip,gzip,gzip,gzip")),
        ("br", Err("br")),
        ("gzip, UTF-8", Err("UTF-8")),
    ] {
        let expected =
            expected.map_err(|name: &str| CodingError::Unsupported { name: name.into() });
        assert_eq!(codings(&headers(field)), expected, "{field}");
    }
    let mut two = headers("deflate");
    two.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert_eq!(codings(&two), Ok(vec![Deflate, Gzip]));
}

#[test]
fn what_is_in_the_format_is_decoded() {
    let two = [encoded(b"one, ", &[Coding::Gzip]), encoded(b"two", &[Coding::Gzip])].concat();
    let padded = [&encoded(b"text", &[Coding::Gzip])[..], &[0, 0, 0]].concat();
    let both = encoded(b"text", &[Coding::Deflate, Coding::Gzip]).to_vec();
    for (bytes, codings, expected) in [
        (two, vec![Coding::Gzip], "one, two"),
        (padded, vec![Coding::Gzip], "text"),
        (both, vec![Coding::Deflate, Coding::Gzip], "text"),
        (BARE.to_vec(), vec![Coding::Deflate], "bare"),
        (b"as it is".to_vec(), vec![], "as it is"),
    ] {
        let decoded = decode(Bytes::from(bytes), &codings, 100);
        assert_eq!(decoded, Ok(Bytes::from_static(expected.as_bytes())), "{codings:?}");
    }
}

#[test]
fn what_is_not_in_the_format_is_refused() {
    let whole = encoded(b"a text of some length", &[Coding::Gzip]);
    let cut = whole.slice(..whole.len() - 1);
    let mut changed = whole.to_vec();
    if let Some(byte) = changed.iter_mut().nth_back(6) {
        *byte ^= 1; // within the checksum
    }
    let zlib = encoded(b"a text", &[Coding::Deflate]);
    for (bytes, coding) in [
        (Bytes::from_static(b"plain text"), Coding::Gzip),
        (Bytes::from_static(b"plain text"), Coding::Deflate),
        (cut, Coding::Gzip),
        (Bytes::from(changed), Coding::Gzip),
        (zlib.slice(..zlib.len() - 1), Coding::Deflate),
        (zlib.slice(..1), Coding::Deflate),
        (zlib, Coding::Gzip),
    ] {
        let decoded = decode(bytes.clone(), &[coding], 100);
        assert_eq!(decoded, Err(CodingError::Format { coding }), "{bytes:?}");
    }
}

#[test]
fn decompression_has_a_limit_at_each_step() {
    let bomb = encoded(&vec![0; 1_000_000], &[Coding::Gzip]);
    assert!(bomb.len() < 10_000, "{} bytes", bomb.len());
    let decode = |limit_bytes| decode(bomb.clone(), &[Coding::Gzip], limit_bytes);
    assert_eq!(decode(1_000_000).map(|bytes| bytes.len()), Ok(1_000_000));
    assert_eq!(decode(999_999), Err(CodingError::TooLarge { limit_bytes: 999_999 }));
    let twice = encoded(&bomb, &[Coding::Gzip]);
    let inner = super::decode(twice, &[Coding::Gzip, Coding::Gzip], 1000);
    assert_eq!(inner, Err(CodingError::TooLarge { limit_bytes: 1000 }));
}

#[test]
fn a_bomb_is_not_passed_on() {
    let free = usize::try_from(UNPACKED_BYTES_FREE).expect("it is small");
    let unpacked = |bytes: usize| {
        let mut bomb = Vec::new();
        GzEncoder::new(&vec![0; bytes][..], Compression::best())
            .read_to_end(&mut bomb)
            .expect("bytes in memory are compressed");
        let mut body = stream(&bomb, 1 << 16);
        settle(&mut headers("gzip"), &mut body, Some(Algorithm::Never));
        drained(body).map(|plain| plain.len())
    };
    assert_eq!(unpacked(free), Ok(free));
    let refused = Err("the body unpacks to over 200 times its size".to_owned());
    assert_eq!(unpacked(free + 1), refused);
}

#[test]
fn a_stream_without_a_byte_stays_one() {
    let mut body = stream(b"", 1);
    settle(&mut headers("gzip"), &mut body, Some(Algorithm::Never));
    assert_eq!(drained(body), Ok(Vec::new()));
}

/// What goes out: its `Content-Encoding`, and the text behind the codings that it names.
#[track_caller]
fn settled(field: &str, mut body: Body, algorithm: &str) -> (String, String) {
    let mut all = if field.is_empty() { HeaderMap::new() } else { headers(field) };
    settle(&mut all, &mut body, Algorithm::parse(algorithm));
    let named = codings(&all).unwrap_or_default();
    let bytes = Bytes::from(drained(body).expect("it arrives"));
    let text = decode(bytes, &named, 1000).expect("it is in the format that it names");
    let field = all.get(CONTENT_ENCODING).map_or("", |value| value.to_str().expect("text"));
    (field.to_owned(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_message_leaves_as_the_field_and_the_algorithm_say() {
    let full = |bytes: &[u8]| Body::from(Bytes::copy_from_slice(bytes));
    let gzip = encoded(b"text", &[Coding::Gzip]);
    for (field, algorithm, expected) in [
        ("", "", ""),
        ("gzip", "", "gzip"),
        ("deflate, gzip", "", "deflate, gzip"),
        ("gzip", "none", ""),
        ("gzip", "deflate", "deflate"),
        ("", "gzip", "gzip"),
        ("", "DEFLATE", "deflate"),
        ("deflate", "zip", "deflate"),
    ] {
        let expected = (expected.to_owned(), "text".to_owned());
        assert_eq!(settled(field, full(b"text"), algorithm), expected, "{field} {algorithm}");
        let coded = encoded(b"text", &codings(&headers(field)).expect("codings"));
        assert_eq!(settled(field, stream(&coded, 3), algorithm), expected, "{field} {algorithm}");
    }
    // What nobody can read passes.
    let unread = ("br".to_owned(), "text".to_owned());
    assert_eq!(settled("br", full(b"text"), "gzip"), unread);
    // Compressed by somebody else.
    let once = ("gzip".to_owned(), "text".to_owned());
    assert_eq!(settled("gzip", full(&gzip), ""), once);
    let (field, text) = settled("", full(b""), "gzip");
    assert_eq!((field.as_str(), text.as_str()), ("", ""), "there is nothing to compress");
}

#[test]
fn a_large_body_is_compressed_while_it_is_sent() {
    let text = vec![b'x'; ENCODED_AT_ONCE_BYTES_MAX + 1];
    for (bytes, at_once) in [(&text[1..], true), (&text[..], false)] {
        let mut body = Body::from(Bytes::copy_from_slice(bytes));
        settle(&mut headers("gzip"), &mut body, None);
        assert_eq!(body.is_buffered(), at_once);
        let sent = Bytes::from(drained(body).expect("it arrives"));
        let back = decode(sent, &[Coding::Gzip], text.len()).expect("it is gzip");
        assert_eq!(back, bytes);
    }
}

#[test]
fn a_stream_in_another_format_breaks_off() {
    let mut body = stream(b"no gzip at all", 5);
    settle(&mut headers("gzip"), &mut body, Some(Algorithm::Never));
    assert_eq!(drained(body), Err("the body is not in the format of gzip".to_owned()));
    let whole = encoded(b"a text", &[Coding::Gzip]);
    let mut body = stream(&whole[..whole.len() - 2], 5);
    settle(&mut headers("gzip"), &mut body, Some(Algorithm::Never));
    assert_eq!(drained(body), Err("the body is not in the format of gzip".to_owned()));
}

fn any_codings() -> impl Strategy<Value = Vec<Coding>> {
    prop::collection::vec(prop_oneof![Just(Coding::Gzip), Just(Coding::Deflate)], 0..3)
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(
        text in prop::collection::vec(any::<u8>(), 0..3000),
        codings in any_codings(),
    ) {
        let coded = encode(&text, &codings).expect("it is compressed");
        prop_assert_eq!(decode(coded, &codings, 100_000), Ok(Bytes::from(text)));
    }

    #[test]
    fn any_split_of_a_stream_is_recoded_alike(
        text in prop::collection::vec(any::<u8>(), 1..3000),
        undone in any_codings(),
        done in any_codings(),
        piece in 1_usize..500,
    ) {
        let coded = encode(&text, &undone).expect("it is compressed");
        let body = Recoded::new(stream(&coded, piece), &undone, &done);
        let sent = drained(Body::Stream(Box::pin(body))).expect("it arrives");
        prop_assert_eq!(decode(Bytes::from(sent), &done, 100_000), Ok(Bytes::from(text)));
    }

    #[test]
    fn any_bytes_end_well(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        codings in any_codings(),
    ) {
        if let Ok(decoded) = decode(Bytes::from(bytes), &codings, 1000) {
            prop_assert!(decoded.len() <= 1000);
        }
    }
}

/// Sends one event, and then nothing for long.
struct OneEvent(Option<Bytes>);

impl HttpBody for OneEvent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.0.take() {
            Some(event) => Poll::Ready(Some(Ok(Frame::data(event)))),
            None => Poll::Pending,
        }
    }
}

#[test]
fn an_event_is_sent_before_the_next_one_comes() {
    let event = Bytes::from_static(b"data: 1\n\n");
    let mut body = Body::Stream(Box::pin(OneEvent(Some(event.clone()))));
    settle(&mut HeaderMap::new(), &mut body, Some(Algorithm::Always(Coding::Gzip)));
    let mut cx = Context::from_waker(Waker::noop());
    let mut sent = Vec::new();
    while let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(&mut cx) {
        sent.extend(frame.unwrap().unwrap().into_data().unwrap());
    }
    let mut plain = Vec::new();
    Decoder::new(Coding::Gzip).feed(&sent, &mut plain, usize::MAX).unwrap();
    assert_eq!(plain, event);
}

#[test]
fn members_are_bounded() {
    let empty = encoded(b"", &[Coding::Gzip]);
    let large = encoded(&(0..2 * MEMBER_BYTES).map(noise).collect::<Vec<u8>>(), &[Coding::Gzip]);
    let free = usize::try_from(MEMBERS_FREE).unwrap();
    // Each new member of those that are large enough pays for itself.
    for (member, count, is_taken) in
        [(&empty, free, true), (&empty, free + 30, false), (&large, 2 * free, true)]
    {
        let body = Bytes::from(member.repeat(count));
        let decoded = decode(body, &[Coding::Gzip], usize::MAX);
        assert_eq!(decoded.is_ok(), is_taken, "{count} of {} bytes", member.len());
    }
}

/// Bytes that do not compress.
fn noise(at: u64) -> u8 {
    let [.., byte] = at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    byte ^ at.wrapping_mul(0xbf58_476d).to_be_bytes()[5]
}
