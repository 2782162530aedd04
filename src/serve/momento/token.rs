//! Tokens: JWTs that this gateway signs (RFC 7519, HS256), and the forms in which clients get
//! them.
//!
//! Sources: what the credential providers of Momento's libraries take, and the payload of its
//! own keys (`sub`, `ver`, `p`: the Base64 of the permissions' message). A v1 key is the Base64 of
//! `{"endpoint", "api_key"}`; a v2 key is a bare token whose claim `t` is `g`. The others are bare.
//! `Unknown:` further claims; ours are `k` (kind), `jti` (id, by which it is taken back), `tid`
//! (the id that its maker gave it), `iat` and `exp`.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use momento_protos::permission_messages::Permissions;
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::serve::momento::permission::{Grant, Grants, Items, Role};
use crate::store::credentials::{AccessKey, MomentoKey};

/// The longest token that is looked at.
pub(super) const TOKEN_BYTES_MAX: usize = 16 * 1024;

const SUBJECT: &str = "tollgate";
const VERSION: u8 = 1;
const V2: &str = "g";

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Who signed in: may also make keys of super users.
    #[serde(rename = "session")]
    Session,
    #[serde(rename = "key")]
    Key,
    #[serde(rename = "disposable")]
    Disposable,
    /// Renews the key whose id it names, and does nothing else.
    #[serde(rename = "refresh")]
    Refresh,
}

/// What a token says. Times are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) grants: Grants,
    /// For a refresh token, that of its key.
    pub(super) id: String,
    /// As its maker named it.
    pub(super) token_id: Option<String>,
    pub(super) issued_s: Option<u64>,
    /// `None`: never.
    pub(super) expires_s: Option<u64>,
    pub(super) is_v2: bool,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    ver: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<String>,
    p: String,
    k: Kind,
    jti: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
}

/// What a client writes into a token that it signs with a key of its own: one method on one item.
///
/// Source: the signers of Momento's libraries for pre-signed URLs.
#[derive(Deserialize)]
struct SignedClaims {
    exp: u64,
    cache: String,
    key: Option<String>,
    method: Vec<String>,
}

/// No token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The tokens that every start of the gateway has, which do not expire.
#[derive(Debug)]
pub struct StandingTokens {
    /// A v1 key of a super user, with the endpoint in it.
    pub api_key: String,
    pub api_key_v2: String,
    pub session_token: String,
}

impl StandingTokens {
    pub fn of(key: &MomentoKey, endpoint: &str) -> Result<Self, jsonwebtoken::errors::Error> {
        let MomentoKey(key) = key;
        let token = |kind, name: &str, is_v2| Token {
            kind,
            grants: Grants::SuperUser,
            // The same each time, so that what was printed before still holds.
            id: format!("{}-{name}", key.id),
            token_id: None,
            issued_s: None,
            expires_s: None,
            is_v2,
        };
        Ok(Self {
            api_key: wrap(endpoint, &token(Kind::Key, "v1", false).sign(key)?),
            api_key_v2: token(Kind::Key, "v2", true).sign(key)?,
            session_token: token(Kind::Session, "session", false).sign(key)?,
        })
    }
}

/// A token that can be taken back: what has to be remembered of it.
#[derive(Debug)]
pub struct Revocable {
    pub id: String,
    /// Seconds since the epoch; `None`: it never expires.
    pub expires_s: Option<u64>,
}

impl Revocable {
    /// Of a token in any of its forms; `None` where it is none that this key signed.
    pub fn of(text: &str, key: &MomentoKey) -> Option<Self> {
        let unwrapped = unwrap(text);
        let text = unwrapped.as_deref().unwrap_or(text);
        let decoding = DecodingKey::from_secret(&key.0.secret_bytes());
        let token = Token::verify(text, &decoding).ok()?;
        Some(Self { id: token.id, expires_s: token.expires_s })
    }
}

