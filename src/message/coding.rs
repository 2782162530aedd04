//! Compressed bodies: what `Content-Encoding` says, undone for who reads a body and done again
//! for who receives it.
//!
//! Source: RFC 9110 section 8.4 (codings are applied in the order of the field), RFC 1950 to
//! 1952; Apigee docs, "400 Bad Request - DecompressionFailureAtRequest" and its twin for
//! responses (gzip, deflate, several of them), "Endpoint properties reference"
//! (`compression.algorithm`). What is decompressed has a limit at every moment.
//!
//! A body in memory is plain, whatever the field says: it was decoded when it was read, or a
//! policy wrote it. A body that is still a stream is as the field says.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body as HttpBody, Frame};

use crate::message::{Body, BodyError};

/// How many codings one body may have.
const CODINGS_MAX: usize = 4;
/// The window of deflate, as a power of two.
const WINDOW_BITS: u8 = 15;
/// What output grows by.
const PIECE_BYTES: usize = 16 * 1024;
/// What a decoder of a stream is given at once: deflate makes at most 1032 times as much of it.
const DECODED_STEP_BYTES: usize = 1024;
/// A stream may unpack to so much, or else to so many times its size: nobody passes a bomb on.
const UNPACKED_BYTES_FREE: u64 = 10 * 1024 * 1024;
const UNPACKED_TIMES_MAX: u64 = 200;
/// A gzip body may have so many members, and one more for each of these bytes: each costs a fresh
/// decoder, however little it holds.
const MEMBERS_FREE: u64 = 1000;
const MEMBER_BYTES: u64 = 1024;
/// What one turn of the reactor gives to one body.
const TURN_BYTES: usize = 64 * 1024;
/// A larger body in memory is compressed while it is sent.
const ENCODED_AT_ONCE_BYTES_MAX: usize = 64 * 1024;

/// A coding that this gateway can undo and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    /// The zlib format. Bare deflate, which many mean by the word, is read too.
    Deflate,
}

impl Coding {
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

/// `compression.algorithm`: how messages are sent whatever they came as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Always(Coding),
    Never,
}

impl Algorithm {
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "gzip" => Some(Self::Always(Coding::Gzip)),
            "deflate" => Some(Self::Always(Coding::Deflate)),
            "none" => Some(Self::Never),
            _ => None,
        }
    }
}

/// Why a body could not be decoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodingError {
    /// As the field has it.
    #[error("the coding {name} is not supported")]
    Unsupported { name: String },
    #[error("the body is not in the format of {}", coding.name())]
    Format { coding: Coding },
    #[error("the body is larger than {limit_bytes} bytes when it is decompressed")]
    TooLarge { limit_bytes: usize },
}

/// The codings of a body, in the order in which they were applied.
pub fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, CodingError> {
    let mut found = Vec::new();
    for field in headers.get_all(CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(field.as_bytes());
        for name in text.split(',').map(str::trim) {
            let coding = match name.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "" | "identity" => continue,
                _ => return Err(CodingError::Unsupported { name: name.to_owned() }),
            };
            if found.len() == CODINGS_MAX {
                return Err(CodingError::Unsupported { name: text.trim().to_owned() });
            }
            found.push(coding);
        }
    }
    Ok(found)
}

/// Whether the body is a part of one, or several: of a coded body, neither can be decoded, nor
/// does a range of one coding mean anything in another. Source: RFC 9110 sections 14.4 and 14.6.
pub fn is_part(headers: &HeaderMap) -> bool {
    const PARTS: &[u8] = b"multipart/byteranges";
    headers.contains_key(CONTENT_RANGE)
        || headers.get(CONTENT_TYPE).is_some_and(|value| {
            let media = value.as_bytes().get(..PARTS.len());
            media.is_some_and(|media| media.eq_ignore_ascii_case(PARTS))
        })
}

/// Undoes the codings, the last one first. No step makes more than `limit_bytes`.
pub fn decode(bytes: Bytes, codings: &[Coding], limit_bytes: usize) -> Result<Bytes, CodingError> {
    let mut bytes = bytes;
    for coding in codings.iter().rev() {
        let mut decoder = Decoder::new(*coding);
        let mut plain = Vec::new();
        decoder.feed(&bytes, &mut plain, limit_bytes)?;
        decoder.finish()?;
        bytes = Bytes::from(plain);
    }
    Ok(bytes)
}

