use receivers::{address, handle};
use salvo::prelude::*;
use serde_json::Value;
use standardwebhooks::Webhook;

struct Hooks(Webhook);

#[async_trait]
impl Handler for Hooks {
    async fn handle(
        &self,
        request: &mut Request,
        _depot: &mut Depot,
        response: &mut Response,
        _flow: &mut FlowCtrl,
    ) {
        response.status_code(self.receive(request).await);
    }
}

impl Hooks {
    async fn receive(&self, request: &mut Request) -> StatusCode {
        let Ok(body) = request.payload_with_max_size(2_000_000).await.cloned() else {
            return StatusCode::PAYLOAD_TOO_LARGE;
        };
        if self.0.verify(&body, request.headers()).is_err() {
            return StatusCode::UNAUTHORIZED;
        }
        let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
        let Ok(event) = serde_json::from_slice::<Value>(json) else {
            return StatusCode::BAD_REQUEST;
        };
        handle(event);
        StatusCode::NO_CONTENT
    }
}

#[tokio::main]
async fn main() {
    let secret = std::env::var("SIGNING_SECRET").unwrap();
    let hooks = Hooks(Webhook::new(&secret).unwrap());
    let router = Router::with_path("hooks").post(hooks);
    let acceptor = TcpListener::new(address()).bind().await;
    Server::new(acceptor).serve(router).await;
}
