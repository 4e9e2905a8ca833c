use receivers::{address, handle};
use salvo::http::ParseError;
use salvo::prelude::*;
use serde_json::Value;

#[handler]
async fn receive(request: &mut Request) -> Result<StatusCode, ParseError> {
    handle(request.parse_json::<Value>().await?);
    Ok(StatusCode::NO_CONTENT)
}

#[tokio::main]
async fn main() {
    let router = Router::with_path("hooks").post(receive);
    let acceptor = TcpListener::new(address()).bind().await;
    Server::new(acceptor).serve(router).await;
}
