use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use receivers::{address, handle};
use serde_json::Value;
use svix::webhooks::Webhook;

async fn receive(
    State(webhook): State<Arc<Webhook>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if webhook.verify(&body, &headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
    let Ok(event) = serde_json::from_slice::<Value>(json) else {
        return StatusCode::BAD_REQUEST;
    };
    handle(event);
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() {
    let secret = std::env::var("SIGNING_SECRET").unwrap();
    let webhook = Webhook::new(&secret).unwrap();
    let app = Router::new()
        .route("/hooks", post(receive))
        .with_state(Arc::new(webhook));
    let listener = tokio::net::TcpListener::bind(address()).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
