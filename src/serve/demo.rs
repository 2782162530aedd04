//! The samples' backend, inside the process, so that trying them needs nothing else.
//!
//! `GET /weather/{city}`, `POST /oauth/token`, `/echo`; all JSON. Each answer counts in
//! `served`, which shows whether a cache spared the backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Full, Limited};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::serve::control::{self, Transport};

/// The largest body that `/echo` sends back.
const ECHO_BYTES_MAX: usize = 1024 * 1024;

const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");

/// Serves until `stopped` says true or its sender has gone.
pub async fn serve(listener: TcpListener, stopped: watch::Receiver<bool>) {
    let served = Arc::new(AtomicU64::new(0));
    control::serve(listener, Transport::default(), stopped, move |request| {
        let served = served.clone();
        async move { answer(request, &served).await }
    })
    .await;
}

async fn answer<B>(request: Request<B>, served: &AtomicU64) -> Response<Full<Bytes>>
where
    B: HttpBody,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let served = served.fetch_add(1, Ordering::Relaxed) + 1;
    let path = request.uri().path();
    let mut response = match (request.method(), path) {
        (&Method::GET | &Method::HEAD, _) if path.starts_with("/weather/") => {
            weather(path.trim_start_matches("/weather/"), served)
        }
        (&Method::POST, "/oauth/token") => token(served),
        (_, "/echo") => echo(request, served).await,
        _ => control::json(StatusCode::NOT_FOUND, &json!({"error": "not found", "path": path})),
    };
    response.headers_mut().insert(SERVED_BY, HeaderValue::from_static("demo-backend"));
    response
}

/// The same city always has the same weather.
fn weather(city: &str, served: u64) -> Response<Full<Bytes>> {
    let city = percent_decode_str(city).decode_utf8_lossy();
    let sum: u64 = city.to_lowercase().bytes().map(u64::from).sum();
    let sky = ["sunny", "cloudy", "rain", "snow"];
    let temperature = sum % 35;
    let at = usize::try_from(sum % 4).unwrap_or(0);
    control::json(
        StatusCode::OK,
        &json!({
            "city": city,
            "temperature": temperature,
            "unit": "celsius",
            "sky": sky.get(at),
            "served": served,
        }),
    )
}

fn token(served: u64) -> Response<Full<Bytes>> {
    control::json(
        StatusCode::OK,
        &json!({
            "access_token": format!("demo-token-{served}"),
            "token_type": "Bearer",
            "expires_in": 3600,
        }),
    )
}

async fn echo<B>(request: Request<B>, served: u64) -> Response<Full<Bytes>>
where
    B: HttpBody,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, ECHO_BYTES_MAX).collect().await else {
        let error = json!({"error": "the body is too large or broken"});
        return control::json(StatusCode::PAYLOAD_TOO_LARGE, &error);
    };
    let mut headers = Map::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        match headers.get_mut(name.as_str()) {
            Some(Value::String(values)) => {
                values.push_str(", ");
                values.push_str(&value);
            }
            Some(_) | None => {
                headers.insert(name.to_string(), Value::String(value.into_owned()));
            }
        }
    }
    control::json(
        StatusCode::OK,
        &json!({
            "method": parts.method.as_str(),
            "path": parts.uri.path(),
            "query": parts.uri.query(),
            "headers": headers,
            "body": String::from_utf8_lossy(&body.to_bytes()),
            "served": served,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(method: &str, target: &str, body: &'static str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("x-a", "1")
            .header("x-a", "2")
            .body(Full::new(Bytes::from_static(body.as_bytes())))
            .expect("the request is well-formed");
        let response = answer(request, &AtomicU64::new(6)).await;
        assert_eq!(response.headers()["x-served-by"], "demo-backend");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("the body is in memory");
        (status, serde_json::from_slice(&body.to_bytes()).expect("the answer is JSON"))
    }

    #[tokio::test]
    async fn answers_the_samples() {
        let (status, weather) = ask("GET", "/weather/S%C3%A3o%20Paulo", "").await;
        assert_eq!(
            (status, &weather["city"], &weather["served"]),
            (200, &json!("São Paulo"), &json!(7))
        );
        let (status, token) = ask("POST", "/oauth/token", "grant_type=client_credentials").await;
        assert_eq!((status, &token["token_type"]), (200, &json!("Bearer")));
        let (status, echo) = ask("PUT", "/echo?q=1", "hello").await;
        assert_eq!(status, 200);
        assert_eq!(
            echo,
            json!({"method": "PUT", "path": "/echo", "query": "q=1", "headers": {"x-a": "1, 2"}, "body": "hello", "served": 7})
        );
        assert_eq!(ask("GET", "/oauth/token", "").await.0, 404);
    }
}
