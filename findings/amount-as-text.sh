#!/usr/bin/env bash
# SQLite and jq answer "is more than 100" with true for every amount that is decimal text.
#
# Expectation: Comparing the text "9.00" with the number 100 converts the text, as JavaScript does, or raises an error.
# Behaviour: SQLite 3.54.1 (sql.js 1.17.0) and jq 1.8.2 order values of different types by type, and text is greater than
#   any number: "9.00" > 100 is true, without a warning. In SQLite this holds for the result of ->>, which has no column
#   type to convert by. JSONata 2.2.2, PostgreSQL 18.7 (PGlite 0.5.17) and DuckDB 2.0.0 raise an error.
# Impact: Amounts are decimal text in events, so that no digit is lost. A jq filter or an SQLite query (D1 too) for
#   payments above a limit returns all of them, and a first test with a large payment does not show it. Convert first:
#   tonumber in jq, cast(… as real) in SQLite, $number in a `where`.
# Source: SQLite, "Datatypes In SQLite", section 4 (comparison); jq 1.8 manual, "Ordering comparisons"; JSONata
#   documentation, "Comparison operators".
# Needs: node 20 or newer, npm, python3 with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund sql.js@1.17.0 jsonata@2.2.2 @electric-sql/pglite@0.5.17 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jq==1.13.0 duckdb==2.0.0 # libjq 1.8.2

cat > run.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite'
import jsonata from 'jsonata'
import startSqlite from 'sql.js'

const sqlite = new (await startSqlite()).Database()
const postgres = new PGlite()
const ask = (expression) => sqlite.exec(`select ${expression}`)[0].values[0][0]
const TOOLS = {
  'JavaScript >': ({ value }) => value > 100,
  'SQLite ->>': (amount) => ask(`'${JSON.stringify(amount)}' ->> '$.value' > 100`) === 1,
  'SQLite cast': (amount) => ask(`cast('${JSON.stringify(amount)}' ->> '$.value' as real) > 100`) === 1,
  'JSONata >': (amount) => jsonata('value > 100').evaluate(amount),
  'JSONata $number': (amount) => jsonata('$number(value) > 100').evaluate(amount),
  'PostgreSQL ->>': (amount) => fromPostgres(`('${JSON.stringify(amount)}'::jsonb ->> 'value') > 100`),
  'PostgreSQL ::numeric': (amount) =>
    fromPostgres(`('${JSON.stringify(amount)}'::jsonb ->> 'value')::numeric > 100`),
}

async function fromPostgres(expression) {
  const { rows } = await postgres.query(`select ${expression} as seen`)
  return rows[0].seen
}

async function answerOf(tool, value) {
  try {
    return await tool({ value })
  } catch (error) {
    return `error, ${error.message}`
  }
}

const version = await postgres.query('show server_version')
console.log(`SQLite ${ask('sqlite_version()')}, PostgreSQL ${version.rows[0].server_version.split(' ')[0]}`)
for (const [name, tool] of Object.entries(TOOLS))
  for (const value of ['9.00', '250.00']) console.log(`${name} ${value}: ${await answerOf(tool, value)}`)
await postgres.close()
JS

cat > run.py <<'PY'
import json
import duckdb
import jq

TOOLS = {
    "jq >": lambda text: jq.compile(".value > 100").input_text(text).first(),
    "jq tonumber": lambda text: jq.compile("(.value | tonumber) > 100").input_text(text).first(),
    "DuckDB ->>": lambda text: duckdb.sql(f"select ('{text}'::json ->> 'value') > 100").fetchall()[0][0],
    "DuckDB ::decimal": lambda text: duckdb.sql(f"select ('{text}'::json ->> 'value')::decimal(18, 2) > 100").fetchall()[0][0],
}
for name, tool in TOOLS.items():
    for value in ("9.00", "250.00"):
        try:
            answer = str(tool(json.dumps({"value": value}))).lower()
        except duckdb.BinderException:
            answer = "error, BinderException"
        print(f"{name} {value}: {answer}")
PY

cat > expected <<'TEXT'
SQLite 3.54.1, PostgreSQL 18.7
JavaScript > 9.00: false
JavaScript > 250.00: true
SQLite ->> 9.00: true
SQLite ->> 250.00: true
SQLite cast 9.00: false
SQLite cast 250.00: true
JSONata > 9.00: error, The values "9.00" and 100 either side of operator ">" must be of the same data type
JSONata > 250.00: error, The values "250.00" and 100 either side of operator ">" must be of the same data type
JSONata $number 9.00: false
JSONata $number 250.00: true
PostgreSQL ->> 9.00: error, operator does not exist: text > integer
PostgreSQL ->> 250.00: error, operator does not exist: text > integer
PostgreSQL ::numeric 9.00: false
PostgreSQL ::numeric 250.00: true
jq > 9.00: true
jq > 250.00: true
jq tonumber 9.00: false
jq tonumber 250.00: true
DuckDB ->> 9.00: error, BinderException
DuckDB ->> 250.00: error, BinderException
DuckDB ::decimal 9.00: false
DuckDB ::decimal 250.00: true
TEXT

{ node run.mjs; venv/bin/python run.py; } | tee seen
diff expected seen || { echo 'CHANGED: one of them compares text and numbers in another way' >&2; exit 1; }
