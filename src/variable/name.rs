//! The grammar of predefined names.

use std::sync::Arc;

use http::HeaderName;

use crate::variable::flow_variables;
use crate::variable::{List, PROPERTY_SET, Part, Place, Role, Which};

/// A longer name is refused where a policy gives it one.
pub const NAME_BYTES_MAX: usize = 1024;

/// Whether a policy may create a variable of that name: no white space, no braces, no control
/// characters, and neither empty nor overlong.
pub fn is_valid_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '{' || c == '}')
}

/// The place of a name that the documentation lists.
pub(super) fn predefined(name: &str) -> Option<Place> {
    if let Some(id) = flow_variables::find(name) {
        return Some(Place::Fixed(id));
    }
    if let Some(property) = name.strip_prefix(PROPERTY_SET) {
        let has_both =
            property.split_once('.').is_some_and(|(set, key)| !set.is_empty() && !key.is_empty());
        return has_both.then_some(Place::Property);
    }
    let (head, rest) = match name.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (name, None),
    };
    let role = match head {
        "request" => Role::Request,
        "response" => Role::Response,
        "message" => Role::Message,
        "error" => Role::Error,
        _ => return None,
    };
    let part = match rest {
        None => Part::Whole,
        Some(rest) => message_part(rest).filter(|part| exists(role, part))?,
    };
    Some(Place::Message(role, part))
}

/// `base` and the part for names such as `mine.header.x`, at each dot where the rest reads as
/// a part; the longest base first, so that `a.content.header.x` asks the variable `a.content`.
pub(super) fn split_part(name: &str) -> Option<(&str, Part)> {
    name.rmatch_indices('.').find_map(|(at, _)| {
        let base = name.get(..at)?;
        let part = message_part(name.get(at + 1..)?)?;
        (!base.is_empty()).then_some((base, part))
    })
}

fn message_part(rest: &str) -> Option<Part> {
    let fixed = match rest {
        "content" => Part::Content,
        "content.as.base64" => Part::ContentAsBase64,
        "content.as.url.safe.base64" => Part::ContentAsUrlSafeBase64,
        "headers.count" => Part::Headers(List::Count),
        "headers.names" => Part::Headers(List::Names),
        "headers.names.string" => Part::Headers(List::NamesJoined),
        "queryparams.count" => Part::QueryParams(List::Count),
        "queryparams.names" => Part::QueryParams(List::Names),
        "queryparams.names.string" => Part::QueryParams(List::NamesJoined),
        "querystring" => Part::QueryString,
        "formparams.count" => Part::FormParams(List::Count),
        "formparams.names" => Part::FormParams(List::Names),
        "formparams.names.string" => Part::FormParams(List::NamesJoined),
        "formstring" => Part::FormString,
        "verb" => Part::Verb,
        "version" => Part::Version,
        "uri" => Part::Uri,
        "path" => Part::Path,
        "url" => Part::Url,
        "status.code" => Part::StatusCode,
        "reason.phrase" => Part::ReasonPhrase,
        "transportid" => Part::TransportId,
        "transport.message" => Part::TransportMessage,
        "message" => Part::ErrorMessage,
        "state" => Part::ErrorState,
        _ => return named_part(rest),
    };
    Some(fixed)
}

fn named_part(rest: &str) -> Option<Part> {
    if let Some(field) = rest.strip_prefix("header.") {
        let (name, which) = which(field);
        return Some(Part::Header(HeaderName::from_bytes(name.as_bytes()).ok()?, which));
    }
    let (name, which, make): (_, _, fn(Arc<str>, Which) -> Part) =
        if let Some(field) = rest.strip_prefix("queryparam.") {
            let (name, which) = which(field);
            (name, which, Part::QueryParam)
        } else if let Some(field) = rest.strip_prefix("formparam.") {
            let (name, which) = which(field);
            (name, which, Part::FormParam)
        } else {
            return None;
        };
    (!name.is_empty()).then(|| make(Arc::from(name), which))
}

/// Splits `accept.values.count` into the name and what is asked of it.
fn which(field: &str) -> (&str, Which) {
    for (suffix, which) in [
        (".values.count", Which::Count),
        (".values.string", Which::Joined),
        (".values", Which::Values),
    ] {
        if let Some(name) = field.strip_suffix(suffix)
            && !name.is_empty()
        {
            return (name, which);
        }
    }
    if let Some((name, number)) = field.rsplit_once('.')
        && !name.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
        && let Ok(n) = number.parse()
        && n > 0
    {
        return (name, Which::Nth(n));
    }
    (field, Which::First)
}

/// Whether the message of that role has the part at all.
fn exists(role: Role, part: &Part) -> bool {
    match part {
        Part::ErrorMessage | Part::ErrorState => role == Role::Error,
        Part::TransportMessage => matches!(role, Role::Request | Role::Error),
        Part::TransportId => role == Role::Request,
        Part::QueryParam(..)
        | Part::QueryParams(_)
        | Part::QueryString
        | Part::FormParam(..)
        | Part::FormParams(_)
        | Part::FormString
        | Part::Verb
        | Part::Uri
        | Part::Path
        | Part::Url => matches!(role, Role::Request | Role::Message),
        Part::StatusCode | Part::ReasonPhrase => role != Role::Request,
        Part::Whole
        | Part::Content
        | Part::ContentAsBase64
        | Part::ContentAsUrlSafeBase64
        | Part::Header(..)
        | Part::Headers(_)
        | Part::Version => true,
    }
}

/// The access column of the documentation for the parts of the four messages.
pub(super) fn is_read_only(role: Role, part: &Part) -> bool {
    match part {
        Part::Content => false,
        Part::Whole => role == Role::Request,
        Part::Header(_, which) | Part::QueryParam(_, which) | Part::FormParam(_, which) => {
            !matches!(which, Which::First | Which::Nth(_))
        }
        Part::StatusCode | Part::ReasonPhrase => false,
        Part::Path | Part::Version => role != Role::Message,
        // AssignMessage sets the verb by its own element; Apigee's table has it read-only,
        // and public bundles assign `request.verb` all the same.
        Part::Verb => false,
        Part::QueryString | Part::FormString => false,
        Part::Uri => false,
        Part::ContentAsBase64
        | Part::ContentAsUrlSafeBase64
        | Part::Headers(_)
        | Part::QueryParams(_)
        | Part::FormParams(_)
        | Part::Url
        | Part::TransportId
        | Part::TransportMessage
        | Part::ErrorMessage
        | Part::ErrorState => true,
    }
}
