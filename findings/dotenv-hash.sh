#!/usr/bin/env bash
# A "#" inside an unquoted value ends the value for some readers of .env files and not for others.
#
# Expectation: A comment begins at a "#" after a space, as in a shell, so KEY=k3y#9f is "k3y#9f" for every tool that reads
#   such a file.
# Behaviour: npm's dotenv (16.3.1, the version inside wrangler 4.156.2, and 18.0.10) and Node's parseEnv end the value at
#   the "#": "k3y". python-dotenv 1.2.4 and bash keep "k3y#9f". Braces are the reverse: python-dotenv and bash replace
#   ${NAME}, dotenv and Node do not. Single quotes protect the "#" in all of them; python-dotenv replaces ${NAME} between
#   single quotes too.
# Impact: wrangler, `npm start` and `npm run deploy` read .dev.vars and .prod.vars in this format. The header value agreed
#   with Hapana is free text: with an unquoted "#" the relay only knows the beginning and answers 401, while a Python
#   receiver with the same file has the whole value. Quote secrets, as .dev.vars.example does, and avoid "#" and "${" in
#   them. `npm run check` warns about an unquoted "#".
# Source: Cloudflare Workers documentation, "Secrets", local development (dotenv syntax); dotenv README, "Comments";
#   python-dotenv README, "File format"; POSIX shell, section 2.3.
# Needs: node 20.12 or newer, npm, python3 with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund dotenv@18.0.10 dotenv-of-wrangler@npm:dotenv@16.3.1 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dotenv==1.2.4

cat > secrets.env <<'ENV'
NAME=relay
HASH=k3y#9f
QUOTED_HASH='k3y#9f'
BRACES=${NAME}-9f
QUOTED_BRACES='${NAME}-9f'
ENV

cat > run.js <<'JS'
const { readFileSync } = require('node:fs')
const { parseEnv } = require('node:util')

const text = readFileSync('secrets.env', 'utf8')
const readers = {
  'dotenv 16.3.1': require('dotenv-of-wrangler').parse,
  'dotenv 18.0.10': require('dotenv').parse,
  'node parseEnv': parseEnv,
}
for (const [name, parse] of Object.entries(readers)) {
  const { NAME, ...values } = parse(text)
  for (const key of Object.keys(values).sort()) console.log(`${name}: ${key} ${values[key]}`)
}
JS

cat > run.py <<'PY'
from dotenv import dotenv_values

for key, value in sorted(dotenv_values("secrets.env").items()):
    if key != "NAME":
        print(f"python-dotenv 1.2.4: {key} {value}")
PY

cat > expected <<'TEXT'
dotenv 16.3.1: BRACES ${NAME}-9f
dotenv 16.3.1: HASH k3y
dotenv 16.3.1: QUOTED_BRACES ${NAME}-9f
dotenv 16.3.1: QUOTED_HASH k3y#9f
dotenv 18.0.10: BRACES ${NAME}-9f
dotenv 18.0.10: HASH k3y
dotenv 18.0.10: QUOTED_BRACES ${NAME}-9f
dotenv 18.0.10: QUOTED_HASH k3y#9f
node parseEnv: BRACES ${NAME}-9f
node parseEnv: HASH k3y
node parseEnv: QUOTED_BRACES ${NAME}-9f
node parseEnv: QUOTED_HASH k3y#9f
python-dotenv 1.2.4: BRACES relay-9f
python-dotenv 1.2.4: HASH k3y#9f
python-dotenv 1.2.4: QUOTED_BRACES relay-9f
python-dotenv 1.2.4: QUOTED_HASH k3y#9f
bash: BRACES relay-9f
bash: HASH k3y#9f
bash: QUOTED_BRACES ${NAME}-9f
bash: QUOTED_HASH k3y#9f
TEXT

echo "node $(node -p process.version), bash $BASH_VERSION"
{
  node run.js
  venv/bin/python run.py
  (
    . ./secrets.env
    for key in BRACES HASH QUOTED_BRACES QUOTED_HASH; do echo "bash: $key ${!key}"; done
  )
} | tee seen
diff expected seen || { echo 'CHANGED: one of them reads the file in another way' >&2; exit 1; }
