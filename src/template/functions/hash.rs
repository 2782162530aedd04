//! Digests, keyed digests and Base64.
//!
//! Source: Apigee docs, "Message templates"; RFC 2104, RFC 4648. Unknown: whether a digest of
//! content that is no text takes its bytes; here it does.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use hmac::{KeyInit, Mac};
use sha2::Digest;

use crate::template::UnresolvedVariable;
use crate::template::functions::kind::Arguments;

/// As `java.util.Base64.getDecoder()`: the standard alphabet alone, padding or none.
const DECODER: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the key of an HMAC may be written; UTF-8 where nothing is said.
pub(super) static KEY_ENCODINGS: &[&str] = &["hex", "base16", "base64", "utf-8", "utf8"];
/// How an HMAC may be written; Base64 where nothing is said.
pub(super) static OUTPUT_ENCODINGS: &[&str] = &["hex", "base16", "base64"];

pub(super) fn hex<D: Digest>(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    push_hex(&D::digest(arguments.bytes(0)?), out);
    Ok(())
}

pub(super) fn base64<D: Digest>(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    BASE64_STANDARD.encode_string(D::digest(arguments.bytes(0)?), out);
    Ok(())
}

/// Key, text, and the two encodings. A key that is not in its encoding, or an encoding that is
/// none, gives the empty text.
pub(super) fn hmac<M: Mac + KeyInit>(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    let key = arguments.bytes(0)?;
    let text = arguments.bytes(1)?;
    let key_encoding = arguments.text(2)?;
    let output_encoding = arguments.text(3)?;
    let is = |encoding: &str, name: &str| encoding.eq_ignore_ascii_case(name);
    let key = match key_encoding.trim() {
        "" => Some(key),
        name if is(name, "utf-8") || is(name, "utf8") => Some(key),
        name if is(name, "hex") || is(name, "base16") => from_hex(&key).map(Into::into),
        name if is(name, "base64") => DECODER.decode(&key).ok().map(Into::into),
        _ => None,
    };
    let Some(Ok(mut mac)) = key.map(|key| <M as KeyInit>::new_from_slice(&key)) else {
        return Ok(());
    };
    mac.update(&text);
    let code = mac.finalize().into_bytes();
    match output_encoding.trim() {
        "" => BASE64_STANDARD.encode_string(&code, out),
        name if is(name, "base64") => BASE64_STANDARD.encode_string(&code, out),
        name if is(name, "hex") || is(name, "base16") => push_hex(&code, out),
        _ => {}
    }
    Ok(())
}

pub(super) fn encode_base64(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    BASE64_STANDARD.encode_string(arguments.bytes(0)?, out);
    Ok(())
}

/// What is no Base64, the alphabet for URLs among it, gives the empty text.
pub(super) fn decode_base64(
    arguments: &Arguments<'_>,
    out: &mut String,
) -> Result<(), UnresolvedVariable> {
    match DECODER.decode(arguments.bytes(0)?).map(String::from_utf8) {
        Ok(Ok(text)) => out.push_str(&text),
        Ok(Err(bytes)) => out.push_str(&String::from_utf8_lossy(bytes.as_bytes())),
        Err(_) => {}
    }
    Ok(())
}

fn push_hex(bytes: &[u8], out: &mut String) {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 0xF));
    }
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}
