//! `Authorization: Basic` (RFC 7617), the one way into the door.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
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

impl Credential {
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

    proptest! {
        #[test]
        fn no_field_panics(field in "[ -~]{0,40}") {
            let basic = format!("Basic {field}");
            prop_assert!(!shows(&[field.as_bytes()]));
            prop_assert!(!shows(&[basic.as_bytes()]));
        }
    }
}
