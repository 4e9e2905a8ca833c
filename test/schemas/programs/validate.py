# Validates the data of each case by the schema of its type, formats included, and prints 1 for valid and 0 for invalid.
import functools
import json

import jsonschema


@functools.cache
def validator_of(type_):
    with open(f"schemas/{type_}.json", encoding="utf8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


with open("cases.jsonl", encoding="utf8") as file:
    cases = [json.loads(line) for line in file]
print("".join("1" if validator_of(case["type"]).is_valid(case["data"]) else "0" for case in cases))
