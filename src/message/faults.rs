//! The gateway's own faults: one row for each way in which a request goes wrong outside its
//! policies. Every such fault is raised from its row, and the documentation is made of them.
//!
//! Source: Apigee docs, "Runtime error catalog" and the playbooks that it leads to; what they
//! leave open is marked at its row. `detail.reason` is shown under profile x alone. Numbers in
//! a faultstring have commas between their thousands.

use http::StatusCode;

use crate::message::{Category, Fault};

/// A row of [`CATALOGUE`].
#[derive(Debug)]
pub struct GatewayFault {
    /// The dotted errorcode.
    pub code: &'static str,
    /// `None`: the target's own.
    pub status: Option<StatusCode>,
    /// With `{name}` for what varies.
    pub faultstring: &'static str,
    pub reason: Option<&'static str>,
    pub category: Category,
    /// What went wrong, as a clause.
    pub when: &'static str,
}

impl GatewayFault {
    pub fn raise(&self) -> Fault {
        self.raise_with(&[])
    }

    /// `values`: what stands for the names in the faultstring.
    pub fn raise_with(&self, values: &[(&str, &str)]) -> Fault {
        let status = self.status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fault = Fault::new(self.code, fill(self.faultstring, values))
            .status(status)
            .category(self.category);
        match self.reason {
            Some(reason) => fault.reason(reason),
            None => fault,
        }
    }
}

/// Each value is put in once: one that looks like a name is text.
fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let value = values.iter().find(|(known, _)| *known == name);
        text.push_str(value.map_or("", |(_, value)| value));
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// With a comma before every three digits: `25,600`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

