//! A document that holds the text its values are slices of.

use std::fmt;

use bytes::Bytes;
use self_cell::self_cell;

use crate::json::{self, JsonError, Value};

self_cell!(
    struct Text {
        owner: Bytes,
        #[covariant]
        dependent: Value,
    }
);

/// What is taken out of it for longer is copied: one value left would keep the whole text.
pub struct Document(Text);

impl Document {
    pub fn read(text: Bytes) -> Result<Self, JsonError> {
        Text::try_new(text, |text| json::read(text)).map(Self)
    }

    pub fn root(&self) -> &Value<'_> {
        self.0.borrow_dependent()
    }
}

/// Without what the text holds.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("bytes", &self.0.borrow_owner().len()).finish()
    }
}
