#!/usr/bin/env bash
# JSONata's $fromMillis accepts a time zone as "+HHMM" and misreads every other form without an error.
#
# Expectation: The third argument of $fromMillis takes "+11:00", as RFC 3339 writes an offset, or "Australia/Sydney", or it
#   raises an error. "-0330" has the documented form, so it is three and a half hours behind UTC.
# Behaviour: jsonata 2.2.2 reads "+1100" correctly. It reads "+11:00" and "+11" as eleven minutes. A zone name gives the
#   text "NaN". "-0330" (St. John's) and "-0930" (Marquesas) are one hour too far west, because the hours are rounded down
#   and the minutes are subtracted as well. "-0800" is correct.
# Impact: `where` and `transform` of a target are JSONata. There, the time of a check-in would be off by hours without an
#   error, so the relay refuses every form but "+HHMM" and "-HHMM", and corrects negative half hours. Where JSONata is used
#   without the relay, in a receiver or in a test of an expression, write "+HHMM" and avoid negative half hours.
# Source: JSONata documentation, "Date/Time functions", $fromMillis: the timezone is "±HHMM".
# Needs: node, npm.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund jsonata@2.2.2 >&2

cat > run.js <<'JS'
const jsonata = require('jsonata')
const PICTURE = '[Y0001]-[M01]-[D01] [H01]:[m01]'

// zone → [what the clock on the wall shows, what JSONata gives]
const EXPECTED = {
  '+1100': ['2026-11-22 05:09', '2026-11-22 05:09'],
  '-0800': ['2026-11-21 10:09', '2026-11-21 10:09'],
  '+11:00': ['2026-11-22 05:09', '2026-11-21 18:20'],
  '+11': ['2026-11-22 05:09', '2026-11-21 18:20'],
  'Australia/Sydney': ['2026-11-22 05:09', '0NaN-NaN-NaN NaN:NaN'],
  '-0330': ['2026-11-21 14:39', '2026-11-21 13:39'],
  '-0930': ['2026-11-21 08:39', '2026-11-21 07:39'],
}

async function main() {
  console.log(`jsonata ${require('jsonata/package.json').version}, 2026-11-21T18:09:17Z`)
  const expression = jsonata('$fromMillis($toMillis(time), picture, zone)')
  for (const [zone, [clock, expected]] of Object.entries(EXPECTED)) {
    const seen = await expression.evaluate({ time: '2026-11-21T18:09:17Z', picture: PICTURE, zone })
    console.log(`${zone.padEnd(17)} clock ${clock}   jsonata ${seen}${seen === clock ? '' : '   wrong'}`)
    if (seen !== expected) {
      console.error(`CHANGED: ${zone} gives ${seen}, expected ${expected}`)
      process.exitCode = 1
    }
  }
}
main()
JS
node run.js
