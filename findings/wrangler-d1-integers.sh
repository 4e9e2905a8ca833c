#!/usr/bin/env bash
# Wrangler rounds large integers of a D1 database when it prints a query, and when it exports the database.
#
# Expectation: Every INSERT statement of an export has the stored value, so that the export can be imported again. A query
#   with the key that an earlier query printed finds the row.
# Behaviour: D1 stores 64-bit integers and compares them exactly, but hands them out as JavaScript numbers.
#   `wrangler d1 execute --json` (4.156.2 and 4.164.0) prints 3766573570023095727 and …728 as 3766573570023096000, and a query
#   with that number finds nothing. `wrangler d1 export --local` writes the same number into the INSERT statements, with
#   exit status 0. Rows with neighbouring keys cannot be imported (UNIQUE constraint failed); a single row is imported with
#   another key. `cast(key as text)` and Python's sqlite3 (`iterdump`) return the stored value.
# Impact: The keys of events, persons and replays are integers of this size. Select `cast(key as text)` when you look into
#   the database with Wrangler. `wrangler d1 export` is not a backup: use Time Travel. `export --remote` was not tried.
# Source: Cloudflare D1 documentation, "Workers Binding API", type conversion (64-bit integers), and "Import and export data";
#   SQLite documentation, "Datatypes", INTEGER; ECMAScript, Number.MAX_SAFE_INTEGER.
# Needs: npm, python3. Node 24 for Wrangler is installed with it.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export CI=1 WRANGLER_SEND_METRICS=false WRANGLER_LOG_PATH="$dir/logs" XDG_CONFIG_HOME="$dir/settings" NO_COLOR=1

cat > wrangler.toml <<'TOML'
name = "probe"
compatibility_date = "2026-11-01"

[[d1_databases]]
binding = "DB"
database_name = "probe"
database_id = "00000000-0000-0000-0000-000000000001"
TOML

cat > tables.sql <<'SQL'
CREATE TABLE events (key INTEGER PRIMARY KEY, name TEXT);
INSERT INTO events VALUES (3766573570023095727, 'Ana'), (3766573570023095728, 'Bob');
SQL

cat > rows.py <<'PY'
import json, sys

for statement in json.load(sys.stdin):
    print(sys.argv[1], json.dumps(statement["results"]))
PY

cat > dump.py <<'PY'
import pathlib, sqlite3

(file,) = [path for path in pathlib.Path("probe").rglob("*.sqlite") if path.name != "metadata.sqlite"]
for line in sqlite3.connect(file).iterdump():
    if line.startswith('INSERT INTO "events"'):
        print("Python's iterdump:", line)
PY

cat > expected <<'TEXT'
query: [{"key": 3766573570023096000, "text": "3766573570023095727"}, {"key": 3766573570023096000, "text": "3766573570023095728"}]
by the printed key: []
by the text: [{"name": "Ana"}]
export: INSERT INTO "events" ("key","name") VALUES(3766573570023096000,'Ana');
export: INSERT INTO "events" ("key","name") VALUES(3766573570023096000,'Bob');
import of both: UNIQUE constraint failed: events.key
import of one: [{"text": "3766573570023096000", "name": "Ana"}]
Python's iterdump: INSERT INTO "events" VALUES(3766573570023095727,'Ana');
Python's iterdump: INSERT INTO "events" VALUES(3766573570023095728,'Bob');
TEXT

# The results of statement $3 on the local database in folder $2, after the label $1.
query() {
  (cd "$2" && wrangler d1 execute probe --local --json --command "$3") | python3 rows.py "$1"
}

# A new folder $1 whose local database has run the file $2.
create() {
  mkdir "$1"
  cp wrangler.toml "$1"
  (cd "$1" && wrangler d1 execute probe --local --file "../$2")
}

probe() {
  create probe tables.sql > log
  query 'query:' probe 'SELECT key, cast(key AS text) AS text FROM events ORDER BY 2'
  query 'by the printed key:' probe 'SELECT name FROM events WHERE key = 3766573570023096000'
  query 'by the text:' probe 'SELECT name FROM events WHERE key = 3766573570023095727'
  (cd probe && wrangler d1 export probe --local --output ../both.sql) > log
  grep INSERT both.sql | sed 's/^/export: /'
  if create copy both.sql > log 2>&1; then echo 'import of both: done'; fi
  grep -o 'UNIQUE constraint failed: [a-z.]*' log | head -1 | sed 's/^/import of both: /'
  grep -v Bob both.sql > one.sql
  create other one.sql > log
  query 'import of one:' other 'SELECT cast(key AS text) AS text, name FROM events'
  python3 dump.py
}

for version in 4.156.2 4.164.0; do
  rm -rf node_modules package*.json probe copy other
  npm install --loglevel=error --no-audit --no-fund node@24.21.0 "wrangler@$version" >&2
  PATH="$dir/node_modules/.bin:$PATH"
  echo "wrangler $(wrangler --version)," \
    "workerd $(node -p "require('workerd/package.json').version"), node $(node -p process.version), $(python3 --version)"
  probe | tee seen
  diff expected seen || { echo "CHANGED: wrangler $version prints or exports integers in another way" >&2; exit 1; }
done
