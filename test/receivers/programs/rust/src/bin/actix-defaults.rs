use actix_web::{App, HttpResponse, HttpServer, post, web};
use receivers::{address, handle};
use serde_json::Value;

#[post("/hooks")]
async fn receive(event: web::Json<Value>) -> HttpResponse {
    handle(event.into_inner());
    HttpResponse::NoContent().finish()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().service(receive))
        .bind(address())?
        .run()
        .await
}
