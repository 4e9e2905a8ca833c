//! Your code. Here it tells the matrix what it was given.
use serde::Serialize;

pub fn handle(event: impl Serialize) {
    println!("GOT {}", serde_json::to_string(&event).unwrap());
}

/// The address of the environment variable PORT.
pub fn address() -> (&'static str, u16) {
    ("127.0.0.1", std::env::var("PORT").unwrap().parse().unwrap())
}

/// For classes that declare two fields.
#[derive(Serialize, serde::Deserialize)]
pub struct Fields {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
}
