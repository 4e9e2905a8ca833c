use axum::{Router, http::StatusCode, routing::post};
use cloudevents::Event;
use receivers::{address, handle};
use serde_json::Value;

async fn receive(mut event: Event) -> StatusCode {
    // Of binary mode, the SDK keeps the data as bytes until somebody asks for JSON.
    let Some(Ok(json)) = event.data().cloned().map(Value::try_from) else {
        return StatusCode::BAD_REQUEST;
    };
    event.set_data_unchecked(json);
    handle(event);
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() {
    let app = Router::new().route("/hooks", post(receive));
    let listener = tokio::net::TcpListener::bind(address()).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
