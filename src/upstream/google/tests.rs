//! Tokens by a service account's key, and who asks when.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use http::Method;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proptest::prelude::*;
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};

use super::*;
use crate::message::{Body, Message};
use crate::upstream::{Calling, TargetAnswer, TargetCall};

const START_MS: i64 = 1_377_112_607_000;

/// An endpoint for tokens: answers in turn, each when it is let.
#[derive(Default)]
struct Issuer {
    answers: RefCell<VecDeque<(u16, String)>>,
    asked: RefCell<Vec<(String, String)>>,
    waits: Cell<bool>,
    go_on: Notify,
}

impl Issuer {
    fn answering(answers: &[(u16, &str)]) -> Self {
        let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        Self { answers: RefCell::new(answers), ..Self::default() }
    }

    fn asked(&self) -> usize {
        self.asked.borrow().len()
    }
}

impl Upstream for Issuer {
    fn call<'a>(&'a self, call: TargetCall) -> Calling<'a> {
        Box::pin(async move {
            let (head, body) = call.request.into_parts();
            let address = call.address;
            let scheme = address.scheme.as_str();
            let url =
                format!("{} {scheme}://{}:{}{}", head.method, address.host, address.port, head.uri);
            let body = body.bytes().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            self.asked.borrow_mut().push((url, body.unwrap_or_default()));
            if self.waits.get() {
                self.go_on.notified().await;
            }
            let (status, body) = self.answers.borrow_mut().pop_front().expect("an answer");
            let mut response = Message::response(StatusCode::from_u16(status).unwrap());
            response.body = Body::from(Bytes::from(body));
            Ok(TargetAnswer { response, ip: None, subject: None })
        })
    }
}

fn access(scope: &str) -> TokenRequest {
    TokenRequest::Access { scopes: vec![scope.to_owned(), "email".to_owned()], lifetime_s: None }
}

fn key_file(pair: &KeyPair) -> String {
    json!({
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "k1",
        "private_key": pair.serialize_pem(),
        "client_email": "gateway@acme.iam.gserviceaccount.com",
        "token_uri": "https://tokens.example:8443/token",
    })
    .to_string()
}

fn token(token: &str, expires_in: u32) -> String {
    json!({"access_token": token, "expires_in": expires_in, "token_type": "Bearer"}).to_string()
}

fn id_token(exp: i64) -> String {
    let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"aud": "a", "exp": exp}).to_string());
    format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2ln")
}