macro_rules! catalogue {
    ($(
        $(#[doc = $why:literal])*
        $name:ident: $status:ident, $category:ident, $code:literal, $text:literal,
        $($reason:literal,)? when $when:literal;
    )*) => {
        $(
            $(#[doc = $why])*
            pub static $name: GatewayFault = GatewayFault {
                code: $code,
                status: catalogue!(@status $status),
                faultstring: $text,
                reason: catalogue!(@reason $($reason)?),
                category: Category::$category,
                when: $when,
            };
        )*

        /// All of them, in the order of a request's way.
        pub static CATALOGUE: &[&GatewayFault] = &[$(&$name,)*];
    };
    (@status TARGETS_OWN) => { None };
    (@status $status:ident) => { Some(StatusCode::$status) };
    (@reason) => { None };
    (@reason $reason:literal) => { Some($reason) };
}

catalogue! {
    TOO_BIG_LINE: URI_TOO_LONG, RequestValidation,
        "protocol.http.TooBigLine", "request line size exceeding {limit}",
        when "the request line is longer than 7168 bytes";
    TOO_BIG_HEADERS: REQUEST_HEADER_FIELDS_TOO_LARGE, RequestValidation,
        "protocol.http.TooBigHeaders", "request headers size exceeding {limit}",
        when "the request's headers are longer than 25600 bytes";
    BAD_PATH: BAD_REQUEST, RequestValidation,
        "protocol.http.BadPath", "Invalid request path",
        when "the request's path does not begin with a slash, or has a broken percent escape";
    DUPLICATE_REQUEST_HEADER: BAD_REQUEST, RequestValidation,
        "protocol.http.DuplicateHeader", "Duplicate Header \"{name}\"",
        when "the request repeats a header that may stand once only";
    APPLICATION_NOT_FOUND: NOT_FOUND, Classification,
        "messaging.adaptors.http.flow.ApplicationNotFound",
        "Unable to identify proxy for host: {host} and url: {path}",
        when "no base path fits the request, or the `Path` of a LocalTargetConnection";
    /// Unknown: the code of a client that stops sending; X documents the status alone.
    REQUEST_TIMEOUT: REQUEST_TIMEOUT, Io,
        "messaging.adaptors.http.flow.RequestTimeOut", "Request timed out",
        when "the client stops sending its body, and does not go away";
    UNEXPECTED_EOF_AT_CLIENT: BAD_REQUEST, Io,
        "messaging.adaptors.http.flow.UnexpectedEOFAtClient", "Unexpected EOF at client",
        when "the client closes the connection within its body";
    REQUEST_BODY_TOO_BIG: PAYLOAD_TOO_LARGE, RequestValidation,
        "protocol.http.TooBigBody", "Body buffer overflow",
        when "something reads the request's body, and it is over the limit, as it came or \
            decompressed";
    UNSUPPORTED_REQUEST_ENCODING: UNSUPPORTED_MEDIA_TYPE, RequestValidation,
        "protocol.http.UnsupportedEncoding", "Unsupported Encoding \"{encoding}\"",
        when "something reads the request's body, and its Content-Encoding is not of gzip and \
            deflate";
    REQUEST_NOT_GZIP: BAD_REQUEST, RequestValidation,
        "messaging.adaptors.http.flow.DecompressionFailureAtRequest",
        "Decompression failure at request", "CLIENT_READ_CONTENT_NOT_IN_GZIP_FORMAT",
        when "something reads the request's body, and it is not the gzip that its \
            Content-Encoding names";
    /// Unknown: the reason for deflate; it is built as that for gzip is.
    REQUEST_NOT_DEFLATE: BAD_REQUEST, RequestValidation,
        "messaging.adaptors.http.flow.DecompressionFailureAtRequest",
        "Decompression failure at request", "CLIENT_READ_CONTENT_NOT_IN_DEFLATE_FORMAT",
        when "something reads the request's body, and it is not the deflate that its \
            Content-Encoding names";
    SHARED_FLOW_NOT_FOUND: INTERNAL_SERVER_ERROR, Step,
        "flow.SharedFlowNotFound", "Shared Flow {name} Not Found",
        when "a FlowCallout, or a flow hook that may fault, names a shared flow that is not \
            deployed";
    /// Unknown: Apigee's words for shared flows that call each other too deep.
    SHARED_FLOWS_TOO_DEEP: INTERNAL_SERVER_ERROR, Step,
        "flow.SharedFlowDepthExceeded", "Shared Flow {name} is called too deep",
        when "shared flows call each other more than 5 deep";
    ROUTE_FAILED: INTERNAL_SERVER_ERROR, Routing,
        "messaging.runtime.RouteFailed", "Unable to route the message to a TargetEndpoint",
        when "no RouteRule holds";
    /// Unknown: its text, and when else the platform raises it.
    TARGET_MISSING: INTERNAL_SERVER_ERROR, Routing,
        "messaging.runtime.TargetMissing", "The target endpoint cannot be called",
        when "the route leads to a target that this gateway cannot call, where the bundle was \
            deployed all the same, or to a proxy that is not deployed";
    /// Unknown: its text.
    LENGTH_REQUIRED: LENGTH_REQUIRED, RequestValidation,
        "messaging.adaptors.http.flow.LengthRequired", "'Content-Length' is missing",
        when "a POST or PUT without a body and without Content-Length would go to the target, \
            and `allow.post.without.content.length`, or its twin for PUT, is not set";
    /// Unknown: Apigee's code for a target URL that is none.
    BAD_TARGET_URL: SERVICE_UNAVAILABLE, Connectivity,
        "messaging.adaptors.http.flow.ServiceUnavailable", "The target URL is invalid: {url}",
        when "the target's URL is none";
    /// Unknown: its text.
    GOOGLE_TOKEN_FAILED: INTERNAL_SERVER_ERROR, Connectivity,
        "messaging.adaptors.http.filter.GoogleTokenGenerationFailure",
        "Failed to generate a Google token",
        when "the target's `Authentication` asks for a Google token, and there is none: the log \
            says why; or a call would show one over `http` to another machine";
    NO_ACTIVE_TARGETS: SERVICE_UNAVAILABLE, Connectivity,
        "messaging.adaptors.http.flow.NoActiveTargets",
        "The Service is temporarily unavailable",
        when "every target server of a LoadBalancer is out, disabled or not defined";
    TARGET_NOT_RESOLVED: SERVICE_UNAVAILABLE, Connectivity,
        "messaging.adaptors.http.flow.ServiceUnavailable",
        "The Service is temporarily unavailable", "TARGET_HOST_NOT_REACHABLE",
        when "the target's host has no address";
    TARGET_REFUSED: SERVICE_UNAVAILABLE, Connectivity,
        "messaging.adaptors.http.flow.ServiceUnavailable",
        "The Service is temporarily unavailable", "TARGET_CONNECTION_REFUSED",
        when "the target refuses the connection, or is one of the gateway's own service \
            listeners";
    TARGET_CONNECT_TIMEOUT: SERVICE_UNAVAILABLE, Connectivity,
        "messaging.adaptors.http.flow.ServiceUnavailable",
        "The Service is temporarily unavailable", "TARGET_CONNECT_TIMEOUT",
        when "no connection to the target comes about within `connect.timeout.millis`";
    TARGET_IS_GATEWAY: SERVICE_UNAVAILABLE, Connectivity,
        "messaging.adaptors.http.flow.ServiceUnavailable",
        "The Service is temporarily unavailable", "TARGET_IS_GATEWAY",
        when "the request came through this gateway 16 times, or proxies call each other 16 deep \
            by LocalTargetConnections";
    /// Unknown: what follows the words, which is Java's own text there, and the reason of X.
    SSL_HANDSHAKE_FAILED: SERVICE_UNAVAILABLE, Io,
        "messaging.adaptors.http.flow.SslHandshakeFailed", "SSL Handshake failed {why}",
        when "no TLS comes about with the target: it does not speak it, its certificate is not \
            valid or not for its name, it refuses the client's, or `SSLInfo` names a keystore \
            that is not there";
    GATEWAY_TIMEOUT: GATEWAY_TIMEOUT, Io,
        "messaging.adaptors.http.flow.GatewayTimeout", "Gateway Timeout", "TARGET_READ_TIMEOUT",
        when "the target is silent for `io.timeout.millis`";
    UNEXPECTED_EOF_AT_TARGET: BAD_GATEWAY, Io,
        "messaging.adaptors.http.flow.UnexpectedEOFAtTarget", "Unexpected EOF at target",
        "TARGET_READ_UNEXPECTED_EOF",
        when "the target closes the connection early, or does not speak HTTP";
    DUPLICATE_RESPONSE_HEADER: BAD_GATEWAY, ResponseValidation,
        "protocol.http.DuplicateHeader", "Duplicate Header \"{name}\"",
        when "the target's answer repeats a header that may stand once only";
    RESPONSE_405_WITHOUT_ALLOW: BAD_GATEWAY, ResponseValidation,
        "protocol.http.Response405WithoutAllowHeader",
        "Received 405 Response without Allow Header",
        when "the target answers 405 without Allow, and `ignore.allow.header.for.405` is `false`";
    ERROR_RESPONSE_CODE: TARGETS_OWN, ResponseCode,
        "messaging.adaptors.http.flow.ErrorResponseCode", "The target answered {status}",
        when "the target's status is outside `success.codes`: its own answer passes";
    RESPONSE_BODY_TOO_BIG: BAD_GATEWAY, ResponseValidation,
        "protocol.http.TooBigBody", "Body buffer overflow",
        when "something reads the answer's body, and it is over the limit, as it came or \
            decompressed";
    /// Unknown: the status where it is the target's; the playbook has one for both.
    UNSUPPORTED_RESPONSE_ENCODING: UNSUPPORTED_MEDIA_TYPE, ResponseValidation,
        "protocol.http.UnsupportedEncoding", "Unsupported Encoding \"{encoding}\"",
        when "something reads the answer's body, and its Content-Encoding is not of gzip and \
            deflate";
    RESPONSE_NOT_GZIP: BAD_GATEWAY, ResponseValidation,
        "messaging.adaptors.http.flow.DecompressionFailureAtResponse",
        "Decompression failure at response", "TARGET_READ_CONTENT_NOT_IN_GZIP_FORMAT",
        when "something reads the answer's body, and it is not the gzip that its \
            Content-Encoding names";
    /// Unknown: the reason for deflate; it is built as that for gzip is.
    RESPONSE_NOT_DEFLATE: BAD_GATEWAY, ResponseValidation,
        "messaging.adaptors.http.flow.DecompressionFailureAtResponse",
        "Decompression failure at response", "TARGET_READ_CONTENT_NOT_IN_DEFLATE_FORMAT",
        when "something reads the answer's body, and it is not the deflate that its \
            Content-Encoding names";
    API_TIMED_OUT: GATEWAY_TIMEOUT, Io,
        "flow.APITimedOut", "API timed out",
        when "`api.timeout` is spent";
    /// Raised where `[deploy] unsupported = "fault"` let such a policy in.
    POLICY_NOT_SUPPORTED: INTERNAL_SERVER_ERROR, Step,
        "steps.unsupported.PolicyNotSupported", "Policy type {type} is not supported",
        when "a step reaches a policy whose type does not run yet";
    /// Unknown: Apigee names no code for its own failures; the taxonomy's name is used.
    INTERNAL_SERVER_ERROR: INTERNAL_SERVER_ERROR, System,
        "messaging.runtime.InternalServerError", "Internal Server Error",
        when "the gateway itself fails";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_once() {
        let fault = APPLICATION_NOT_FOUND.raise_with(&[("host", "{path}"), ("path", "/a{b}")]);
        assert_eq!(fault.text, "Unable to identify proxy for host: {path} and url: /a{b}");
        assert_eq!(fill("a {missing} b {open", &[("missing", "x")]), "a x b open");
    }

    #[test]
    fn thousands_have_commas() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (7168, "7,168"), (25_600, "25,600"), (1_000_000, "1,000,000")]
        {
            assert_eq!(grouped(number), expected);
        }
    }
}
