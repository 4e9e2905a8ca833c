use std::net::ToSocketAddrs;
use std::sync::Arc;

use receivers::{address, handle};
use serde_json::Value;
use standardwebhooks::Webhook;
use warp::{
    Filter,
    http::{HeaderMap, StatusCode},
    hyper::body::Bytes,
};

fn receive(webhook: &Webhook, headers: &HeaderMap, body: &Bytes) -> StatusCode {
    if webhook.verify(body, headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(event) = serde_json::from_slice::<Value>(json) else {
        return StatusCode::BAD_REQUEST;
    };
    handle(event);
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() {
    let secret = std::env::var("SIGNING_SECRET").unwrap();
    let webhook = Arc::new(Webhook::new(&secret).unwrap());
    let hooks = warp::post()
        .and(warp::path!("hooks"))
        .and(warp::body::content_length_limit(2_000_000))
        .and(warp::header::headers_cloned())
        .and(warp::body::bytes())
        .map(move |headers: HeaderMap, body: Bytes| receive(&webhook, &headers, &body));
    let address = address().to_socket_addrs().unwrap().next().unwrap();
    warp::serve(hooks).run(address).await;
}
