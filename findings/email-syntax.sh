#!/usr/bin/env bash
# E-mail checks of schema libraries refuse addresses that people have, each library other ones.
#
# Expectation: A schema library refuses a text that is not an address, and accepts o'brien@… and the ASCII form of a domain with
#   an umlaut (xn--…), as browsers and mail servers do.
# Behaviour: valibot 1.5.0 `email` refuses an apostrophe, "&" and every domain with "xn--". zod 4.6.7 `z.email()` accepts the
#   apostrophe and refuses "&", and "xn--" as the last label. `rfcEmail` of valibot, `html5Email` of zod and ajv-formats 3.0.1
#   accept all ASCII addresses and refuse Unicode. Only validator.js 13.15.35, email-validator 2.4.0 for Python (behind
#   Pydantic's EmailStr) and zod's `unicodeEmail` accept all six.
# Impact: `data.contact.email` is passed on as the vendor has it. A receiver that validates it with one of these answers 400
#   to every event of Mrs O'Brien, the relay tries again for three days, and the delivery is dead: her cancellation never
#   arrives. Declare the field as a text, or use a check that accepts what the vendor accepted.
# Source: RFC 5322, section 3.2.3 (atext has "'" and "&"); RFC 5890, A-labels; RFC 6531; HTML standard, "valid e-mail
#   address"; documentation of valibot (email, rfcEmail) and zod (z.email).
# Needs: node 20 or newer, npm, python3 with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund valibot@1.5.0 zod@4.6.7 ajv@8.20.0 ajv-formats@3.0.1 validator@13.15.35 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check email-validator==2.4.0

cat > addresses.txt <<'TEXT'
ana@gym.com.au
o'brien@gym.com.au
jim&ann@gym.com.au
ana@xn--mller-kva.de
ana@xn--e1afmkfd.xn--p1ai
ana@müller.de
TEXT

cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import * as v from 'valibot'
import validator from 'validator'
import { z } from 'zod'

const addresses = readFileSync('addresses.txt', 'utf8').trim().split('\n')
const ajv = addFormats.default(new Ajv())
const checks = {
  'valibot email': (text) => v.is(v.pipe(v.string(), v.email()), text),
  'valibot rfcEmail': (text) => v.is(v.pipe(v.string(), v.rfcEmail()), text),
  'zod email': (text) => z.email().safeParse(text).success,
  'zod html5Email': (text) => z.email({ pattern: z.regexes.html5Email }).safeParse(text).success,
  'zod unicodeEmail': (text) => z.email({ pattern: z.regexes.unicodeEmail }).safeParse(text).success,
  'ajv-formats email': (text) => ajv.validate({ type: 'string', format: 'email' }, text),
  'validator.js isEmail': (text) => validator.isEmail(text),
}
for (const [name, check] of Object.entries(checks)) {
  const refused = addresses.filter((text) => !check(text))
  console.log(`${name} refuses: ${refused.join(' ') || 'none'}`)
}
JS

cat > run.py <<'PY'
from email_validator import EmailNotValidError, validate_email


def is_valid(text):
    try:
        validate_email(text, check_deliverability=False)
        return True
    except EmailNotValidError:
        return False


refused = [text for text in open("addresses.txt", encoding="utf-8").read().split() if not is_valid(text)]
print("email-validator refuses:", " ".join(refused) or "none")
PY

cat > expected <<'TEXT'
valibot email refuses: o'brien@gym.com.au jim&ann@gym.com.au ana@xn--mller-kva.de ana@xn--e1afmkfd.xn--p1ai ana@müller.de
valibot rfcEmail refuses: ana@müller.de
zod email refuses: jim&ann@gym.com.au ana@xn--e1afmkfd.xn--p1ai ana@müller.de
zod html5Email refuses: ana@müller.de
zod unicodeEmail refuses: none
ajv-formats email refuses: ana@müller.de
validator.js isEmail refuses: none
email-validator refuses: none
TEXT

for package in valibot zod ajv ajv-formats validator; do
  node -p "'$package ' + JSON.parse(fs.readFileSync('node_modules/$package/package.json')).version"
done
echo "node $(node -p process.version), email-validator $(venv/bin/python -c 'from importlib.metadata import version; print(version("email-validator"))')"
{ node run.mjs; venv/bin/python run.py; } | tee seen
diff expected seen || { echo 'CHANGED: one of them accepts or refuses other addresses' >&2; exit 1; }
