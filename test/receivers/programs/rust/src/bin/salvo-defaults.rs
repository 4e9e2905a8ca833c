use receivers::{address, handle};
use salvo::prelude::*;
use serde_json::Value;

#[handler]
async fn receive(request: &mut Request, response: &mut Response) {
    match request.parse_json::<Value>().await {
        Ok(event) => {
            handle(event);
            response.status_code(StatusCode::NO_CONTENT);
        }
        Err(error) => response.render(StatusError::from(error)),
    }
}

#[tokio::main]
async fn main() {
    let router = Router::with_path("hooks").post(receive);
    let acceptor = TcpListener::new(address()).bind().await;
    Server::new(acceptor).serve(router).await;
}
