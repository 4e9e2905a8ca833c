#!/usr/bin/env bash
# JSONata's != is false where one side is missing, and so is =: neither of the two is true.
#
# Expectation: `reason != "plan_switch"` is true for an object without a `reason`, as in JavaScript, Python and jq: what is
#   not there is not a plan switch. Or it is the opposite of `reason = "plan_switch"`.
# Behaviour: jsonata 2.2.2 gives false for both. With `null`, != is true. `$not(reason = "plan_switch")` is true for a
#   missing `reason`. A missing variable and an empty path over a list behave alike.
# Impact: `where = 'data.reason != "plan_switch"'` of a target sends no event without a reason, such as each payment. Write
#   `$not(data.reason = "plan_switch")`; `npm run check` notes each != whose operand may be missing.
# Source: JSONata documentation, "Comparison Operators", "!= (Not equals)".
# Needs: node, npm.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund jsonata@2.2.2 >&2

cat > run.js <<'JS'
const jsonata = require('jsonata')

// expression → its results for a missing, an empty (null), another and the same reason
const EXPECTED = {
  'reason = "plan_switch"': [false, false, false, true],
  'reason != "plan_switch"': [false, true, true, false],
  '$not(reason = "plan_switch")': [true, true, true, false],
}
const EVENTS = [{}, { reason: null }, { reason: 'dunning' }, { reason: 'plan_switch' }]

async function main() {
  console.log(`jsonata ${require('jsonata/package.json').version}`)
  console.log(`${''.padEnd(30)}${EVENTS.map((event) => JSON.stringify(event)).join('  ')}`)
  for (const [text, expected] of Object.entries(EXPECTED)) {
    const seen = await Promise.all(EVENTS.map((event) => jsonata(text).evaluate(event)))
    console.log(`${text.padEnd(30)}${seen.join('  ')}`)
    if (JSON.stringify(seen) !== JSON.stringify(expected)) {
      console.error(`CHANGED: ${text} gives ${seen}, expected ${expected}`)
      process.exitCode = 1
    }
  }
}
main()
JS
node run.js
