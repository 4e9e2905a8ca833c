use poem::{Route, Server, handler, http::StatusCode, listener::TcpListener, post, web::Json};
use receivers::{address, handle};
use serde_json::Value;

#[handler]
fn receive(Json(event): Json<Value>) -> StatusCode {
    handle(event);
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() -> Result<(), std::io::Error> {
    let app = Route::new().at("/hooks", post(receive));
    Server::new(TcpListener::bind(address())).run(app).await
}