#[tokio::test]
async fn a_key_signs_what_is_asked_for() {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let key = ServiceAccountKey::parse(&key_file(&pair)).unwrap();
    let tokens = GoogleTokens::new(GoogleAccount::Key(Arc::new(key)));
    let clock = Clock::manual(START_MS);
    let id = id_token(START_MS / 1_000 + 3_600);
    let id_answer = json!({"id_token": id}).to_string();
    let issuer = Issuer::answering(&[(200, &token("ya29.a", 3_599)), (200, &id_answer)]);
    let header = tokens.bearer(&access("pubsub"), &issuer, &clock).await.unwrap();
    assert_eq!(header, "Bearer ya29.a");
    assert!(header.is_sensitive());
    let request = TokenRequest::Id { audience: "https://a.example".into(), include_email: true };
    let header = tokens.bearer(&request, &issuer, &clock).await.unwrap();
    assert_eq!(header, format!("Bearer {id}").as_str());

    let asked = issuer.asked.take();
    let [(first, form), (_, id_form)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(first, &format!("{} https://tokens.example:8443/token", Method::POST));
    let claims = claims(form, &pair);
    assert_eq!(
        claims,
        json!({
            "iss": "gateway@acme.iam.gserviceaccount.com",
            "aud": "https://tokens.example:8443/token",
            "iat": START_MS / 1_000,
            "exp": START_MS / 1_000 + 3_600,
            "scope": "pubsub email",
        })
    );
    assert_eq!(self::claims(id_form, &pair)["target_audience"], "https://a.example");
}

/// What the form's assertion says, whose signature is the key's.
fn claims(form: &str, pair: &KeyPair) -> Value {
    let form: HashMap<String, String> =
        url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let header = jsonwebtoken::decode_header(&form["assertion"]).unwrap();
    assert_eq!((header.alg, header.kid.as_deref()), (Algorithm::RS256, Some("k1")));
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    validation.validate_exp = false;
    let key = DecodingKey::from_rsa_pem(pair.public_key_pem().as_bytes()).unwrap();
    jsonwebtoken::decode::<Value>(&form["assertion"], &key, &validation).unwrap().claims
}

#[tokio::test]
async fn one_request_asks_and_the_others_wait() {
    let tokens = GoogleTokens::new(GoogleAccount::default());
    let clock = Clock::manual(START_MS);
    let issuer = Issuer::answering(&[(200, &token("ya29.a", 3_599))]);
    issuer.waits.set(true);
    let request = access("pubsub");
    let ask = || tokens.bearer(&request, &issuer, &clock);
    let release = async {
        tokio::task::yield_now().await;
        issuer.go_on.notify_one();
    };
    let (a, b, c, ()) = tokio::join!(ask(), ask(), ask(), release);
    for header in [a, b, c] {
        assert_eq!(header.unwrap(), "Bearer ya29.a");
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn those_who_waited_in_vain_do_not_ask_again() {
    let tokens = GoogleTokens::new(GoogleAccount::default());
    let clock = Clock::manual(START_MS);
    let issuer = Issuer::answering(&[(500, "out\nof order"), (200, &token("ya29.b", 3_599))]);
    issuer.waits.set(true);
    let request = access("pubsub");
    let ask = || tokens.bearer(&request, &issuer, &clock);
    let release = async {
        tokio::task::yield_now().await;
        issuer.go_on.notify_one();
    };
    let (first, second, ()) = tokio::join!(ask(), ask(), release);
    let refused = "metadata.google.internal:80 answers 500 Internal Server Error: out of order";
    assert_eq!(first.unwrap_err().to_string(), refused);
    assert!(matches!(second, Err(TokenError::JustFailed { .. })));
    assert_eq!(issuer.asked(), 1);
    // Whoever comes later does.
    clock.advance(RETRY_FIRST);
    issuer.waits.set(false);
    assert_eq!(ask().await.unwrap(), "Bearer ya29.b");
}

#[tokio::test]
async fn an_old_token_is_used_to_its_end() {
    let tokens = GoogleTokens::new(GoogleAccount::default());
    let clock = Clock::manual(START_MS);
    let (first, last) = (token("ya29.a", 600), token("ya29.b", 30));
    let down = (503, "");
    let issuer = Issuer::answering(&[(200, &first), down, down, (200, &last), (200, &first)]);
    let request = access("pubsub");
    let ask = || tokens.bearer(&request, &issuer, &clock);
    assert_eq!(ask().await.unwrap(), "Bearer ya29.a");
    clock.advance(Duration::from_secs(539));
    assert_eq!(ask().await.unwrap(), "Bearer ya29.a");
    assert_eq!(issuer.asked(), 1);
    // A minute before its end a fresh one is asked for; there is none.
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await.unwrap(), "Bearer ya29.a");
    assert_eq!(issuer.asked(), 2);
    clock.advance(Duration::from_secs(60));
    assert!(ask().await.is_err());
    clock.advance(Duration::from_secs(2));
    // One of a short life is fresh for half of it.
    assert_eq!(ask().await.unwrap(), "Bearer ya29.b");
    clock.advance(Duration::from_secs(14));
    assert_eq!(ask().await.unwrap(), "Bearer ya29.b");
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await.unwrap(), "Bearer ya29.a");
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_while() {
    let tokens = GoogleTokens::new(GoogleAccount::default());
    let clock = Clock::manual(START_MS);
    let (down, good) = ((503, ""), token("ya29.a", 60));
    let issuer = Issuer::answering(&[down, down, down, down, down, down, (200, &good), down, down]);
    let request = access("pubsub");
    let ask = || tokens.bearer(&request, &issuer, &clock);
    for (number, remembered_s) in [1, 2, 4, 8, 10, 10].into_iter().enumerate() {
        assert!(matches!(ask().await, Err(TokenError::Refused { .. })));
        clock.advance(Duration::from_millis(remembered_s * 1_000 - 1));
        let error = ask().await.unwrap_err().to_string();
        assert_eq!(error, "it was asked for in vain just now, and is again in 1 ms");
        assert_eq!(issuer.asked(), number + 1);
        clock.advance(Duration::from_millis(1));
    }
    assert_eq!(ask().await.unwrap(), "Bearer ya29.a");
    // The next ones on end begin anew.
    clock.advance(Duration::from_secs(60));
    assert!(matches!(ask().await, Err(TokenError::Refused { .. })));
    clock.advance(Duration::from_secs(1));
    assert!(matches!(ask().await, Err(TokenError::Refused { .. })));
}

/// One whose client leaves at once says nothing of the issuer.
#[tokio::test]
async fn an_issuer_that_was_silent_for_long_has_failed() {
    let tokens = GoogleTokens::new(GoogleAccount::default());
    let clock = Clock::manual(START_MS);
    let issuer = Issuer::answering(&[(200, &token("ya29.a", 3_599))]);
    issuer.waits.set(true);
    let request = access("pubsub");
    let give_up = async |after_ms| {
        let mut asking = Box::pin(tokens.bearer(&request, &issuer, &clock));
        tokio::select! {
            biased;
            answer = &mut asking => panic!("{answer:?}"),
            () = tokio::task::yield_now() => clock.advance(Duration::from_millis(after_ms)),
        }
    };
    give_up(999).await;
    give_up(1_000).await;
    assert_eq!(issuer.asked(), 2);
    issuer.waits.set(false);
    let ask = || tokens.bearer(&request, &issuer, &clock);
    assert!(matches!(ask().await, Err(TokenError::JustFailed { .. })));
    clock.advance(RETRY_FIRST);
    assert_eq!(ask().await.unwrap(), "Bearer ya29.a");
}

#[tokio::test(start_paused = true)]
async fn few_tokens_are_asked_for_at_a_time() {
    let answer = token("ya29.a", 3_599);
    let issuer = Rc::new(Issuer::answering(&vec![(200, answer.as_str()); CALLS_MAX + 1]));
    issuer.waits.set(true);
    let tokens = Rc::new(GoogleTokens::new(GoogleAccount::default()));
    let mut asking = JoinSet::new();
    LocalSet::new()
        .run_until(async {
            for at in 0..CALLS_MAX + 2 {
                let (tokens, issuer) = (tokens.clone(), issuer.clone());
                asking.spawn_local(async move {
                    let clock = Clock::manual(START_MS);
                    tokens.bearer(&access(&at.to_string()), &*issuer, &clock).await
                });
            }
            let wait = || tokio::time::sleep(Duration::from_millis(1));
            wait().await;
            assert_eq!(issuer.asked(), CALLS_MAX);
            // One goes, and the next one's turn has come.
            issuer.go_on.notify_one();
            assert_eq!(asking.join_next().await.unwrap().unwrap().unwrap(), "Bearer ya29.a");
            wait().await;
            assert_eq!(issuer.asked(), CALLS_MAX + 1);
            // The last one waits for so long, and those who asked end too.
            let last = asking.join_next().await.unwrap().unwrap();
            assert!(matches!(last, Err(TokenError::Busy)), "{last:?}");
            while let Some(asked) = asking.join_next().await {
                let asked = asked.unwrap();
                assert!(matches!(asked, Err(TokenError::Slow { .. })), "{asked:?}");
            }
            assert_eq!(issuer.asked(), CALLS_MAX + 1);
        })
        .await;
}

#[tokio::test]
async fn tokens_are_bounded_in_number() {
    let tokens = GoogleTokens::new(GoogleAccount::default());
    let clock = Clock::manual(START_MS);
    let answer = token("ya29.a", 3_599);
    let issuer = Issuer::default();
    for scope in 0..TOKENS_MAX.get() + 1 {
        issuer.answers.borrow_mut().push_back((200, answer.clone()));
        tokens.bearer(&access(&scope.to_string()), &issuer, &clock).await.unwrap();
    }
    assert_eq!(tokens.kept.lock().len(), TOKENS_MAX.get());
}

#[tokio::test]
async fn an_answer_without_a_token_is_none() {
    let clock = Clock::manual(START_MS);
    let id = TokenRequest::Id { audience: "a".into(), include_email: false };
    for (request, body) in [
        (access("a"), "{}".to_owned()),
        (access("a"), json!({"id_token": "x"}).to_string()),
        (access("a"), token("", 3_599)),
        (access("a"), token("a b", 3_599)),
        (access("a"), token("a\u{7f}", 3_599)),
        (id.clone(), String::new()),
        (id.clone(), "a.b".to_owned()),
        (id.clone(), "a.e30.c".to_owned()),
    ] {
        let tokens = GoogleTokens::new(GoogleAccount::default());
        let issuer = Issuer::answering(&[(200, &body)]);
        let found = tokens.bearer(&request, &issuer, &clock).await;
        assert!(matches!(found, Err(TokenError::NoToken { .. })), "{body}: {found:?}");
    }
}

#[test]
fn key_files_are_judged() {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let good = key_file(&pair);
    let other = KeyPair::generate().unwrap();
    for (text, expected) in [
        ("{".to_owned(), "it is no service account's key in JSON"),
        (good.replace("service_account", "authorized_user"), "its `type` is `authorized_user`"),
        (good.replace("https://tokens.example:8443", "tokens"), "its `token_uri` is no absolute"),
        (good.replace("https:", "http:"), "its `token_uri` is `http`, which anybody"),
        (key_file(&other), "its `private_key` is no RSA key in PEM"),
    ] {
        let error = ServiceAccountKey::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    for local in ["http://127.0.0.1:8443", "http://[::1]", "http://localhost"] {
        let text = good.replace("https://tokens.example:8443", local);
        assert!(ServiceAccountKey::parse(&text).is_ok(), "{local}");
    }
    let key = ServiceAccountKey::parse(&good).unwrap();
    assert!(!format!("{key:?}").contains("PRIVATE"), "{key:?}");
}

#[test]
fn metadata_hosts_are_judged() {
    let of = |host: &str, port| GoogleAccount::Metadata { host: host.into(), port };
    for (text, expected) in [
        ("metadata.example", of("metadata.example", 80)),
        (" 127.0.0.1:8042 ", of("127.0.0.1", 8042)),
        ("[::1]:8042", of("::1", 8042)),
    ] {
        assert_eq!(GoogleAccount::metadata(text).unwrap(), expected);
    }
    for text in ["", "http://metadata", "a b", "user@host", ":80"] {
        assert!(GoogleAccount::metadata(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_answer_panics(body in prop::collection::vec(any::<u8>(), 0..200), text in "[a-z.{}:\"0-9_]{0,80}") {
        for body in [body.as_slice(), text.as_bytes()] {
            let _found = access_token(body, Some(5));
            let _found = super::id_token(body, START_MS / 1_000);
        }
        let _account = GoogleAccount::metadata(&text);
        let _key = ServiceAccountKey::parse(&text);
    }
}