/// Makes a message ready to be sent: a plain body gets the codings that the field names, or the
/// one of the algorithm; so does a stream where the algorithm asks for another. Of codings that
/// are not supported, body and field stay as they are.
pub fn settle(headers: &mut HeaderMap, body: &mut Body, algorithm: Option<Algorithm>) {
    let may_change = match body {
        Body::Empty => false,
        Body::Full(_) => algorithm.is_some() || headers.contains_key(CONTENT_ENCODING),
        Body::Incoming(_) | Body::Stream(_) => algorithm.is_some(),
    };
    if !may_change || is_part(headers) {
        return;
    }
    let Ok(named) = codings(headers) else { return };
    let wanted = match algorithm {
        None => named.clone(),
        Some(Algorithm::Always(coding)) => vec![coding],
        Some(Algorithm::Never) => Vec::new(),
    };
    if algorithm.is_some() {
        match wanted.first() {
            Some(coding) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
            }
            None => {
                headers.remove(CONTENT_ENCODING);
            }
        }
    }
    let is_coded = match &body {
        Body::Full(bytes) => is_gzip_already(bytes, &named),
        Body::Empty | Body::Incoming(_) | Body::Stream(_) => true,
    };
    let undone: &[Coding] = if is_coded { &named } else { &[] };
    if undone == wanted {
        return;
    }
    headers.remove(CONTENT_LENGTH);
    forget_digests(headers);
    if wanted != named {
        weaken_tag(headers);
    }
    let small = match &body {
        Body::Full(bytes) if undone.is_empty() && bytes.len() <= ENCODED_AT_ONCE_BYTES_MAX => {
            encode(bytes, &wanted)
        }
        Body::Full(_) | Body::Empty | Body::Incoming(_) | Body::Stream(_) => None,
    };
    *body = match small {
        Some(bytes) => Body::from(bytes),
        None => Body::Stream(Box::pin(Recoded::new(std::mem::take(body), undone, &wanted))),
    };
}

/// What is true of the coded bytes alone. Sources: RFC 9530, RFC 3230, RFC 1864.
fn forget_digests(headers: &mut HeaderMap) {
    static DIGESTS: [HeaderName; 4] = [
        HeaderName::from_static("content-md5"),
        HeaderName::from_static("content-digest"),
        HeaderName::from_static("repr-digest"),
        HeaderName::from_static("digest"),
    ];
    for name in &DIGESTS {
        headers.remove(name);
    }
}

/// In another coding it is another body, whose bytes a strong tag does not name. Source: RFC 9110
/// section 8.8.3.3. Nor does the origin have ranges of it.
fn weaken_tag(headers: &mut HeaderMap) {
    headers.remove(ACCEPT_RANGES);
    let Some(tag) = headers.get_mut(ETAG) else { return };
    if tag.as_bytes().starts_with(b"\"")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        *tag = weak;
    }
}

/// A policy may have put bytes there that somebody else compressed. No text begins like this.
fn is_gzip_already(bytes: &[u8], named: &[Coding]) -> bool {
    named.last() == Some(&Coding::Gzip) && bytes.starts_with(&[0x1f, 0x8b, 8])
}

/// `None` where compression fails, which it does for no input.
fn encode(bytes: &[u8], codings: &[Coding]) -> Option<Bytes> {
    let mut bytes = Bytes::copy_from_slice(bytes);
    for coding in codings {
        let mut encoder = Encoder::new(*coding);
        let mut out = Vec::new();
        encoder.feed(&bytes, &mut out).ok()?;
        encoder.finish(&mut out).ok()?;
        bytes = Bytes::from(out);
    }
    Some(bytes)
}

/// Undoes one coding, bit by bit.
struct Decoder {
    coding: Coding,
    /// `None` until the first bytes told bare deflate from zlib.
    inflate: Option<Decompress>,
    head: Vec<u8>,
    ended: bool,
    produced: usize,
    /// Bytes of the members that ended, and how many these are.
    taken: u64,
    members: u64,
}

impl Decoder {
    fn new(coding: Coding) -> Self {
        let inflate = match coding {
            Coding::Gzip => Some(Decompress::new_gzip(WINDOW_BITS)),
            Coding::Deflate => None,
        };
        let head = Vec::new();
        Self { coding, inflate, head, ended: false, produced: 0, taken: 0, members: 0 }
    }

    /// `limit_bytes`: of all output together.
    fn feed(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        limit_bytes: usize,
    ) -> Result<(), CodingError> {
        if self.inflate.is_some() {
            return self.inflate(input, out, limit_bytes);
        }
        self.head.extend_from_slice(input);
        let Some(is_zlib) = zlib_head(&self.head) else { return Ok(()) };
        self.inflate = Some(Decompress::new(is_zlib));
        let head = std::mem::take(&mut self.head);
        self.inflate(&head, out, limit_bytes)
    }

