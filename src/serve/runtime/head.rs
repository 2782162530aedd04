//! What a request's head must satisfy before any plan sees it.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, StatusCode, Uri, Version};

use crate::message::faults::{
    BAD_PATH, DUPLICATE_REQUEST_HEADER, GatewayFault, TOO_BIG_HEADERS, TOO_BIG_LINE, grouped,
};
use crate::message::{Body, Fault, Message, header_text};

/// Method, target and version with the spaces between them, the line's end not counted.
pub(super) const REQUEST_LINE_BYTES_MAX: usize = 7168;

/// Names and values of all fields, each with its colon, space and line end.
pub(super) const HEADERS_BYTES_MAX: usize = 25_600;

pub(super) const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// The prefix of fields that are the platform's own.
const OWN_FIELDS: &str = "x-apigee-";

/// An answer without a plan.
#[derive(Debug)]
pub(super) enum Refusal {
    Fault(Fault),
    /// Where Apigee's catalogue has no entry.
    Bare(StatusCode),
}

/// The request as a message, with an origin-form target, one Host and none of the platform's
/// own fields.
pub(super) fn admit(request: Request<Body>) -> Result<Message, Refusal> {
    let (parts, body) = request.into_parts();
    // A tunnel is no API request.
    if parts.method == Method::CONNECT {
        return Err(Refusal::Bare(StatusCode::METHOD_NOT_ALLOWED));
    }
    if request_line_bytes(&parts.method, &parts.uri) > REQUEST_LINE_BYTES_MAX {
        return Err(too_big(&TOO_BIG_LINE, REQUEST_LINE_BYTES_MAX));
    }
    let mut headers = parts.headers;
    let mut headers_bytes = 0;
    let mut has_own_fields = false;
    for (name, value) in &headers {
        headers_bytes += name.as_str().len() + value.len() + ": \r\n".len();
        has_own_fields |= name.as_str().starts_with(OWN_FIELDS);
    }
    if headers_bytes > HEADERS_BYTES_MAX {
        return Err(too_big(&TOO_BIG_HEADERS, HEADERS_BYTES_MAX));
    }
    if has_own_fields {
        let own: Vec<_> =
            headers.keys().filter(|name| name.as_str().starts_with(OWN_FIELDS)).cloned().collect();
        for name in own {
            headers.remove(name);
        }
    }
    // hyper reads a body with both as chunked; the length must not travel on beside it.
    if let Some(coding) = headers.get(TRANSFER_ENCODING) {
        // hyper undoes chunked alone; what is coded otherwise would travel on unlabelled
        // (RFC 9112 section 6.1).
        if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::Bare(StatusCode::NOT_IMPLEMENTED));
        }
        headers.remove(CONTENT_LENGTH);
    }
    let uri = parts.uri.into_parts();
    match &uri.authority {
        // RFC 9112 section 3.2.2: an absolute-form target's authority takes Host's place.
        Some(authority) if uri.scheme.is_some() => {
            headers.insert(HOST, header_text(authority.as_str()));
        }
        Some(_) | None => {
            let mut hosts = headers.get_all(HOST).iter();
            match (hosts.next(), hosts.next()) {
                (Some(_), None) => {}
                (Some(_), Some(_)) => {
                    let fault = DUPLICATE_REQUEST_HEADER.raise_with(&[("name", "Host")]);
                    return Err(Refusal::Fault(fault));
                }
                (None, _) if parts.version >= Version::HTTP_11 => {
                    return Err(Refusal::Bare(StatusCode::BAD_REQUEST));
                }
                (None, _) => {}
            }
        }
    }
    let target = match uri.path_and_query {
        Some(target) if is_path(&target, &parts.method) => target,
        Some(_) | None => return Err(Refusal::Fault(BAD_PATH.raise())),
    };
    let mut message = Message::request(parts.method, target);
    message.version = parts.version;
    message.headers = headers;
    message.body = body;
    message.extensions = parts.extensions;
    Ok(message)
}

/// `Host` as the client sent it; empty where it sent none.
pub(super) fn host(request: &Message) -> &str {
    request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("")
}

fn request_line_bytes(method: &Method, uri: &Uri) -> usize {
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    method.as_str().len() + scheme + authority + target + "  HTTP/1.1".len()
}

