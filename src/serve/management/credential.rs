//! `Authorization: Basic` (RFC 7617), the one way into the door, and the proof that a gateway
//! knows who is let in.
//!
//! A password in Basic is shown to whoever listens. A client that knows it, and has no TLS to tell
//! it whom it talks to, asks for the proof first: HMAC-SHA256 (RFC 2104), by the digest of user and
//! password, of a challenge of the client's and of the port that it reached. Who does not know the
//! password cannot make it, and who passes a challenge on to the gateway gets a proof for another
//! port.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;
use http::header::GetAll;
use sha2::{Digest, Sha256};

use crate::store::credentials::ManagementLogin;

/// What a client has to show. The digest alone is kept: texts of any length compare alike.
pub struct Credential([u8; 32]);

impl From<&ManagementLogin> for Credential {
    fn from(login: &ManagementLogin) -> Self {
        Self(Sha256::digest(format!("{}:{}", login.user, login.password)).into())
    }
}

/// What a proof is asked for: random bytes of the client's.
pub type Challenge = [u8; 32];

/// So that it is the proof of nothing else.
const PROVES: &[u8] = b"tollgate management proof\0";

impl Credential {
    /// That it is known, to who reached `port` with that challenge.
    pub fn proof(&self, challenge: &Challenge, port: u16) -> [u8; 32] {
        self.proving(challenge, port)
            .map(|mac| mac.finalize().into_bytes().into())
            .unwrap_or_default()
    }

    /// In constant time.
    pub fn is_proven_by(&self, proof: &[u8], challenge: &Challenge, port: u16) -> bool {
        self.proving(challenge, port).is_some_and(|mac| mac.verify_slice(proof).is_ok())
    }

    fn proving(&self, challenge: &Challenge, port: u16) -> Option<Hmac<Sha256>> {
        // A key of any length is taken.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(PROVES);
        mac.update(&port.to_be_bytes());
        mac.update(challenge);
        Some(mac)
    }

    /// In constant time. Two fields are none.
    pub(super) fn is_shown_by(&self, fields: GetAll<'_, HeaderValue>) -> bool {
        let mut fields = fields.iter();
        let (Some(field), None) = (fields.next(), fields.next()) else { return false };
        let Some(shown) = user_and_password(field.as_bytes()) else { return false };
        let shown: [u8; 32] = Sha256::digest(shown).into();
        verify_slices_are_equal(&shown, &self.0).is_ok()
    }
}

/// As they stand around the colon.
fn user_and_password(field: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = field.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    BASE64_STANDARD.decode(rest.trim_ascii()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::AUTHORIZATION;
    use proptest::prelude::*;

    use super::*;

    fn shows(fields: &[&[u8]]) -> bool {
        let login = ManagementLogin { user: "admin".to_owned(), password: "p:w".to_owned() };
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(field).expect("a field"));
        }
        Credential::from(&login).is_shown_by(headers.get_all(AUTHORIZATION))
    }

    #[track_caller]
    fn check(pair: &str, expected: bool) {
        let field = format!("Basic {}", BASE64_STANDARD.encode(pair));
        assert_eq!(shows(&[field.as_bytes()]), expected, "{pair}");
    }

    #[test]
    fn lets_in_one_user_with_one_password() {
        check("admin:p:w", true);
        check("admin:p:", false);
        check("admin:p:w ", false);
        check("Admin:p:w", false);
        check("admin", false);
        check("", false);
        let good = format!("basic   {}", BASE64_STANDARD.encode("admin:p:w"));
        assert!(shows(&[good.as_bytes()]), "the scheme is of any case");
        assert!(!shows(&[]));
        assert!(!shows(&[good.as_bytes(), good.as_bytes()]));
        assert!(!shows(&[b"Basic"]));
        assert!(!shows(&[b"Basic *"]));
        assert!(!shows(&[b"Bearer YWRtaW46cDp3"]));
    }

    #[test]
    fn a_proof_is_for_one_challenge_and_port() {
        let credential = |password: &str| {
            let (user, password) = ("admin".to_owned(), password.to_owned());
            Credential::from(&ManagementLogin { user, password })
        };
        let (own, other) = (credential("p:w"), credential("p:v"));
        let challenge = [7; 32];
        let proof = own.proof(&challenge, 8081);
        assert!(own.is_proven_by(&proof, &challenge, 8081));
        assert!(!own.is_proven_by(&proof, &challenge, 8082));
        assert!(!own.is_proven_by(&proof, &[8; 32], 8081));
        assert!(!own.is_proven_by(&other.proof(&challenge, 8081), &challenge, 8081));
        assert!(!own.is_proven_by(&proof[..31], &challenge, 8081));
        assert!(!own.is_proven_by(b"", &challenge, 8081));
    }

    proptest! {
        #[test]
        fn no_field_panics(field in "[ -~]{0,40}") {
            let basic = format!("Basic {field}");
            prop_assert!(!shows(&[field.as_bytes()]));
            prop_assert!(!shows(&[basic.as_bytes()]));
        }
    }
}
