//! Who a token's bearer is: the keys that tokens are verified with, the tokens that were taken
//! back, and what was verified before.
//!
//! One keyring is one state of the store's records; when they change another takes its place,
//! and what was remembered goes with it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use hashbrown::HashSet;
use jsonwebtoken::DecodingKey;
use lru::LruCache;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::serve::momento::token::{self, TOKEN_BYTES_MAX, Token};
use crate::store::credentials::{AccessKey, MomentoKeys};

/// Tokens whose signature is not verified again.
const SEEN_MAX: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// See the module.
pub struct Keyring {
    own: AccessKey,
    own_decoding: DecodingKey,
    /// Keys of clients: id, until when, and the key.
    signing: Vec<(String, u64, DecodingKey)>,
    revoked: HashSet<String>,
    /// By digest, so that no comparison tells of a token. Held for some tens of instructions.
    seen: Mutex<LruCache<[u8; 32], Arc<Token>>>,
}

/// Why a token's bearer is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// It is none of ours, or it was taken back.
    Invalid,
    Expired,
}

impl Keyring {
    pub fn new(keys: MomentoKeys) -> Self {
        let decoding = |key: &AccessKey| DecodingKey::from_secret(&key.secret_bytes());
        Self {
            own_decoding: decoding(&keys.own),
            own: keys.own,
            signing: keys
                .signing
                .into_iter()
                .map(|signing| (signing.key.id.clone(), signing.expires_s, decoding(&signing.key)))
                .collect(),
            revoked: keys.revoked.into_iter().collect(),
            seen: Mutex::new(LruCache::new(SEEN_MAX)),
        }
    }

    /// What new tokens are signed with.
    pub(super) fn own(&self) -> &AccessKey {
        &self.own
    }

    /// `text` is a bare token.
    pub(super) fn verify(&self, text: &str, now_s: u64) -> Result<Arc<Token>, Rejected> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(Rejected::Invalid);
        }
        let digest: [u8; 32] = Sha256::digest(text).into();
        let seen = self.seen.lock().get(&digest).cloned();
        let token = match seen {
            Some(token) => token,
            None => {
                let token = Arc::new(self.read(text).ok_or(Rejected::Invalid)?);
                self.seen.lock().put(digest, token.clone());
                token
            }
        };
        if token.has_expired(now_s) { Err(Rejected::Expired) } else { Ok(token) }
    }

    fn read(&self, text: &str) -> Option<Token> {
        let id = token::key_id(text)?;
        let token = if id == self.own.id {
            Token::verify(text, &self.own_decoding).ok()?
        } else {
            let (id, expires_s, key) = self.signing.iter().find(|(known, ..)| *known == id)?;
            let mut token = Token::verify_signed(text, id, key).ok()?;
            // No longer than its key.
            token.expires_s = token.expires_s.map(|own| own.min(*expires_s));
            token
        };
        (!self.revoked.contains(&token.id)).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use crate::serve::momento::permission::Grants;
    use crate::serve::momento::token::Kind;

    use super::*;

    fn access_key(id: &str) -> AccessKey {
        AccessKey { id: id.to_owned(), secret: format!("{id}AA") }
    }

    fn keyring(own: &str, revoked: &[&str]) -> Keyring {
        let revoked = revoked.iter().map(|id| (*id).to_owned()).collect();
        Keyring::new(MomentoKeys { own: access_key(own), signing: Vec::new(), revoked })
    }

    fn token(id: &str, expires_s: Option<u64>) -> String {
        let token = Token {
            kind: Kind::Key,
            grants: Grants::SuperUser,
            id: id.to_owned(),
            token_id: None,
            issued_s: None,
            expires_s,
            is_v2: false,
        };
        token.sign(&access_key("k1")).expect("it is signed")
    }

    #[test]
    fn lets_in_who_has_a_good_token() {
        let keyring = keyring("k1", &["gone"]);
        for _ in 0..2 {
            assert_eq!(keyring.verify(&token("a", None), 7).expect("it is good").id, "a");
            assert_eq!(keyring.verify(&token("a", Some(8)), 7).map(drop), Ok(()));
            assert_eq!(keyring.verify(&token("a", Some(7)), 7), Err(Rejected::Expired));
            assert_eq!(keyring.verify(&token("gone", None), 7), Err(Rejected::Invalid));
        }
        for text in ["", "a", "a.b.c", &token("a", None)[1..], &"a".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(keyring.verify(text, 7), Err(Rejected::Invalid), "{text}");
        }
        assert_eq!(self::keyring("k2", &[]).verify(&token("a", None), 7), Err(Rejected::Invalid));
    }

    #[test]
    fn remembers_so_many_and_no_more() {
        let keyring = keyring("k1", &[]);
        for number in 0..SEEN_MAX.get() + 10 {
            keyring.verify(&token(&number.to_string(), None), 7).expect("it is good");
        }
        assert_eq!(keyring.seen.lock().len(), SEEN_MAX.get());
    }
}
