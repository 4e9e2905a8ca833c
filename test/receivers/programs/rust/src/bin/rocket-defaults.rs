use receivers::{address, handle};
use rocket::serde::json::Json;
use rocket::{http::Status, launch, post, routes};
use serde_json::Value;

#[post("/hooks", data = "<event>")]
fn receive(event: Json<Value>) -> Status {
    handle(event.into_inner());
    Status::NoContent
}

#[launch]
fn rocket() -> _ {
    let config = rocket::Config {
        port: address().1,
        log_level: rocket::config::LogLevel::Off,
        ..Default::default()
    };
    rocket::custom(config).mount("/", routes![receive])
}
