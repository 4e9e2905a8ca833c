use receivers::{address, handle};
use serde_json::Value;
use std::net::ToSocketAddrs;
use warp::{Filter, http::StatusCode};

#[tokio::main]
async fn main() {
    let hooks = warp::post()
        .and(warp::path!("hooks"))
        .and(warp::body::json())
        .map(|event: Value| {
            handle(event);
            StatusCode::NO_CONTENT
        });
    let address = address().to_socket_addrs().unwrap().next().unwrap();
    warp::serve(hooks).run(address).await;
}
