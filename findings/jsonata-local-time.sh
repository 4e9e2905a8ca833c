#!/usr/bin/env bash
# JSONata's $toMillis reads a time without an offset in the time zone of the process, but only when it is called without a
# picture.
#
# Expectation: "2026-11-21T10:00:00" is the same instant wherever the expression runs, because JSONata has no time zone
#   setting and writes all times in UTC.
# Behaviour: Without a picture, jsonata 2.2.2 passes the text to JavaScript's Date.parse, which reads a date with a time as
#   local time of the process, and a date alone as UTC. With a picture of the same form, a time without an offset is UTC in
#   every process.
# Impact: Events have `at_local` instead of `at` when the zone of a site is not known. A Worker always runs in UTC, and
#   so does the relay's command line, but other programs do not: an expression that is tried elsewhere can show another
#   instant, even another day, than the receiver gets. An expression with a picture gives the same result in both.
# Source: ECMA-262, "Date Time String Format"; JSONata documentation, "Date/Time functions", $toMillis.
# Needs: node, npm.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund jsonata@2.2.2 >&2

cat > run.js <<'JS'
const jsonata = require('jsonata')
const PICTURE = '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]'
const EXPRESSIONS = {
  'date and time': '$fromMillis($toMillis(at_local))',
  'the same with a picture': '$fromMillis($toMillis(at_local, picture))',
  'date alone': '$fromMillis($toMillis($substringBefore(at_local, "T")))',
}

async function main() {
  for (const [name, expression] of Object.entries(EXPRESSIONS)) {
    const seen = await jsonata(expression).evaluate({ at_local: '2026-11-21T10:00:00', picture: PICTURE })
    console.log(`${process.env.TZ}  ${name}: ${seen}`)
  }
}
main()
JS

cat > expected <<'TEXT'
UTC  date and time: 2026-11-21T10:00:00.000Z
UTC  the same with a picture: 2026-11-21T10:00:00.000Z
UTC  date alone: 2026-11-21T00:00:00.000Z
Australia/Sydney  date and time: 2026-11-20T23:00:00.000Z
Australia/Sydney  the same with a picture: 2026-11-21T10:00:00.000Z
Australia/Sydney  date alone: 2026-11-21T00:00:00.000Z
America/Los_Angeles  date and time: 2026-11-21T18:00:00.000Z
America/Los_Angeles  the same with a picture: 2026-11-21T10:00:00.000Z
America/Los_Angeles  date alone: 2026-11-21T00:00:00.000Z
TEXT

echo "jsonata $(node -p "require('jsonata/package.json').version"), at_local = 2026-11-21T10:00:00"
for zone in UTC Australia/Sydney America/Los_Angeles; do TZ=$zone node run.js; done | tee seen
diff expected seen || { echo 'CHANGED: $toMillis reads these times in another way' >&2; exit 1; }