    fn inflate(
        &mut self,
        mut input: &[u8],
        out: &mut Vec<u8>,
        limit_bytes: usize,
    ) -> Result<(), CodingError> {
        let coding = self.coding;
        let Some(inflate) = &mut self.inflate else { return Ok(()) };
        while !input.is_empty() {
            if self.ended {
                // RFC 1952 section 2.2: members may follow each other. What is no member is
                // padding, as the tools have it; so is all that follows zlib's end.
                if coding != Coding::Gzip || input.first() != Some(&0x1f) {
                    return Ok(());
                }
                self.taken = self.taken.saturating_add(inflate.total_in());
                self.members += 1;
                if self.members > MEMBERS_FREE + self.taken / MEMBER_BYTES {
                    return Err(CodingError::Format { coding });
                }
                *inflate = Decompress::new_gzip(WINDOW_BITS);
                self.ended = false;
            }
            out.reserve(PIECE_BYTES);
            let (before_in, before_out) = (inflate.total_in(), out.len());
            let status = inflate
                .decompress_vec(input, out, FlushDecompress::None)
                .map_err(|_| CodingError::Format { coding })?;
            let consumed = usize::try_from(inflate.total_in() - before_in).unwrap_or(input.len());
            input = input.get(consumed..).unwrap_or_default();
            let made = out.len() - before_out;
            self.produced = self.produced.saturating_add(made);
            if self.produced > limit_bytes {
                return Err(CodingError::TooLarge { limit_bytes });
            }
            match status {
                Status::StreamEnd => self.ended = true,
                Status::Ok | Status::BufError if consumed == 0 && made == 0 => {
                    return Err(CodingError::Format { coding });
                }
                Status::Ok | Status::BufError => {}
            }
        }
        self.drain(out, limit_bytes)
    }

