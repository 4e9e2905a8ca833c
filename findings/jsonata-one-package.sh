#!/usr/bin/env bash
# A JSONata path over a list returns a list, a single value or nothing, depending on the number of items.
#
# Expectation: packages.name is a list of names of any length, and packages.name = "Gold" asks whether one of them is Gold.
# Behaviour: In jsonata 2.2.2 the path returns the text "Gold" for one package, and for none its key is missing from the
#   resulting object. "=" compares the whole result: true for a member who has only Gold, false for one who has Gold and
#   Yoga. packages.name[] keeps a list of one, but its key is still missing for none. Only [packages.name] is always a list,
#   and only "Gold" in packages.name answers the question. $map and $filter shrink a list of one in the same way.
# Impact: A `transform` that was tried with the one package of a sample sends receivers text in place of a list, and a
#   `where` with "=" stops matching when a member buys a second package. Put [ ] around paths in a `transform`, use `in` in
#   a `where`, and try both with no package and with two.
# Source: JSONata documentation, "Processing model" (sequences) and "Comparison operators".
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