/// Unknown: what else Apigee refuses; we ask for a leading slash and whole percent escapes in
/// the path. `OPTIONS *` passes.
fn is_path(target: &PathAndQuery, method: &Method) -> bool {
    let path = target.path();
    if path == "*" {
        return method == Method::OPTIONS;
    }
    path.starts_with('/') && escapes_are_whole(path.as_bytes())
}

fn escapes_are_whole(mut path: &[u8]) -> bool {
    while let Some(at) = memchr::memchr(b'%', path) {
        match path.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            Some(_) | None => return false,
        }
        path = path.get(at + 3..).unwrap_or_default();
    }
    true
}

fn too_big(row: &GatewayFault, limit_bytes: usize) -> Refusal {
    Refusal::Fault(row.raise_with(&[("limit", &grouped(limit_bytes))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a GET with these fields: `ok`, an errorcode or a bare status.
    fn verdict(target: &str, fields: &[(&str, &str)]) -> String {
        verdict_of(Method::GET, target, fields)
    }

    fn verdict_of(method: Method, target: &str, fields: &[(&str, &str)]) -> String {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        match admit(request.body(Body::Empty).expect("the request is well-formed")) {
            Ok(_) => "ok".to_owned(),
            Err(Refusal::Fault(fault)) => {
                format!("{} {} {}", fault.status.as_u16(), fault.code, fault.text)
            }
            Err(Refusal::Bare(status)) => status.as_u16().to_string(),
        }
    }

    const A_HOST: (&str, &str) = ("host", "a");

    #[test]
    fn the_request_line_has_a_limit() {
        let target =
            |line_bytes: usize| format!("/{}", "x".repeat(line_bytes - "GET / HTTP/1.1".len()));
        assert_eq!(verdict(&target(REQUEST_LINE_BYTES_MAX), &[A_HOST]), "ok");
        assert_eq!(
            verdict(&target(REQUEST_LINE_BYTES_MAX + 1), &[A_HOST]),
            "414 protocol.http.TooBigLine request line size exceeding 7,168"
        );
    }

    #[test]
    fn headers_have_a_limit() {
        let rest = "host: a\r\n".len() + "x: \r\n".len();
        let value = |bytes: usize| "x".repeat(bytes - rest);
        assert_eq!(verdict("/", &[A_HOST, ("x", &value(HEADERS_BYTES_MAX))]), "ok");
        assert_eq!(
            verdict("/", &[A_HOST, ("x", &value(HEADERS_BYTES_MAX + 1))]),
            "431 protocol.http.TooBigHeaders request headers size exceeding 25,600"
        );
    }

    #[test]
    fn a_request_names_one_host_and_a_path() {
        let bad_path = "400 protocol.http.BadPath Invalid request path";
        assert_eq!(verdict("/", &[]), "400");
        let twice = verdict("/", &[A_HOST, A_HOST]);
        assert_eq!(twice, "400 protocol.http.DuplicateHeader Duplicate Header \"Host\"");
        assert_eq!(verdict("http://b/c", &[]), "ok");
        for (path, expected) in [
            ("/a%20b%C3%A9", "ok"),
            ("/a?q=%zz", "ok"),
            ("/a%2", bad_path),
            ("/a%", bad_path),
            ("/%g0/a", bad_path),
            ("/a%20%", bad_path),
            ("*", bad_path),
            ("a:80", bad_path),
        ] {
            assert_eq!(verdict(path, &[A_HOST]), expected, "{path}");
        }
        assert_eq!(verdict_of(Method::OPTIONS, "*", &[A_HOST]), "ok");
        assert_eq!(verdict_of(Method::CONNECT, "a:80", &[A_HOST]), "405");
    }

    #[test]
    fn fields_of_the_platform_and_a_second_framing_are_dropped() {
        let request = Request::post("http://b:8/c?d")
            .header("host", "a")
            .header("X-Apigee-Client", "1")
            .header("x-apigee-client", "2")
            .header("x-apigee", "3")
            .header("transfer-encoding", "chunked")
            .header("content-length", "3")
            .body(Body::Empty)
            .expect("the request is well-formed");
        let admitted = admit(request).expect("the request is fine");
        let mut names: Vec<_> = admitted.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["host", "transfer-encoding", "x-apigee"]);
        assert_eq!(host(&admitted), "b:8");
        assert_eq!((admitted.path(), admitted.query()), (Some("/c"), "d"));
    }
}
