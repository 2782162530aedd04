//! Headers that a policy wants on the answer, whichever that will be: the target's, one that
//! policies make, or a fault's.

use http::header::VARY;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Put on the answer just before it leaves.
#[derive(Debug, Default)]
pub struct AnswerHeaders {
    /// Each takes the place of those of its name.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// A field of the request that the answer depends on; joins what Vary names already.
    pub vary: Option<HeaderName>,
}

impl AnswerHeaders {
    pub fn apply(self, headers: &mut HeaderMap) {
        for (name, value) in self.set {
            headers.insert(name, value);
        }
        if let Some(field) = self.vary {
            vary_by(headers, field);
        }
    }
}

/// Says that the answer depends on that field of the request.
pub(super) fn vary_by(headers: &mut HeaderMap, field: HeaderName) {
    if !varies_by(headers, &field) {
        headers.append(VARY, HeaderValue::from(field));
    }
}

/// Whether Vary names the field, or all of them.
fn varies_by(headers: &HeaderMap, field: &HeaderName) -> bool {
    let values =
        headers.get_all(VARY).iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    values
        .map(<[u8]>::trim_ascii)
        .any(|name| name == b"*" || name.eq_ignore_ascii_case(field.as_str().as_bytes()))
}
