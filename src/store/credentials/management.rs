//! Who operates the gateway: the one user of the management API.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::store::credentials::{Kept, SECRET_BYTES, kept, rotated, stored};
use crate::store::durable::{Store, StoreError};

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

impl ManagementLogin {
    /// That of the environment, made where there is none.
    pub async fn of(store: &Store, environment: &str) -> Result<Self, StoreError> {
        kept(store, environment).await
    }

    /// A new password in place of the one before, which gateways take no more within seconds.
    pub async fn rotate(store: &Store, environment: &str) -> Result<Self, StoreError> {
        rotated(store, environment).await
    }

    /// `None` where there is none.
    pub async fn stored(store: &Store, environment: &str) -> Result<Option<Self>, StoreError> {
        stored(store, environment).await
    }
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
