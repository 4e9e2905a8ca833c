use actix_web::http::header::HeaderMap;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, post, web};
use receivers::{address, handle};
use serde_json::Value;
use standardwebhooks::Webhook;

/// The headers as the http crate in version 1 has them: Actix has its own.
fn standard(headers: &HeaderMap) -> http::HeaderMap {
    let pairs = headers.iter().filter_map(|(name, value)| {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, http::HeaderValue::from_bytes(value.as_bytes()).ok()?))
    });
    pairs.collect()
}

#[post("/hooks")]
async fn receive(
    request: HttpRequest,
    body: web::Bytes,
    webhook: web::Data<Webhook>,
) -> HttpResponse {
    if webhook.verify(&body, &standard(request.headers())).is_err() {
        return HttpResponse::Unauthorized().finish();
    }
    let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
    let Ok(event) = serde_json::from_slice::<Value>(json) else {
        return HttpResponse::BadRequest().finish();
    };
    handle(event);
    HttpResponse::NoContent().finish()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let secret = std::env::var("SIGNING_SECRET").unwrap();
    let webhook = web::Data::new(Webhook::new(&secret).unwrap());
    HttpServer::new(move || {
        App::new()
            .app_data(webhook.clone())
            .app_data(web::PayloadConfig::new(2_000_000))
            .service(receive)
    })
    .bind(address())?
    .run()
    .await
}
