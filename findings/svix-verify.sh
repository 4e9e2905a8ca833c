#!/usr/bin/env bash
# verify() of the svix libraries returns nothing, where verify() of standardwebhooks returns the parsed event.
#
# Expectation: Svix wrote the Standard Webhooks libraries, and both have the same class Webhook with the same verify(body, headers):
#   one can take the place of the other.
# Behaviour: verify() of svix (npm 2.5.0, PyPI 2.9.1) returns undefined and None for a body that it accepts. verify() of
#   standardwebhooks (npm 1.1.1, PyPI 1.1.0) returns the parsed JSON.
# Impact: `const event = webhook.verify(body, headers)` has no event after the import was changed, and the first use of it throws:
#   every delivery fails, and the relay tries each one again. Parse the body yourself
#   after svix has verified it, or use standardwebhooks.
# Source: source of both packages, Webhook.verify; README of standardwebhooks.
# Needs: node with npm, python3 with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund standardwebhooks@1.1.1 svix@2.5.0 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0 svix==2.9.1

cat > run.mjs <<'JS'
import { writeFileSync } from 'node:fs'
import * as standardwebhooks from 'standardwebhooks'
import * as svix from 'svix'

const secret = `whsec_${Buffer.from('a secret of twenty-four.').toString('base64')}`
const body = '{"type":"payment.created"}'
const now = new Date()
const headers = {
  'webhook-id': 'evt_1',
  'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
  'webhook-signature': new standardwebhooks.Webhook(secret).sign('evt_1', now, body),
}
writeFileSync('delivery.json', JSON.stringify({ secret, body, headers }))
for (const [name, { Webhook }] of Object.entries({ 'standardwebhooks 1.1.1': standardwebhooks, 'svix 2.5.0': svix })) {
  console.log(`npm  ${name}: verify returns`, new Webhook(secret).verify(body, headers))
}
JS

cat > run.py <<'PY'
import json
import standardwebhooks.webhooks
import svix.webhooks

delivery = json.load(open("delivery.json"))
for name, module in [("standardwebhooks 1.1.0", standardwebhooks.webhooks), ("svix 2.9.1", svix.webhooks)]:
    result = module.Webhook(delivery["secret"]).verify(delivery["body"], delivery["headers"])
    print(f"PyPI {name}: verify returns {result}")
PY

cat > expected <<'TEXT'
npm  standardwebhooks 1.1.1: verify returns { type: 'payment.created' }
npm  svix 2.5.0: verify returns undefined
PyPI standardwebhooks 1.1.0: verify returns {'type': 'payment.created'}
PyPI svix 2.9.1: verify returns None
TEXT
{ node run.mjs; venv/bin/python run.py; } | tee seen
diff expected seen || { echo 'CHANGED: verify returns something else' >&2; exit 1; }