    /// What is decoded and found no room yet.
    fn drain(&mut self, out: &mut Vec<u8>, limit_bytes: usize) -> Result<(), CodingError> {
        let coding = self.coding;
        let Some(inflate) = &mut self.inflate else { return Ok(()) };
        while !self.ended {
            out.reserve(PIECE_BYTES);
            let before = out.len();
            let status = inflate
                .decompress_vec(&[], out, FlushDecompress::None)
                .map_err(|_| CodingError::Format { coding })?;
            let made = out.len() - before;
            self.produced = self.produced.saturating_add(made);
            if self.produced > limit_bytes {
                return Err(CodingError::TooLarge { limit_bytes });
            }
            self.ended = status == Status::StreamEnd;
            if made == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Errs where the input broke off.
    fn finish(&self) -> Result<(), CodingError> {
        match self.ended {
            true => Ok(()),
            false => Err(CodingError::Format { coding: self.coding }),
        }
    }
}

/// RFC 1950 section 2.2. `None` while the two bytes are not there.
fn zlib_head(head: &[u8]) -> Option<bool> {
    let (method, flags) = (*head.first()?, *head.get(1)?);
    let check = u16::from_be_bytes([method, flags]);
    Some(method & 0x0f == 8 && check % 31 == 0)
}

/// Does one coding, bit by bit.
struct Encoder(Compress);

/// Compression takes any input.
#[derive(Debug)]
struct EncoderFailed;

impl Encoder {
    fn new(coding: Coding) -> Self {
        Self(match coding {
            Coding::Gzip => Compress::new_gzip(Compression::fast(), WINDOW_BITS),
            Coding::Deflate => Compress::new(Compression::fast(), true),
        })
    }

    fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), EncoderFailed> {
        while !input.is_empty() {
            out.reserve(PIECE_BYTES);
            let (before_in, before_out) = (self.0.total_in(), out.len());
            self.0.compress_vec(input, out, FlushCompress::None).map_err(|_| EncoderFailed)?;
            let consumed = usize::try_from(self.0.total_in() - before_in).unwrap_or(input.len());
            if consumed == 0 && out.len() == before_out {
                return Err(EncoderFailed);
            }
            input = input.get(consumed..).unwrap_or_default();
        }
        Ok(())
    }

    /// Everything that was fed can be decoded of what came out.
    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), EncoderFailed> {
        loop {
            out.reserve(PIECE_BYTES);
            self.0.compress_vec(&[], out, FlushCompress::Sync).map_err(|_| EncoderFailed)?;
            if out.len() < out.capacity() {
                return Ok(());
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), EncoderFailed> {
        loop {
            out.reserve(PIECE_BYTES);
            let before = out.len();
            let status =
                self.0.compress_vec(&[], out, FlushCompress::Finish).map_err(|_| EncoderFailed)?;
            match status {
                Status::StreamEnd => return Ok(()),
                Status::Ok | Status::BufError if out.len() == before => return Err(EncoderFailed),
                Status::Ok | Status::BufError => {}
            }
        }
    }
}

/// A body on its way out in another coding than it came.
struct Recoded {
    source: Body,
    /// The last coding first.
    decoders: Vec<Decoder>,
    encoders: Vec<Encoder>,
    waiting: VecDeque<Bytes>,
    /// Bytes taken from the source; a body without one stays so.
    taken: u64,
    /// Bytes that came out of the decoders.
    unpacked: u64,
    /// The encoders may hold something back.
    holds_back: bool,
    ended: bool,
}

impl Recoded {
    fn new(source: Body, undone: &[Coding], done: &[Coding]) -> Self {
        Self {
            source,
            decoders: undone.iter().rev().map(|coding| Decoder::new(*coding)).collect(),
            encoders: done.iter().map(|coding| Encoder::new(*coding)).collect(),
            waiting: VecDeque::new(),
            taken: 0,
            unpacked: 0,
            holds_back: false,
            ended: false,
        }
    }

    /// What becomes of the next bytes that wait, and how many they were.
    fn step(&mut self) -> Result<Option<(Bytes, usize)>, BodyError> {
        let Some(front) = self.waiting.front_mut() else { return Ok(None) };
        let most = if self.decoders.is_empty() { PIECE_BYTES } else { DECODED_STEP_BYTES };
        let input = front.split_to(most.min(front.len()));
        if !front.has_remaining() {
            self.waiting.pop_front();
        }
        let taken = input.len();
        self.taken = self.taken.saturating_add(taken as u64);
        Ok(Some((self.through(input)?, taken)))
    }

    fn through(&mut self, mut bytes: Bytes) -> Result<Bytes, BodyError> {
        for decoder in &mut self.decoders {
            let mut out = Vec::new();
            decoder.feed(&bytes, &mut out, usize::MAX).map_err(broken)?;
            bytes = Bytes::from(out);
        }
        if !self.decoders.is_empty() {
            self.unpacked = self.unpacked.saturating_add(bytes.len() as u64);
            let fair = self.taken.saturating_mul(UNPACKED_TIMES_MAX).max(UNPACKED_BYTES_FREE);
            if self.unpacked > fair {
                let reason =
                    format!("the body unpacks to over {UNPACKED_TIMES_MAX} times its size");
                return Err(BodyError::Other { reason });
            }
        }
        for encoder in &mut self.encoders {
            self.holds_back |= !bytes.is_empty();
            let mut out = Vec::new();
            encoder.feed(&bytes, &mut out).map_err(failed)?;
            bytes = Bytes::from(out);
        }
        Ok(bytes)
    }

    /// What the encoders hold back, while the source has nothing: events that come one by one
    /// are sent one by one.
    fn flush(&mut self) -> Result<Bytes, BodyError> {
        let mut rest = Bytes::new();
        if !std::mem::take(&mut self.holds_back) {
            return Ok(rest);
        }
        for encoder in &mut self.encoders {
            let mut out = Vec::new();
            encoder.feed(&rest, &mut out).map_err(failed)?;
            encoder.flush(&mut out).map_err(failed)?;
            rest = Bytes::from(out);
        }
        Ok(rest)
    }

    /// What is left in the encoders.
    fn end(&mut self) -> Result<Bytes, BodyError> {
        self.ended = true;
        if self.taken == 0 {
            return Ok(Bytes::new());
        }
        for decoder in &self.decoders {
            decoder.finish().map_err(broken)?;
        }
        let mut rest = Bytes::new();
        for encoder in &mut self.encoders {
            let mut out = Vec::new();
            encoder.feed(&rest, &mut out).map_err(failed)?;
            encoder.finish(&mut out).map_err(failed)?;
            rest = Bytes::from(out);
        }
        Ok(rest)
    }
}

fn broken(error: CodingError) -> BodyError {
    BodyError::Other { reason: error.to_string() }
}

fn failed(_: EncoderFailed) -> BodyError {
    BodyError::Other { reason: "the body cannot be compressed".to_owned() }
}

impl HttpBody for Recoded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let mut turn = 0;
        while !this.ended {
            let made = match this.step() {
                Ok(Some((bytes, taken))) => {
                    turn += taken;
                    bytes
                }
                Ok(None) => match Pin::new(&mut this.source).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => {
                        // Trailers speak of the body as it came.
                        this.waiting.extend(frame.into_data().ok().filter(|data| !data.is_empty()));
                        continue;
                    }
                    Poll::Ready(Some(Err(error))) => {
                        this.ended = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                    Poll::Ready(None) => match this.end() {
                        Ok(rest) => rest,
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    },
                    Poll::Pending => match this.flush() {
                        Ok(rest) if rest.is_empty() => return Poll::Pending,
                        Ok(rest) => rest,
                        Err(error) => {
                            this.ended = true;
                            return Poll::Ready(Some(Err(error)));
                        }
                    },
                },
                Err(error) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            if !made.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(made))));
            }
            if turn >= TURN_BYTES {
                // Others have their turn before a body that compresses to nothing goes on.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests;
