//! Who may ask: HMAC-SHA256 request signatures.
//!
//! Source: Microsoft's REST reference of App Configuration, "HMAC authentication": header
//! `Authorization: HMAC-SHA256 Credential=ID&SignedHeaders=NAMES&Signature=BASE64`. Signed is
//! the method, the request target exactly as received, and the values of the signed headers
//! joined by `;`, each of the three on a line of its own. The order of the checks and their texts
//! are the reference's, and its local emulator's where the reference has none.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Method};
use sha2::{Digest, Sha256};

use crate::serve::appconfig::date;
use crate::store::credentials::{AccessKey, AppConfigKeys};

/// How far a request's date may be from the gateway's.
const SKEW_MS_MAX: i64 = 15 * 60 * 1000;

/// Names in `SignedHeaders`; more are a refusal.
const SIGNED_HEADERS_MAX: usize = 32;

const SCHEME: &str = "HMAC-SHA256";
const DATE: &str = "date";
const MS_DATE: &str = "x-ms-date";
const CONTENT_HASH: &str = "x-ms-content-sha256";

/// What a client signs with.
pub struct Credential {
    pub id: String,
    /// Decoded.
    pub secret: Vec<u8>,
    pub access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    ReadOnly,
    ReadWrite,
}

/// All that are let in.
#[derive(Default)]
pub struct Credentials(pub Vec<Credential>);

impl From<&AppConfigKeys> for Credentials {
    fn from(keys: &AppConfigKeys) -> Self {
        let credential = |key: &AccessKey, access| Credential {
            id: key.id.clone(),
            secret: key.secret_bytes(),
            access,
        };
        Self(vec![
            credential(&keys.read_write, Access::ReadWrite),
            credential(&keys.read_only, Access::ReadOnly),
        ])
    }
}

/// The request as it was signed.
pub(super) struct Signed<'a> {
    pub(super) method: &'a Method,
    /// Path and query, byte for byte.
    pub(super) target: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// Why a request is not let in: 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No credential at all, or one of another scheme.
    NoCredential,
    /// With the text of `error_description`.
    Invalid(String),
}

impl Refusal {
    /// The value of `WWW-Authenticate`.
    pub(super) fn challenge(&self) -> String {
        match self {
            Self::NoCredential => format!("{SCHEME}, Bearer"),
            Self::Invalid(text) => {
                format!("{SCHEME} error=\"invalid_token\" error_description=\"{text}\", Bearer")
            }
        }
    }
}

/// Lets the request in, or says why not.
pub(super) fn authenticate(
    request: &Signed<'_>,
    now_ms: i64,
    credentials: &Credentials,
) -> Result<Access, Refusal> {
    let field = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let parameters = field.and_then(parameters_of).ok_or(Refusal::NoCredential)?;
    let parameters = Parameters::parse(parameters)?;
    let to_sign = string_to_sign(request, parameters.signed_headers)?;
    let date = value(request.headers, MS_DATE).or_else(|| value(request.headers, DATE));
    let date_ms = date.and_then(date::parse).ok_or_else(|| invalid("Invalid access token date"))?;
    if date_ms.abs_diff(now_ms) > SKEW_MS_MAX.unsigned_abs() {
        return Err(invalid("The access token has expired"));
    }
    let mut known = credentials.0.iter();
    let credential = known
        .find(|known| known.id == parameters.credential)
        .ok_or_else(|| invalid("Invalid Credential"))?;
    let signature = BASE64_STANDARD.decode(parameters.signature);
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&credential.secret);
    let (Ok(signature), Ok(mac)) = (signature, mac) else {
        return Err(invalid("Invalid Signature"));
    };
    // In constant time.
    mac.chain_update(to_sign).verify_slice(&signature).map_err(|_| invalid("Invalid Signature"))?;
    if value(request.headers, CONTENT_HASH) != Some(&content_hash(request.body)) {
        return Err(invalid("Invalid request content hash"));
    }
    Ok(credential.access)
}

/// The Base64 of the body's SHA-256.
fn content_hash(body: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(body))
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::Invalid(text.into())
}

/// What follows the scheme.
fn parameters_of(field: &str) -> Option<&str> {
    let rest = field.strip_prefix(SCHEME)?;
    rest.starts_with(' ').then(|| rest.trim())
}

struct Parameters<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Parameters<'a> {
    /// Separated by `&`, or by commas; the first of each name counts.
    fn parse(text: &'a str) -> Result<Self, Refusal> {
        let find = |name: &str| {
            text.split(['&', ',']).find_map(|pair| {
                let (key, value) = pair.split_once('=')?;
                (key.trim() == name).then(|| value.trim()).filter(|value| !value.is_empty())
            })
        };
        let required =
            |name: &str| find(name).ok_or_else(|| invalid(format!("{name} parameter is required")));
        Ok(Self {
            credential: required("Credential")?,
            signed_headers: required("SignedHeaders")?,
            signature: required("Signature")?,
        })
    }
}

fn string_to_sign(request: &Signed<'_>, signed_headers: &str) -> Result<String, Refusal> {
    let names: Vec<&str> = signed_headers.split(';').map(str::trim).collect();
    if names.len() > SIGNED_HEADERS_MAX {
        return Err(invalid(format!("More than {SIGNED_HEADERS_MAX} signed headers")));
    }
    let mut text = request.method.as_str().to_ascii_uppercase();
    text.push('\n');
    text.push_str(request.target);
    text.push('\n');
    for (index, name) in names.iter().enumerate() {
        let Some(value) = value(request.headers, name) else {
            return Err(invalid(format!(
                "Signed request header '{}' is not provided",
                shown(name)
            )));
        };
        if index > 0 {
            text.push(';');
        }
        text.push_str(value);
    }
    let is_signed = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    for (is_there, name) in [
        (is_signed("host"), "host"),
        (is_signed(CONTENT_HASH), CONTENT_HASH),
        (is_signed(signed_date(request.headers)), MS_DATE),
    ] {
        if !is_there {
            return Err(invalid(format!("{name} is required as a signed header")));
        }
    }
    Ok(text)
}

/// The header that dates the request: the one that counts must be the one that is signed.
fn signed_date(headers: &HeaderMap) -> &'static str {
    if headers.contains_key(MS_DATE) { MS_DATE } else { DATE }
}

/// The one value of a header.
fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut values = headers.get_all(&name).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    first.to_str().ok().map(str::trim)
}

/// A name of the client's, fit to stand between quotes.
fn shown(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
        .take(64)
        .collect()
}

/// What a client of `secret` sends: the body's hash and the signature.
#[cfg(test)]
pub(super) fn sign(
    secret: &[u8],
    method: &str,
    target: &str,
    date: &str,
    host: &str,
    body: &str,
) -> (String, String) {
    let hash = content_hash(body.as_bytes());
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("any length is a key");
    let signed = mac.chain_update(format!("{method}\n{target}\n{date};{host};{hash}"));
    (hash, BASE64_STANDARD.encode(signed.finalize().into_bytes()))
}

#[cfg(test)]
mod tests;
