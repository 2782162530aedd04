//! Refusals as problem documents.
//!
//! Source: Microsoft's REST reference of App Configuration (errors of each resource, throttling,
//! versioning); RFC 9457. The members stand in the order and spelling that the clients' own
//! test suites compare, without blanks.

use http::StatusCode;
use serde::Serialize;

const INVALID_ARGUMENT: &str = "https://azconfig.io/errors/invalid-argument";
const KEY_LOCKED: &str = "https://azconfig.io/errors/key-locked";
const ALREADY_EXISTS: &str = "https://azconfig.io/errors/already-exists";
const INVALID_STATE: &str = "https://azconfig.io/errors/invalid-state";
const TOO_MANY_REQUESTS: &str = "https://azconfig.io/errors/too-many-requests";

pub(super) const MEDIA_TYPE: &str = "application/problem+json; charset=utf-8";

/// An `application/problem+json` document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    status: u16,
}

impl Problem {
    fn new(kind: &'static str, status: StatusCode, title: impl Into<String>) -> Self {
        let title = title.into();
        Self { kind, title, name: None, policy: None, detail: None, status: status.as_u16() }
    }

    pub(super) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// A reserved character of a filter that stands where it may not; `position` from 0.
    pub(super) fn invalid_character(name: &str, position: usize) -> Self {
        Self::invalid_parameter(name, &format!("{name}({position}): Invalid character"))
    }

    /// `name` as the clients know it, such as `key`, `content_type` or `filters[0].key`.
    pub(super) fn invalid_parameter(name: &str, detail: &str) -> Self {
        let title = format!("Invalid request parameter '{name}'");
        Self {
            name: Some(name.to_owned()),
            detail: Some(detail.to_owned()),
            ..Self::new(INVALID_ARGUMENT, StatusCode::BAD_REQUEST, title)
        }
    }

    pub(super) fn invalid_version(title: &str, detail: String) -> Self {
        Self {
            name: Some("api-version".to_owned()),
            detail: Some(detail),
            ..Self::new(INVALID_ARGUMENT, StatusCode::BAD_REQUEST, title)
        }
    }

    /// A body that is no JSON, or not of the shape that the operation takes.
    pub(super) fn invalid_body(detail: String) -> Self {
        let title = "Invalid request body";
        Self { detail: Some(detail), ..Self::new(INVALID_ARGUMENT, StatusCode::BAD_REQUEST, title) }
    }

    /// The spelling of the title is the service's.
    pub(super) fn key_locked(key: &str) -> Self {
        let detail = "The key is read-only. To allow modification unlock it first.";
        Self {
            name: Some(key.to_owned()),
            detail: Some(detail.to_owned()),
            ..Self::new(
                KEY_LOCKED,
                StatusCode::CONFLICT,
                format!("Modifing key '{key}' is not allowed"),
            )
        }
    }

    /// A snapshot of that name is there.
    pub(super) fn already_exists(name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            ..Self::new(ALREADY_EXISTS, StatusCode::CONFLICT, "The resource already exists.")
        }
    }

    /// A snapshot cannot go from its state into that one.
    pub(super) fn invalid_state(detail: &str) -> Self {
        Self {
            detail: Some(detail.to_owned()),
            ..Self::new(INVALID_STATE, StatusCode::CONFLICT, "Target resource state invalid.")
        }
    }

    /// The key belongs to an encrypted map, of which this door knows nothing.
    pub(super) fn forbidden_key(key: &str) -> Self {
        let detail = "The key belongs to an encrypted map.";
        Self {
            name: Some(key.to_owned()),
            detail: Some(detail.to_owned()),
            ..Self::new(INVALID_ARGUMENT, StatusCode::FORBIDDEN, "The key is not open here.")
        }
    }

    /// An item, or a body, over the service's limits.
    pub(super) fn too_large(detail: &str) -> Self {
        Self {
            detail: Some(detail.to_owned()),
            ..Self::new(INVALID_ARGUMENT, StatusCode::PAYLOAD_TOO_LARGE, "The item is too large.")
        }
    }

    /// A value that is there and that this protocol cannot show.
    pub(super) fn unshowable(key: &str, detail: &str) -> Self {
        Self {
            name: Some(key.to_owned()),
            detail: Some(detail.to_owned()),
            ..Self::new(INVALID_ARGUMENT, StatusCode::FORBIDDEN, "The value cannot be shown here.")
        }
    }

    pub(super) fn too_many_requests() -> Self {
        let title = "Resource utilization has surpassed the assigned quota";
        Self {
            policy: Some("Total Requests"),
            ..Self::new(TOO_MANY_REQUESTS, StatusCode::TOO_MANY_REQUESTS, title)
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// Compact JSON.
    pub(super) fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_stand_as_documented() {
        assert_eq!(
            Problem::key_locked("app/color").body(),
            r#"{"type":"https://azconfig.io/errors/key-locked","title":"Modifing key 'app/color' is not allowed","name":"app/color","detail":"The key is read-only. To allow modification unlock it first.","status":409}"#
        );
        assert_eq!(
            Problem::too_many_requests().body(),
            r#"{"type":"https://azconfig.io/errors/too-many-requests","title":"Resource utilization has surpassed the assigned quota","policy":"Total Requests","status":429}"#
        );
        assert_eq!(Problem::too_many_requests().status(), StatusCode::TOO_MANY_REQUESTS);
    }
}
