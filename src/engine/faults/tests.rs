use std::io;

use super::*;

#[track_caller]
fn check(fault: &Fault, expected: &str) {
    let reason = fault.reason.unwrap_or("-");
    assert_eq!(format!("{} {} {reason}", fault.status.as_u16(), fault.code), expected);
}

#[test]
fn a_body_that_does_not_arrive_is_the_fault_of_who_sends_it() {
    let other = || BodyError::Other { reason: "reset".to_owned() };
    let too_large = || BodyError::TooLarge { limit_bytes: 1 };
    for (error, expected) in [
        (too_large(), "413 protocol.http.TooBigBody -"),
        (BodyError::Timeout, "408 messaging.adaptors.http.flow.RequestTimeOut -"),
        (other(), "400 messaging.adaptors.http.flow.UnexpectedEOFAtClient -"),
    ] {
        check(&request_body(error), expected);
    }
    let unexpected_eof =
        "502 messaging.adaptors.http.flow.UnexpectedEOFAtTarget TARGET_READ_UNEXPECTED_EOF";
    for (error, expected) in [
        (too_large(), "502 protocol.http.TooBigBody -"),
        (BodyError::Timeout, "504 messaging.adaptors.http.flow.GatewayTimeout TARGET_READ_TIMEOUT"),
        (other(), unexpected_eof),
    ] {
        check(&response_body(error), expected);
    }
}

#[test]
fn a_body_that_is_not_decompressed_has_a_reason() {
    let unsupported = || CodingError::Unsupported { name: "br".to_owned() };
    let format = |coding| CodingError::Format { coding };
    let too_large = || CodingError::TooLarge { limit_bytes: 1 };
    let at_request = "400 messaging.adaptors.http.flow.DecompressionFailureAtRequest";
    let at_response = "502 messaging.adaptors.http.flow.DecompressionFailureAtResponse";
    let (gzip, deflate) = ("READ_CONTENT_NOT_IN_GZIP_FORMAT", "READ_CONTENT_NOT_IN_DEFLATE_FORMAT");
    check(&request_coding(unsupported()), "415 protocol.http.UnsupportedEncoding -");
    check(&request_coding(format(Coding::Gzip)), &format!("{at_request} CLIENT_{gzip}"));
    check(&request_coding(format(Coding::Deflate)), &format!("{at_request} CLIENT_{deflate}"));
    check(&request_coding(too_large()), "413 protocol.http.TooBigBody -");
    check(&response_coding(unsupported()), "415 protocol.http.UnsupportedEncoding -");
    check(&response_coding(format(Coding::Gzip)), &format!("{at_response} TARGET_{gzip}"));
    check(&response_coding(format(Coding::Deflate)), &format!("{at_response} TARGET_{deflate}"));
    check(&response_coding(too_large()), "502 protocol.http.TooBigBody -");
}

#[test]
fn a_target_that_does_not_answer_has_a_reason() {
    let source = || io::Error::from(io::ErrorKind::NotFound);
    let address = || "192.0.2.1:80".to_owned();
    for (error, expected) in [
        (
            UpstreamError::Resolve { host: "nowhere".to_owned(), source: source() },
            "503 messaging.adaptors.http.flow.ServiceUnavailable TARGET_HOST_NOT_REACHABLE",
        ),
        (
            UpstreamError::Connect { address: address(), source: source() },
            "503 messaging.adaptors.http.flow.ServiceUnavailable TARGET_CONNECTION_REFUSED",
        ),
        (
            UpstreamError::OwnAddress { address: address() },
            "503 messaging.adaptors.http.flow.ServiceUnavailable TARGET_CONNECTION_REFUSED",
        ),
        (
            UpstreamError::ConnectTimeout { address: address(), timeout_ms: 3000 },
            "503 messaging.adaptors.http.flow.ServiceUnavailable TARGET_CONNECT_TIMEOUT",
        ),
        (
            UpstreamError::Loop { hops: 16 },
            "503 messaging.adaptors.http.flow.ServiceUnavailable TARGET_IS_GATEWAY",
        ),
        (
            UpstreamError::Handshake { address: "target".into(), reason: "why".into() },
            "503 messaging.adaptors.http.flow.SslHandshakeFailed -",
        ),
        (
            UpstreamError::ReadTimeout { timeout_ms: 55_000 },
            "504 messaging.adaptors.http.flow.GatewayTimeout TARGET_READ_TIMEOUT",
        ),
        (
            UpstreamError::RequestBody { source: BodyError::Timeout },
            "408 messaging.adaptors.http.flow.RequestTimeOut -",
        ),
    ] {
        check(&upstream(error), expected);
    }
}

/// The body never shows this code: it is the target's own.
#[test]
fn an_answer_that_is_no_success_keeps_its_status() {
    let fault = error_response_code(Message::response(StatusCode::GONE), StatusCode::GONE);
    check(&fault, "410 messaging.adaptors.http.flow.ErrorResponseCode -");
}
