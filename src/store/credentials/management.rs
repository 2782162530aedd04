//! Who operates the gateway: the one user of the management API.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::store::credentials::{Kept, SECRET_BYTES};

/// Who the operator is called.
const USER: &str = "admin";

/// A name and a password, as `Authorization: Basic` has them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagementLogin {
    /// Without a colon.
    pub user: String,
    /// Of letters that no shell and no URL reads as anything else.
    pub password: String,
}

impl fmt::Debug for ManagementLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagementLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Kept for ManagementLogin {
    const NAME: &'static str = "management";

    fn random() -> Self {
        let secret: [u8; SECRET_BYTES] = rand::random();
        Self { user: USER.to_owned(), password: BASE64_URL_SAFE_NO_PAD.encode(secret) }
    }
}