impl Token {
    pub(super) fn sign(&self, key: &AccessKey) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        let claims = Claims {
            sub: SUBJECT.to_owned(),
            ver: VERSION,
            t: self.is_v2.then(|| V2.to_owned()),
            p: BASE64_STANDARD.encode(self.grants.message().encode_to_vec()),
            k: self.kind,
            jti: self.id.clone(),
            tid: self.token_id.clone(),
            iat: self.issued_s,
            exp: self.expires_s,
        };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key.secret_bytes()))
    }

    /// Whether it has expired is for the caller to see.
    pub(super) fn verify(text: &str, key: &DecodingKey) -> Result<Self, Unreadable> {
        let claims: Claims = decode(text, key)?;
        let message = BASE64_STANDARD.decode(&claims.p).map_err(|_| Unreadable)?;
        let message = Permissions::decode(&*message).map_err(|_| Unreadable)?;
        if claims.ver != VERSION {
            return Err(Unreadable);
        }
        Ok(Self {
            kind: claims.k,
            grants: Grants::of(&message).map_err(|_| Unreadable)?,
            id: claims.jti,
            token_id: claims.tid,
            issued_s: claims.iat,
            expires_s: claims.exp,
            is_v2: claims.t.as_deref() == Some(V2),
        })
    }

    /// A token that a client signed; `id` is that of its key.
    pub(super) fn verify_signed(
        text: &str,
        id: &str,
        key: &DecodingKey,
    ) -> Result<Self, Unreadable> {
        let claims: SignedClaims = decode(text, key)?;
        let has =
            |method: &str| claims.method.iter().any(|found| found.eq_ignore_ascii_case(method));
        let role = match (has("get"), has("set")) {
            (true, true) => Role::ReadWrite,
            (true, false) => Role::ReadOnly,
            (false, true) => Role::WriteOnly,
            (false, false) => return Err(Unreadable),
        };
        let items = claims.key.map_or(Items::All, |key| Items::Key(key.into_bytes()));
        Ok(Self {
            kind: Kind::Disposable,
            grants: Grants::Explicit(vec![Grant::Items { role, cache: Some(claims.cache), items }]),
            id: id.to_owned(),
            token_id: None,
            issued_s: None,
            expires_s: Some(claims.exp),
            is_v2: false,
        })
    }

    pub(super) fn has_expired(&self, now_s: u64) -> bool {
        self.expires_s.is_some_and(|expires_s| expires_s <= now_s)
    }
}

fn decode<C: serde::de::DeserializeOwned>(text: &str, key: &DecodingKey) -> Result<C, Unreadable> {
    let mut validation = Validation::new(Algorithm::HS256);
    // The gateway's clock decides, and some tokens do not expire.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode(text, key, &validation).map(|data| data.claims).map_err(|_| Unreadable)
}

/// The id of the key that a token says it was signed with.
pub(super) fn key_id(text: &str) -> Option<String> {
    jsonwebtoken::decode_header(text).ok()?.kid
}

#[derive(Serialize, Deserialize)]
struct Wrapper<'t> {
    endpoint: std::borrow::Cow<'t, str>,
    api_key: std::borrow::Cow<'t, str>,
}

/// A v1 key: ASCII JSON whose Base64 is the same in both alphabets.
pub(super) fn wrap(endpoint: &str, token: &str) -> String {
    let wrapper = Wrapper { endpoint: endpoint.into(), api_key: token.into() };
    BASE64_STANDARD.encode(serde_json::to_vec(&wrapper).unwrap_or_default())
}

