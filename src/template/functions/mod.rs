//! The functions of message templates: one row each, for parsing, rendering and documentation.
//!
//! Source: Apigee docs, "Message templates"; `docs/functions.md` shows each with an example. An
//! argument is a variable, with a default behind a colon, or a text in single quotes. Unknown:
//! what a function makes of an argument without a value; where that does not fail, it is the
//! empty text. What a function cannot compute is the empty text too, never a fault.

mod escape;
mod hash;
pub(super) mod kind;
pub(super) mod page;
mod path;
mod random;
mod text;
mod time;

use std::ops::RangeInclusive;

use hmac::Hmac;
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::template::functions::kind::{Function, Kind, Run};

const FLAG: Kind = Kind::Word(&["true", "false"]);
const HMAC: &[Kind] =
    &[Kind::Text, Kind::Text, Kind::Word(hash::KEY_ENCODINGS), Kind::Word(hash::OUTPUT_ENCODINGS)];

pub(super) static FUNCTIONS: &[Function] = &[
    row("md5Hex", 1..=1, &[Kind::Text], Run::Pure(hash::hex::<Md5>)),
    row("md5Base64", 1..=1, &[Kind::Text], Run::Pure(hash::base64::<Md5>)),
    row("sha1Hex", 1..=1, &[Kind::Text], Run::Pure(hash::hex::<Sha1>)),
    row("sha1Base64", 1..=1, &[Kind::Text], Run::Pure(hash::base64::<Sha1>)),
    row("sha256Hex", 1..=1, &[Kind::Text], Run::Pure(hash::hex::<Sha256>)),
    row("sha256Base64", 1..=1, &[Kind::Text], Run::Pure(hash::base64::<Sha256>)),
    row("sha384Hex", 1..=1, &[Kind::Text], Run::Pure(hash::hex::<Sha384>)),
    row("sha384Base64", 1..=1, &[Kind::Text], Run::Pure(hash::base64::<Sha384>)),
    row("sha512Hex", 1..=1, &[Kind::Text], Run::Pure(hash::hex::<Sha512>)),
    row("sha512Base64", 1..=1, &[Kind::Text], Run::Pure(hash::base64::<Sha512>)),
    row("hmacMd5", 2..=4, HMAC, Run::Pure(hash::hmac::<Hmac<Md5>>)),
    row("hmacSha1", 2..=4, HMAC, Run::Pure(hash::hmac::<Hmac<Sha1>>)),
    row("hmacSha224", 2..=4, HMAC, Run::Pure(hash::hmac::<Hmac<Sha224>>)),
    row("hmacSha256", 2..=4, HMAC, Run::Pure(hash::hmac::<Hmac<Sha256>>)),
    row("hmacSha384", 2..=4, HMAC, Run::Pure(hash::hmac::<Hmac<Sha384>>)),
    row("hmacSha512", 2..=4, HMAC, Run::Pure(hash::hmac::<Hmac<Sha512>>)),
    row("encodeBase64", 1..=1, &[Kind::Text], Run::Pure(hash::encode_base64)),
    row("decodeBase64", 1..=1, &[Kind::Text], Run::Pure(hash::decode_base64)),
    row("toUpperCase", 1..=1, &[Kind::Text], Run::Pure(text::to_upper_case)),
    row("toLowerCase", 1..=1, &[Kind::Text], Run::Pure(text::to_lower_case)),
    row("substring", 2..=3, &[Kind::Text, Kind::Integer], Run::Pure(text::substring)),
    row(
        "replaceAll",
        3..=3,
        &[Kind::Text, Kind::Pattern, Kind::Text],
        Run::Pure(text::replace_all),
    ),
    row(
        "replaceFirst",
        3..=3,
        &[Kind::Text, Kind::Pattern, Kind::Text],
        Run::Pure(text::replace_first),
    ),
    row("firstnonnull", 1..=usize::MAX, &[Kind::Text], Run::Pure(text::first_non_null)),
    row("escapeJSON", 1..=1, &[Kind::Text], Run::Pure(escape::json)),
    row("escapeXML", 1..=1, &[Kind::Text], Run::Pure(escape::xml_10)),
    row("escapeXML11", 1..=1, &[Kind::Text], Run::Pure(escape::xml_11)),
    row("encodeHTML", 1..=1, &[Kind::Text], Run::Pure(escape::html)),
    row("timeFormat", 2..=2, &[Kind::Format, Kind::Integer], Run::Pure(time::of_seconds)),
    row("timeFormatMs", 2..=2, &[Kind::Format, Kind::Integer], Run::Pure(time::of_milliseconds)),
    row("timeFormatUTC", 2..=2, &[Kind::Format, Kind::Integer], Run::Pure(time::of_seconds)),
    row("timeFormatUTCMs", 2..=2, &[Kind::Format, Kind::Integer], Run::Pure(time::of_milliseconds)),
    row("createUuid", 0..=0, &[], Run::Random(random::uuid)),
    row("randomLong", 0..=2, &[Kind::Integer], Run::Random(random::long)),
    row("xeger", 1..=1, &[Kind::Sample], Run::Random(random::text)),
    row("jsonPath", 2..=3, &[Kind::Text, Kind::Text, FLAG], Run::Pure(path::json_path)),
    row("xpath", 2..=usize::MAX, &[Kind::Text], Run::Pure(path::xpath)),
    row("xPath", 2..=usize::MAX, &[Kind::Text], Run::Pure(path::xpath)),
];

pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

const fn row(
    name: &'static str,
    arity: RangeInclusive<usize>,
    kinds: &'static [Kind],
    run: Run,
) -> Function {
    Function { name, arity, kinds, run }
}

#[cfg(test)]
mod tests;
