#!/usr/bin/env bash
# DuckDB 2 counts an event on the day that it was on the clock of the machine that runs the query.
#
# One would guess: "at": "2026-11-21T18:09:17Z" is on 21 November in every query of the same file, as it was with DuckDB 1.
# What happens: with 1.5.0 read_json makes a TIMESTAMP without a zone of it, and the day is that of UTC. 2.0.0 makes a
#   TIMESTAMP WITH TIME ZONE, and a cast to a date goes by the session's zone, which is the machine's: in Sydney the second
#   event here is on 22 November. "at time zone 'UTC'" settles it in 2.0.0; in 1.5.0 the same words make the day depend on the
#   machine, since there they are applied to a time without a zone.
# Why it matters here: `at`, `time` and `receivedat` are in UTC and end in Z. Check-ins a day over a file of events change with
#   an update of DuckDB, and differ between a laptop and a server. Use 2.0.0 or newer and write the zone of the gym into the
#   query: ("at"::timestamptz at time zone 'Australia/Perth')::date is the same there on every machine.
# Source: DuckDB documentation, "Timestamp Types" and "Time Zone Reference" (the TimeZone setting), "Loading JSON".
# Needs: python3.10 or newer with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
for version in 1.5.0 2.0.0; do
  venv/bin/pip install --quiet --disable-pip-version-check --target "$version" "duckdb==$version"
done

cat > checkins.ndjson <<'JSON'
{"id":"evt_1","at":"2026-11-21T08:09:17Z"}
{"id":"evt_2","at":"2026-11-21T18:09:17Z"}
JSON

cat > run.py <<'PY'
import os
import duckdb

QUERIES = {
    "type": """select distinct typeof("at") from read_json('checkins.ndjson')""",
    "days": """select "at"::date::varchar from read_json('checkins.ndjson') order by id""",
    "days at UTC": """select ("at" at time zone 'UTC')::date::varchar from read_json('checkins.ndjson') order by id""",
    "days in Perth": """select ("at"::timestamptz at time zone 'Australia/Perth')::date::varchar
                        from read_json('checkins.ndjson') order by id""",
}
connection = duckdb.connect()
for name, query in QUERIES.items():
    answer = " ".join(row[0] for row in connection.execute(query).fetchall())
    print(f"{duckdb.__version__} {os.environ['TZ']} {name}: {answer}")
PY

cat > expected <<'TEXT'
1.5.0 UTC type: TIMESTAMP
1.5.0 UTC days: 2026-11-21 2026-11-21
1.5.0 UTC days at UTC: 2026-11-21 2026-11-21
1.5.0 UTC days in Perth: 2026-11-21 2026-11-22
1.5.0 Australia/Sydney type: TIMESTAMP
1.5.0 Australia/Sydney days: 2026-11-21 2026-11-21
1.5.0 Australia/Sydney days at UTC: 2026-11-21 2026-11-22
1.5.0 Australia/Sydney days in Perth: 2026-11-21 2026-11-21
2.0.0 UTC type: TIMESTAMP WITH TIME ZONE
2.0.0 UTC days: 2026-11-21 2026-11-21
2.0.0 UTC days at UTC: 2026-11-21 2026-11-21
2.0.0 UTC days in Perth: 2026-11-21 2026-11-22
2.0.0 Australia/Sydney type: TIMESTAMP WITH TIME ZONE
2.0.0 Australia/Sydney days: 2026-11-21 2026-11-22
2.0.0 Australia/Sydney days at UTC: 2026-11-21 2026-11-21
2.0.0 Australia/Sydney days in Perth: 2026-11-21 2026-11-22
TEXT

for version in 1.5.0 2.0.0; do
  for zone in UTC Australia/Sydney; do TZ=$zone PYTHONPATH=$dir/$version venv/bin/python run.py; done
done | tee seen
diff expected seen || { echo 'CHANGED: DuckDB reads or counts these times in another way' >&2; exit 1; }
