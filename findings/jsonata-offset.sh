#!/usr/bin/env bash
# JSONata's $fromMillis takes its time zone as "+HHMM" and reads everything else wrongly, without an error.
#
# One would guess: the third argument of $fromMillis takes "+11:00", as RFC 3339 writes an offset, or "Australia/Sydney", or
#   raises an error; and "-0330", which has the documented form, is three and a half hours behind UTC.
# What happens (jsonata 2.2.2): "+1100" is right. "+11:00" and "+11" are read as eleven minutes. A zone's name gives the
#   text "NaN". "-0330" (St. John's) and "-0930" (Marquesas) are an hour too far west, as the hours are rounded down and the
#   minutes are then taken off once more. "-0800" is right.
# Why it matters here: `where` and `transform` of a target are JSONata. A line for Slack with the time of a check-in is wrong
#   by hours, and neither `npm run check` nor the delivery fails.
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
