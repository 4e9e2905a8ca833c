#!/usr/bin/env bash
# A JSONata path over a list gives a list, a single value or nothing, by how many there are.
#
# One would guess: packages.name is a list of names, of whatever length, and packages.name = "Gold" asks whether one is Gold.
# What happens (jsonata 2.2.2): with one package the path is the text "Gold", with none the key is left out of the object that
#   is made. "=" compares that result as a whole: true for a member who has Gold alone, false for one who has Gold and Yoga.
#   packages.name[] keeps a list of one, and still leaves out the key when there is none. Only [packages.name] is a list each
#   time, and only "Gold" in packages.name asks the question. $map and $filter shrink a list of one alike.
# Why it matters here: a `transform` that is tried with the one package of a sample gives receivers text in place of a list,
#   and a `where` with "=" lets a member's first package through and stops at the second. Write [ ] around paths in a
#   transform, and `in` in a `where`; try both with none and with two.
# Source: JSONata documentation, "Sequence flattening" under "Processing model", and "Comparison operators" ("in", "=").
# Needs: node, npm.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund jsonata@2.2.2 >&2

cat > run.js <<'JS'
const jsonata = require('jsonata')

const gold = { package_id: 'p1', name: 'Gold' }
const yoga = { package_id: 'p2', name: 'Yoga' }
const EXPRESSIONS = [
  '{ "names": packages.name }',
  '{ "names": packages.name[] }',
  '{ "names": [packages.name] }',
  '{ "names": $map(packages, function($one) { $one.name }) }',
  'packages.name = "Gold"',
  '"Gold" in packages.name',
]

async function main() {
  for (const expression of EXPRESSIONS) {
    console.log(expression)
    for (const packages of [[], [gold], [gold, yoga]]) {
      const seen = await jsonata(expression).evaluate({ packages })
      console.log(`  ${packages.length}: ${JSON.stringify(seen)}`)
    }
  }
}
main()
JS

cat > expected <<'TEXT'
{ "names": packages.name }
  0: {}
  1: {"names":"Gold"}
  2: {"names":["Gold","Yoga"]}
{ "names": packages.name[] }
  0: {}
  1: {"names":["Gold"]}
  2: {"names":["Gold","Yoga"]}
{ "names": [packages.name] }
  0: {"names":[]}
  1: {"names":["Gold"]}
  2: {"names":["Gold","Yoga"]}
{ "names": $map(packages, function($one) { $one.name }) }
  0: {}
  1: {"names":"Gold"}
  2: {"names":["Gold","Yoga"]}
packages.name = "Gold"
  0: false
  1: true
  2: false
"Gold" in packages.name
  0: false
  1: true
  2: true
TEXT

echo "jsonata $(node -p "require('jsonata/package.json').version"), for 0, 1 and 2 packages"
node run.js | tee seen
diff expected seen || { echo 'CHANGED: a path over a list gives something else' >&2; exit 1; }
