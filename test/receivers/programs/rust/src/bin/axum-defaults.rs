use axum::{Json, Router, http::StatusCode, routing::post};
use receivers::{address, handle};
use serde_json::Value;

async fn receive(Json(event): Json<Value>) -> StatusCode {
    handle(event);
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() {
    let app = Router::new().route("/hooks", post(receive));
    let listener = tokio::net::TcpListener::bind(address()).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
