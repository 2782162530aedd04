use http::HeaderValue;

use super::*;

/// The vector of the client that signs `PUT /kv/a%2Fb?api-version=1.0&label=prod`.
const SECRET: &str = "c2VjcmV0LWtleS1ieXRlcw==";
const TARGET: &str = "/kv/a%2Fb?api-version=1.0&label=prod";
const BODY: &[u8] = br#"{"value":"v"}"#;
const SIGNED: &str = "HMAC-SHA256 Credential=id&SignedHeaders=x-ms-date;host;x-ms-content-sha256\
                      &Signature=5IXmbgzdjoSQCtt+bMs1cNi67Yor5iM1+hDaO9pLCao=";

fn now_ms() -> i64 {
    date::parse("Tue, 02 Jan 2024 03:04:05 GMT").expect("a date")
}

fn headers(changed: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, text) in [
        ("x-ms-date", "Tue, 02 Jan 2024 03:04:05 GMT"),
        ("host", "127.0.0.1:8483"),
        ("x-ms-content-sha256", "3rjsB0jRrbjW7rx9dxK1kkzGWIHAB06H7zA7vVd704M="),
        ("authorization", SIGNED),
    ]
    .iter()
    .chain(changed)
    {
        match *text {
            "" => drop(headers.remove(*name)),
            text => drop(headers.insert(*name, HeaderValue::from_str(text).expect("a value"))),
        }
    }
    headers
}

fn ask(
    method: &Method,
    target: &str,
    body: &[u8],
    changed: &[(&'static str, &str)],
    now_ms: i64,
) -> Result<Access, Refusal> {
    let secret = BASE64_STANDARD.decode(SECRET).expect("Base64");
    let known = Credential { id: "id".to_owned(), secret, access: Access::ReadWrite };
    let headers = headers(changed);
    let request = Signed { method, target, headers: &headers, body };
    authenticate(&request, now_ms, &Credentials(vec![known]))
}

#[track_caller]
fn refused(changed: &[(&'static str, &str)], expected: &str) {
    let answer = ask(&Method::PUT, TARGET, BODY, changed, now_ms());
    assert_eq!(answer, Err(Refusal::Invalid(expected.to_owned())), "{changed:?}");
}

#[test]
fn lets_the_known_vector_in() {
    assert_eq!(ask(&Method::PUT, TARGET, BODY, &[], now_ms()), Ok(Access::ReadWrite));
}

#[test]
fn takes_parameters_in_any_order_and_spelling_of_the_separator() {
    let comma = "HMAC-SHA256 Signature=5IXmbgzdjoSQCtt+bMs1cNi67Yor5iM1+hDaO9pLCao=, \
                 SignedHeaders=x-ms-date;host;x-ms-content-sha256, Credential=id, Credential=other";
    let answer = ask(&Method::PUT, TARGET, BODY, &[("authorization", comma)], now_ms());
    assert_eq!(answer, Ok(Access::ReadWrite));
}

#[test]
fn refuses_what_was_not_signed() {
    let invalid = |text: &str| Err(Refusal::Invalid(text.to_owned()));
    let now = now_ms();
    let wrong = invalid("Invalid Signature");
    assert_eq!(ask(&Method::DELETE, TARGET, BODY, &[], now), wrong);
    assert_eq!(ask(&Method::PUT, "/kv/a/b?api-version=1.0&label=prod", BODY, &[], now), wrong);
    assert_eq!(ask(&Method::PUT, TARGET, BODY, &[("host", "127.0.0.1")], now), wrong);
    let other = ask(&Method::PUT, TARGET, b"{}", &[], now);
    assert_eq!(other, invalid("Invalid request content hash"));
    let none = ask(&Method::PUT, TARGET, BODY, &[("authorization", "")], now);
    assert_eq!(none, Err(Refusal::NoCredential));
    let bearer = ask(&Method::PUT, TARGET, BODY, &[("authorization", "Bearer abc")], now);
    assert_eq!(bearer, Err(Refusal::NoCredential));
}

#[test]
fn holds_the_date_to_a_quarter_of_an_hour() {
    let expired = Err(Refusal::Invalid("The access token has expired".to_owned()));
    for (by_ms, expected) in [
        (SKEW_MS_MAX, Ok(Access::ReadWrite)),
        (-SKEW_MS_MAX, Ok(Access::ReadWrite)),
        (SKEW_MS_MAX + 1, expired.clone()),
        (-SKEW_MS_MAX - 1, expired),
    ] {
        assert_eq!(ask(&Method::PUT, TARGET, BODY, &[], now_ms() + by_ms), expected, "{by_ms}");
    }
}

#[test]
fn names_what_is_wrong_in_the_order_of_the_reference() {
    let field = |signed: &str| {
        format!("HMAC-SHA256 Credential=id&SignedHeaders={signed}&Signature=c2lnbmF0dXJl")
    };
    refused(&[("authorization", "HMAC-SHA256 ")], "Credential parameter is required");
    refused(
        &[("authorization", "HMAC-SHA256 Credential=id&Signature=x")],
        "SignedHeaders parameter is required",
    );
    refused(
        &[("authorization", "HMAC-SHA256 Credential=id&SignedHeaders=host")],
        "Signature parameter is required",
    );
    refused(
        &[("authorization", &field("x-ms-date;host;x-absent\"<"))],
        "Signed request header 'x-absent' is not provided",
    );
    refused(
        &[("authorization", &field("x-ms-date;x-ms-content-sha256"))],
        "host is required as a signed header",
    );
    refused(
        &[("authorization", &field("x-ms-date;host"))],
        "x-ms-content-sha256 is required as a signed header",
    );
    refused(
        &[("authorization", &field("host;x-ms-content-sha256"))],
        "x-ms-date is required as a signed header",
    );
    refused(&[("x-ms-date", "soon")], "Invalid access token date");
    refused(&[("authorization", &SIGNED.replace("=id", "=nobody"))], "Invalid Credential");
    refused(&[("authorization", &SIGNED.replace("5I", "5J"))], "Invalid Signature");
    refused(&[("authorization", &SIGNED.replace("5I", "!!"))], "Invalid Signature");
}

#[test]
fn challenges_as_the_reference_does() {
    assert_eq!(Refusal::NoCredential.challenge(), "HMAC-SHA256, Bearer");
    assert_eq!(
        Refusal::Invalid("Invalid Signature".to_owned()).challenge(),
        "HMAC-SHA256 error=\"invalid_token\" error_description=\"Invalid Signature\", Bearer"
    );
}

proptest::proptest! {
    #[test]
    fn no_field_panics_or_gets_in(text in "[ -~]{0,200}") {
        let answer = ask(&Method::PUT, TARGET, BODY, &[("authorization", &format!("HMAC-SHA256 {text}"))], now_ms());
        proptest::prop_assert!(answer.is_err());
    }
}
