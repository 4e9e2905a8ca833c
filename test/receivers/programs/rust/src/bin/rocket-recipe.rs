use receivers::{address, handle};
use rocket::data::{Data, ToByteUnit};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{State, http::Status, launch, post, routes};
use serde_json::Value;
use standardwebhooks::Webhook;

/// All headers as the http crate in version 1 has them: Rocket has its own.
struct Headers(http::HeaderMap);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Headers {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let pairs = request.headers().iter().filter_map(|header| {
            let name = http::HeaderName::from_bytes(header.name().as_str().as_bytes()).ok()?;
            Some((name, http::HeaderValue::from_str(header.value()).ok()?))
        });
        Outcome::Success(Headers(pairs.collect()))
    }
}

#[post("/hooks", data = "<data>")]
async fn receive(headers: Headers, data: Data<'_>, webhook: &State<Webhook>) -> Status {
    let Ok(body) = data.open(2.megabytes()).into_bytes().await else {
        return Status::BadRequest;
    };
    if webhook.verify(&body, &headers.0).is_err() {
        return Status::Unauthorized;
    }
    let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
    let Ok(event) = serde_json::from_slice::<Value>(json) else {
        return Status::BadRequest;
    };
    handle(event);
    Status::NoContent
}

#[launch]
fn rocket() -> _ {
    let secret = std::env::var("SIGNING_SECRET").unwrap();
    let config = rocket::Config {
        port: address().1,
        ..Default::default()
    };
    rocket::custom(config)
        .manage(Webhook::new(&secret).unwrap())
        .mount("/", routes![receive])
}
