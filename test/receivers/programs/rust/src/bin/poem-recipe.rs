use std::sync::Arc;

use poem::http::{HeaderMap, StatusCode};
use poem::middleware::SizeLimit;
use poem::{EndpointExt, Route, Server, handler, listener::TcpListener, post, web::Data};
use receivers::{address, handle};
use serde_json::Value;
use standardwebhooks::Webhook;

#[handler]
fn receive(headers: &HeaderMap, body: Vec<u8>, webhook: Data<&Arc<Webhook>>) -> StatusCode {
    if webhook.verify(&body, headers).is_err() {
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
async fn main() -> Result<(), std::io::Error> {
    let secret = std::env::var("SIGNING_SECRET").unwrap();
    let app = Route::new()
        .at("/hooks", post(receive))
        .with(SizeLimit::new(2_000_000))
        .data(Arc::new(Webhook::new(&secret).unwrap()));
    Server::new(TcpListener::bind(address())).run(app).await
}
