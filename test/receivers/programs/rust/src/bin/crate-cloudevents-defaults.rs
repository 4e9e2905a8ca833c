use axum::{Router, http::StatusCode, routing::post};
use cloudevents::Event;
use receivers::{address, handle};

async fn receive(event: Event) -> StatusCode {
    handle(event);
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() {
    let app = Router::new().route("/hooks", post(receive));
    let listener = tokio::net::TcpListener::bind(address()).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