/// The token in a v1 key; `None` where it is none.
pub(super) fn unwrap(text: &str) -> Option<String> {
    let json = BASE64_STANDARD.decode(text).or_else(|_| BASE64_URL_SAFE.decode(text)).ok()?;
    let wrapper: Wrapper<'_> = serde_json::from_slice(&json).ok()?;
    Some(wrapper.api_key.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in crate::serve::momento) fn key() -> MomentoKey {
        let key = r#"{"id":"k1","secret":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
        serde_json::from_str(key).expect("a key")
    }

    fn decoding(key: &MomentoKey) -> DecodingKey {
        DecodingKey::from_secret(&key.0.secret_bytes())
    }

    fn token() -> Token {
        Token {
            kind: Kind::Key,
            grants: Grants::SuperUser,
            id: "1".to_owned(),
            token_id: Some("me".to_owned()),
            issued_s: Some(5),
            expires_s: Some(10),
            is_v2: false,
        }
    }

    #[test]
    fn what_was_signed_is_read_again() {
        let key = key();
        let text = token().sign(&key.0).expect("it is signed");
        assert_eq!(Token::verify(&text, &decoding(&key)), Ok(token()));
        assert_eq!(key_id(&text).as_deref(), Some("k1"));
        assert!(!token().has_expired(9));
        assert!(token().has_expired(10));
        let other = MomentoKey(AccessKey { secret: "AAAA".to_owned(), ..key.0 });
        assert_eq!(Token::verify(&text, &decoding(&other)), Err(Unreadable));
    }

    #[test]
    fn a_token_without_a_signature_is_none() {
        use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
        let text = token().sign(&key().0).expect("it is signed");
        let claims = text.split('.').nth(1).expect("claims");
        for algorithm in ["none", "None", "hs256", ""] {
            let header = format!("{{\"alg\":\"{algorithm}\",\"kid\":\"k1\"}}");
            let forged = format!("{}.{claims}.", BASE64.encode(&header));
            assert_eq!(Token::verify(&forged, &decoding(&key())), Err(Unreadable), "{header}");
        }
    }

    #[test]
    fn the_standing_ones_have_the_forms_that_libraries_take() {
        let tokens = StandingTokens::of(&key(), "gw.example:8443").expect("they are signed");
        let json = BASE64_STANDARD.decode(&tokens.api_key).expect("Base64");
        assert_eq!(BASE64_URL_SAFE.decode(&tokens.api_key).expect("either alphabet"), json);
        let value: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(value["endpoint"], "gw.example:8443");
        let inner = unwrap(&tokens.api_key).expect("a wrapped key");
        assert_eq!(value["api_key"], inner.as_str());
        let claims = |text: &str| {
            use base64::prelude::BASE64_URL_SAFE_NO_PAD;
            let claims = BASE64_URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
            serde_json::from_slice::<serde_json::Value>(&claims).ok()
        };
        assert_eq!(claims(&inner).expect("claims")["ver"], 1);
        assert_eq!(claims(&inner).expect("claims").get("t"), None);
        assert_eq!(claims(&tokens.api_key_v2).expect("claims")["t"], "g");
        assert_eq!(claims(&tokens.session_token).expect("claims").get("t"), None);
        let again = StandingTokens::of(&key(), "gw.example:8443").expect("they are signed");
        assert_eq!(again.api_key, tokens.api_key);
    }

    #[test]
    fn a_client_signs_for_one_method_on_one_item() {
        let key = key();
        let sign = |claims: serde_json::Value| {
            let secret = EncodingKey::from_secret(&key.0.secret_bytes());
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &secret).expect("signed")
        };
        let claims = serde_json::json!({"exp": 9, "cache": "a", "key": "k", "method": ["get"]});
        let read = Token::verify_signed(&sign(claims), "c1", &decoding(&key)).expect("it is one");
        let items = Items::Key(b"k".to_vec());
        let grant = Grant::Items { role: Role::ReadOnly, cache: Some("a".to_owned()), items };
        assert_eq!(read.grants, Grants::Explicit(vec![grant]));
        assert_eq!(read.expires_s, Some(9));
        let forever = serde_json::json!({"cache": "a", "method": ["get"]});
        assert!(Token::verify_signed(&sign(forever), "c1", &decoding(&key)).is_err());
        let nothing = serde_json::json!({"exp": 9, "cache": "a", "method": []});
        assert!(Token::verify_signed(&sign(nothing), "c1", &decoding(&key)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}", parts in "[a-zA-Z0-9_-]{0,40}(\\.[a-zA-Z0-9_-]{0,40}){0,3}") {
            let decoding = decoding(&key());
            for text in [&text, &parts] {
                prop_assert_eq!(Token::verify(text, &decoding), Err(Unreadable));
                prop_assert_eq!(key_id(text).filter(|id| id == "k1"), None);
                prop_assert_eq!(unwrap(text), None);
            }
        }
    }
}
