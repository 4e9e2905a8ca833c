#!/usr/bin/env bash
# The Standard Webhooks libraries disagree about a secret with a line break at its end, or without padding.
#
# Expectation: The libraries of one standard accept the same spellings of a secret.
# Behaviour: With a line break at the end, as a text file has it, the secret works in Python (standardwebhooks 1.1.0) and in Go
#   (0.0.1) and is refused in JavaScript (1.1.1) and Rust (1.0.1). Without "=" it works in JavaScript and Python and is refused in
#   Go and Rust.
# Impact: A secret that works in one service fails in the next: a file in /run/secrets usually ends with a line break. Trim what
#   you read, and keep the "=". `npm run relay -- verify` compares a saved delivery with the secret.
# Source: Standard Webhooks specification, "Symmetric" secrets (base64 with the prefix whsec_); Python, base64.b64decode
#   (validate=False); Go, encoding/base64 ("\r" and "\n" are ignored); RFC 4648, sections 3.2 and 3.3.
# Needs: node, npm, python3 with venv, go, cargo.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund standardwebhooks@1.1.1 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0

# A delivery of this moment, and the same secret in different spellings.
cat > deliver.mjs <<'JS'
import { writeFileSync } from 'node:fs'
import { Webhook } from 'standardwebhooks'

const bytes = Buffer.from(Array.from({ length: 25 }, (_, i) => (i * 37 + 251) % 256))
const secret = `whsec_${bytes.toString('base64')}`
const body = '{"type":"payment.created"}'
const now = new Date()
writeFileSync('delivery.json', JSON.stringify({
  body,
  headers: {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('evt_1', now, body),
  },
  spellings: [
    ['as printed', secret],
    ['line break', `${secret}\n`],
    ['no padding', secret.replace(/=+$/, '')],
  ],
}))
JS

cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { Webhook } from 'standardwebhooks'

const { body, headers, spellings } = JSON.parse(readFileSync('delivery.json', 'utf8'))
const resultOf = (secret) => {
  let webhook
  try {
    webhook = new Webhook(secret)
  } catch {
    return 'secret refused'
  }
  try {
    webhook.verify(body, headers)
    return 'verified'
  } catch {
    return 'wrong signature'
  }
}
for (const [name, secret] of spellings) console.log(`JavaScript: ${name}: ${resultOf(secret)}`)
JS

cat > run.py <<'PY'
import json
from standardwebhooks.webhooks import Webhook


def result_of(secret):
    try:
        webhook = Webhook(secret)
    except Exception:
        return "secret refused"
    try:
        webhook.verify(delivery["body"], delivery["headers"])
        return "verified"
    except Exception:
        return "wrong signature"


delivery = json.load(open("delivery.json"))
for name, secret in delivery["spellings"]:
    print(f"Python: {name}: {result_of(secret)}")
PY

mkdir goprobe
cat > goprobe/main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

type delivery struct {
	Body      string
	Headers   map[string]string
	Spellings [][2]string
}

func (d delivery) resultOf(secret string) string {
	webhook, err := webhooks.NewWebhook(secret)
	if err != nil {
		return "secret refused"
	}
	headers := http.Header{}
	for name, value := range d.Headers {
		headers.Set(name, value)
	}
	if webhook.Verify([]byte(d.Body), headers) != nil {
		return "wrong signature"
	}
	return "verified"
}

func main() {
	text, err := os.ReadFile("../delivery.json")
	if err != nil {
		panic(err)
	}
	var d delivery
	if err := json.Unmarshal(text, &d); err != nil {
		panic(err)
	}
	for _, spelling := range d.Spellings {
		fmt.Printf("Go: %s: %s\n", spelling[0], d.resultOf(spelling[1]))
	}
}
GO
export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw
(
  cd goprobe
  go mod init probe
  go get github.com/standard-webhooks/standard-webhooks/libraries@v0.0.1
  go mod tidy
  go build -o probe
) > go.log 2>&1 || { cat go.log >&2; exit 2; }

mkdir -p rust/src
cat > rust/Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2021"

[dependencies]
http = "1"
serde_json = "1"
standardwebhooks = "=1.0.1"
TOML
cat > rust/src/main.rs <<'RUST'
use standardwebhooks::Webhook;

fn result_of(secret: &str, body: &str, headers: &http::HeaderMap) -> &'static str {
    match Webhook::new(secret) {
        Err(_) => "secret refused",
        Ok(webhook) if webhook.verify(body.as_bytes(), headers).is_ok() => "verified",
        Ok(_) => "wrong signature",
    }
}

fn main() {
    let text = std::fs::read_to_string("delivery.json").unwrap();
    let delivery: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, delivery["headers"][name].as_str().unwrap().parse().unwrap());
    }
    for spelling in delivery["spellings"].as_array().unwrap() {
        let result = result_of(spelling[1].as_str().unwrap(), delivery["body"].as_str().unwrap(), &headers);
        println!("Rust: {}: {result}", spelling[0].as_str().unwrap());
    }
}
RUST
cargo build --quiet --manifest-path rust/Cargo.toml --target-dir rust/target > cargo.log 2>&1 || { cat cargo.log >&2; exit 2; }

cat > expected <<'TEXT'
JavaScript: as printed: verified
JavaScript: line break: secret refused
JavaScript: no padding: verified
Python: as printed: verified
Python: line break: verified
Python: no padding: verified
Go: as printed: verified
Go: line break: verified
Go: no padding: secret refused
Rust: as printed: verified
Rust: line break: secret refused
Rust: no padding: secret refused
TEXT

echo "standardwebhooks: npm $(node -p "JSON.parse(fs.readFileSync('node_modules/standardwebhooks/package.json')).version")," \
  "PyPI $(venv/bin/python -c 'from importlib.metadata import version; print(version("standardwebhooks"))')," \
  "Go $(cd goprobe && go list -m -f '{{.Version}}' github.com/standard-webhooks/standard-webhooks/libraries)," \
  "crate $(sed -n '/^name = "standardwebhooks"/{n;s/version = //p}' rust/Cargo.lock | tr -d '"')"
echo "node $(node -p process.version), $(venv/bin/python --version), $(go version), $(rustc --version)"
node deliver.mjs
{ node run.mjs; venv/bin/python run.py; (cd goprobe && ./probe); rust/target/debug/probe; } | tee seen
diff expected seen || { echo 'CHANGED: one of them accepts other secrets' >&2; exit 1; }
