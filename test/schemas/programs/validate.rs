// Validates the data of each case by the schema of its type, formats included, and prints 1 for valid and 0 for invalid.
use jsonschema::Validator;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;

fn validator_of(kind: &str) -> Validator {
    let text = fs::read_to_string(format!("schemas/{kind}.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.build(&schema).unwrap()
}

fn main() {
    let mut validators: HashMap<String, Validator> = HashMap::new();
    let mut verdicts = String::new();
    for line in fs::read_to_string("cases.jsonl").unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let kind = event["type"].as_str().unwrap().to_string();
        let validator = validators.entry(kind.clone()).or_insert_with(|| validator_of(&kind));
        verdicts.push(if validator.is_valid(&event["data"]) { '1' } else { '0' });
    }
    println!("{verdicts}");
}
