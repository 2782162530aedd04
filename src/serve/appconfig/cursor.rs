//! Where a page ends, as the opaque token of its next link.
//!
//! A token names the last entry, not a count: clients delete while they page. It belongs to one
//! query, whose digest it holds; another query refuses it. What cannot be read restarts at the
//! first page, as the service's local emulator has it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::serve::appconfig::problem::Problem;

const DIGEST_BYTES: usize = 8;

/// The last entry of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Last {
    /// A key, a label or the name of a snapshot.
    pub(super) name: Vec<u8>,
    pub(super) label: Option<Vec<u8>>,
    pub(super) revision: i64,
}

impl Last {
    /// `query`: what the page is of, in any form that tells two lists apart.
    pub(super) fn token(&self, query: &str) -> String {
        let mut bytes = digest(query).to_vec();
        bytes.extend(serde_json::to_vec(self).unwrap_or_default());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None`: the first page.
    pub(super) fn parse(token: Option<&str>, query: &str) -> Result<Option<Self>, Problem> {
        let bytes = token.and_then(|token| BASE64_URL_SAFE_NO_PAD.decode(token).ok());
        let Some((of, last)) = bytes.as_deref().and_then(<[u8]>::split_first_chunk) else {
            return Ok(None);
        };
        let Ok(last) = serde_json::from_slice(last) else { return Ok(None) };
        if *of != digest(query) {
            return Err(Problem::invalid_parameter("after", "The token is of another query"));
        }
        Ok(Some(last))
    }

    pub(super) fn name(&self) -> Bytes {
        Bytes::copy_from_slice(&self.name)
    }

    pub(super) fn label(&self) -> Option<Bytes> {
        self.label.as_deref().map(Bytes::copy_from_slice)
    }
}

fn digest(query: &str) -> [u8; DIGEST_BYTES] {
    let digest = Sha256::digest(query);
    let mut start = [0; DIGEST_BYTES];
    for (to, from) in start.iter_mut().zip(digest) {
        *to = from;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(name: &str) -> Last {
        Last { name: name.into(), label: Some(b"\xff\n".to_vec()), revision: -1 }
    }

    #[test]
    fn a_token_is_of_one_query() {
        let token = last("a\nb").token("kv?key=a*");
        assert_eq!(Last::parse(Some(&token), "kv?key=a*"), Ok(Some(last("a\nb"))));
        assert!(Last::parse(Some(&token), "kv?key=b*").is_err());
    }

    #[test]
    fn what_is_no_token_starts_anew() {
        for token in ["", "x", "!!", "AAAA", &BASE64_URL_SAFE_NO_PAD.encode([0; 64])] {
            assert_eq!(Last::parse(Some(token), "kv"), Ok(None), "{token}");
        }
        assert_eq!(Last::parse(None, "kv"), Ok(None));
    }

    proptest::proptest! {
        #[test]
        fn no_token_panics(text in ".{0,80}") {
            drop(Last::parse(Some(&text), "kv"));
        }
    }
}
