use ::http::{Method, StatusCode};

use super::*;

/// What came of a request: its status, its body, and its headers.
async fn ask(
    rig: &Rig,
    method: Method,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> (StatusCode, Bytes, ::http::HeaderMap) {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).expect("well-formed");
    let (parts, body) = rig.door.answer(request).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    (parts.status, body, parts.headers)
}

#[tokio::test]
async fn puts_gets_and_deletes() {
    let rig = Rig::new().await;
    let token = rig.super_user();
    let own = [("authorization", token.as_str())];
    let target = "/cache/kept?key=a%00%FF";
    let value = [0, 255, 10, 13];
    let put = format!("{target}&ttl_seconds=60&value=ignored");
    let (status, body, _) = ask(&rig, Method::PUT, &put, &own, &value).await;
    assert_eq!((status.as_u16(), body.len()), (204, 0));
    let (status, body, headers) = ask(&rig, Method::GET, target, &own, b"").await;
    assert_eq!((status.as_u16(), &*body), (200, &value[..]));
    assert_eq!(headers["content-type"], "application/octet-stream");
    let in_query = format!("/cache/kept?key_base64=YQD_&token={token}");
    assert_eq!(ask(&rig, Method::GET, &in_query, &[], b"").await.1, &value[..]);
    for scheme in ["Bearer", "bearer", "BEARER "] {
        let bearer = format!("{scheme} {token}");
        let fields = [("authorization", bearer.as_str())];
        assert_eq!(ask(&rig, Method::GET, target, &fields, b"").await.0, 200, "{scheme}");
    }
    let wrapped = token::wrap("gw.example", &token);
    let fields = [("authorization", wrapped.as_str())];
    assert_eq!(ask(&rig, Method::GET, target, &fields, b"").await.0, 200);
    for _ in 0..2 {
        assert_eq!(ask(&rig, Method::DELETE, target, &own, b"").await.0, 204);
    }
    let (status, body, _) = ask(&rig, Method::GET, target, &own, b"").await;
    assert_eq!(status, 404);
    assert_eq!(&*body, br#"{"code":"NotFound","message":"Key not found","err":"item_not_found"}"#);
    assert_eq!(ask(&rig, Method::PUT, &put, &own, &value).await.0, 204);
    rig.clock.advance(Duration::from_secs(60));
    assert_eq!(ask(&rig, Method::GET, target, &own, b"").await.0, 404);
}

use crate::serve::momento::token;

#[tokio::test]
async fn refuses_what_it_must() {
    let rig = Rig::new().await;
    let token = rig.super_user();
    let (read, write) = (rig.role(Role::ReadOnly), rig.role(Role::WriteOnly));
    let expired = rig.token(Grants::SuperUser, Some(NOW_S));
    let large = vec![b'x'; 4_883 * 1024 + 1];
    let get = Method::GET;
    let (put, delete) = (Method::PUT, Method::DELETE);
    let key = "/cache/kept?key=k";
    for (method, target, token, body, expected, says) in [
        (&get, key, "", &b""[..], 401, "a token is needed"),
        (&get, key, "garbage", b"", 401, "not valid"),
        (&get, key, &expired, b"", 401, "expired"),
        (&get, key, &write, b"", 403, "Insufficient permissions"),
        (&put, "/cache/kept?key=k&ttl_seconds=1", &read, b"", 403, "Insufficient"),
        (&delete, key, &read, b"", 403, "Insufficient"),
        (&get, "/cache/none?key=k", &token, b"", 404, "Cache not found"),
        (&get, "/cache/kept?key=none", &token, b"", 404, "Key not found"),
        (&get, "/cache/kept", &token, b"", 400, "a key is needed"),
        (&get, "/cache/kept?key=", &token, b"", 400, "must not be empty"),
        (&get, "/cache/kept?key_base64=*", &token, b"", 400, "base64url"),
        (&get, "/cache/kept?key=a&key_base64=YQ", &token, b"", 400, "exclude"),
        (&get, "/cache/kept?key=a&token=b", &token, b"", 400, "header and one in the query"),
        (&get, "/cache/kept?key=a&token=&token=b", "", b"", 400, "twice"),
        (&get, "/cache/kept?key=a&token=%ff", "", b"", 401, "not valid"),
        (&get, "/cache/?key=k", &token, b"", 400, "no cache"),
        (&get, "/cache/%ff?key=k", &token, b"", 400, "text"),
        (&put, key, &token, b"", 400, "ttl_seconds is needed"),
        (&put, "/cache/kept?key=k&ttl_seconds=a", &token, b"", 400, "whole number"),
        (&put, "/cache/kept?key=k&ttl_seconds=0", &token, b"", 400, "more than zero"),
        (&put, "/cache/kept?key=k&ttl_seconds=86401", &token, b"", 400, "24 hours"),
        (&put, "/cache/kept?key=k&ttl_seconds=99999999999999999999", &token, b"", 400, "whole"),
        (&put, "/cache/kept?key=k&ttl_seconds=1", &token, &large, 413, "limit"),
        (&Method::PATCH, key, &token, b"", 405, ""),
        (&get, "/topics/kept/t", &token, b"", 501, "not offer"),
    ] {
        let fields = [("authorization", token)];
        let (status, said, _) = ask(&rig, method.clone(), target, &fields, body).await;
        let said = String::from_utf8_lossy(&said);
        assert_eq!(status.as_u16(), expected, "{method} {target}: {said}");
        assert!(said.contains(says), "{method} {target}: {said}");
    }
    let own = [("authorization", token.as_str())];
    assert_eq!(ask(&rig, get, key, &own, b"").await.0, 404, "nothing was stored");
}

#[tokio::test]
async fn web_pages_of_named_origins_may_call() {
    let origin = "https://app.example";
    let rig = Rig::with(|door| door.cors_origins = vec![origin.to_owned()]).await;
    let token = rig.super_user();
    let preflight = [("origin", origin), ("access-control-request-method", "PUT")];
    let (status, _, headers) = ask(&rig, Method::OPTIONS, "/cache/kept", &preflight, b"").await;
    assert_eq!(status, 204);
    assert_eq!(headers["access-control-allow-origin"], origin);
    assert_eq!(headers["access-control-allow-methods"], "GET, PUT, DELETE, POST");
    let fields = [("origin", origin), ("authorization", token.as_str())];
    let (status, _, headers) = ask(&rig, Method::GET, "/cache/kept?key=k", &fields, b"").await;
    assert_eq!(status, 404);
    assert_eq!(headers["access-control-allow-origin"], origin);
    let foreign = [("origin", "https://evil.example"), ("authorization", token.as_str())];
    let (status, _, headers) = ask(&rig, Method::OPTIONS, "/cache/kept", &foreign, b"").await;
    assert_eq!(status, 405);
    assert!(!headers.contains_key("access-control-allow-origin"));
}
