#!/usr/bin/env bash
# A valibot schema and the JSON Schema that is generated from it disagree about lists, dates and text with emoji.
#
# Expectation: The JSON Schema that is generated from a schema accepts the same values as the schema itself.
# Behaviour: valibot 1.5.0 accepts a list for `object` and `record`; the JSON Schema of @valibot/to-json-schema 1.8.0 has
#   `type: object` and refuses it. `isoTimestamp` accepts 30 February and refuses a leap second; `date-time` of ajv-formats
#   3.0.1 does the opposite. `maxLength` counts UTF-16 units in valibot and characters in JSON Schema, so that three emoji
#   exceed a limit of five for one of them. zod 4.6.7 and its JSON Schema agree on all of these; zod 4.4.3 counted UTF-16
#   units too.
# Impact: A receiver that checks with valibot, and a gateway or a test that checks with the JSON Schema generated from it,
#   answer differently to the same value: a member whose name has emoji is refused at every attempt. Check a list with
#   Array.isArray first, and parse a time rather than match it. `maxCodePoints` of valibot counts as JSON Schema does; it
#   is converted only with an `overrideAction`, which the script has.
# Source: valibot documentation, object, isoTimestamp, maxLength; JSON Schema 2020-12, Validation, section 6.3.1 (characters
#   as in RFC 8259) and 7.3.1 (date-time of RFC 3339); RFC 3339, section 5.7 (days of a month, leap seconds).
# Needs: node 20 or newer, npm.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund valibot@1.5.0 @valibot/to-json-schema@1.8.0 ajv@8.20.0 \
  ajv-formats@3.0.1 zod@4.6.7 zod-before@npm:zod@4.4.3 >&2

cat > run.mjs <<'JS'
import { toJsonSchema } from '@valibot/to-json-schema'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import * as v from 'valibot'
import { z } from 'zod'
import { z as zBefore } from 'zod-before'

const ajv = addFormats.default(new Ajv())
const word = (isValid) => (isValid ? 'valid' : 'invalid')

function compare(valibotSchema, zodSchema, values) {
  const generated = ajv.compile(toJsonSchema(valibotSchema))
  const zodGenerated = ajv.compile({ ...z.toJSONSchema(zodSchema), $schema: undefined })
  for (const value of values) {
    const results = [
      `valibot ${word(v.is(valibotSchema, value))}, its JSON Schema ${word(generated(value))}`,
      `zod ${word(zodSchema.safeParse(value).success)}, its JSON Schema ${word(zodGenerated(value))}`,
    ]
    console.log(`${JSON.stringify(value)}: ${results.join('; ')}`)
  }
}

compare(v.object({ plan: v.optional(v.string()) }), z.object({ plan: z.string().optional() }), [{}, [], ['gold']])
compare(v.record(v.string(), v.string()), z.record(z.string(), z.string()), [['gold']])
compare(v.pipe(v.string(), v.isoTimestamp()), z.iso.datetime({ offset: true }), [
  '2026-02-28T10:00:00Z',
  '2026-02-30T10:00:00Z',
  '2016-12-31T23:59:60Z',
])
compare(v.pipe(v.string(), v.maxLength(5)), z.string().max(5), ['Zoë', '💪💪💪'])
console.log(`zod 4.4.3: "💪💪💪" ${word(zBefore.string().max(5).safeParse('💪💪💪').success)}`)

const counted = v.pipe(v.string(), v.maxCodePoints(5))
const generated = ajv.compile(toJsonSchema(counted, {
  overrideAction: ({ valibotAction: { type, requirement }, jsonSchema }) =>
    type === 'max_code_points' ? { ...jsonSchema, maxLength: requirement } : undefined,
}))
for (const text of ['💪💪💪', '💪💪💪💪💪💪']) {
  console.log(`"${text}": maxCodePoints ${word(v.is(counted, text))}, its JSON Schema ${word(generated(text))}`)
}
JS

cat > expected <<'TEXT'
{}: valibot valid, its JSON Schema valid; zod valid, its JSON Schema valid
[]: valibot valid, its JSON Schema invalid; zod invalid, its JSON Schema invalid
["gold"]: valibot valid, its JSON Schema invalid; zod invalid, its JSON Schema invalid
["gold"]: valibot valid, its JSON Schema invalid; zod invalid, its JSON Schema invalid
"2026-02-28T10:00:00Z": valibot valid, its JSON Schema valid; zod valid, its JSON Schema valid
"2026-02-30T10:00:00Z": valibot valid, its JSON Schema invalid; zod invalid, its JSON Schema invalid
"2016-12-31T23:59:60Z": valibot invalid, its JSON Schema valid; zod invalid, its JSON Schema invalid
"Zoë": valibot valid, its JSON Schema valid; zod valid, its JSON Schema valid
"💪💪💪": valibot invalid, its JSON Schema valid; zod valid, its JSON Schema valid
zod 4.4.3: "💪💪💪" invalid
"💪💪💪": maxCodePoints valid, its JSON Schema valid
"💪💪💪💪💪💪": maxCodePoints invalid, its JSON Schema invalid
TEXT

for package in valibot @valibot/to-json-schema ajv ajv-formats zod zod-before; do
  node -p "'$package ' + JSON.parse(fs.readFileSync('node_modules/$package/package.json')).version"
done
echo "node $(node -p process.version)"
node run.mjs | tee seen
diff expected seen || { echo 'CHANGED: one of them accepts other values' >&2; exit 1; }
