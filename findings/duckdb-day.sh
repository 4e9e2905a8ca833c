#!/usr/bin/env bash
# DuckDB 2 assigns an event to the day that the clock of the querying machine showed.
#
# Expectation: "at": "2026-11-21T18:09:17Z" is on 21 November in every query of the same file, as in DuckDB 1.
# Behaviour: In 1.5.0 read_json returns a TIMESTAMP without a zone, and the day is the day in UTC. 2.0.0 returns a TIMESTAMP
#   WITH TIME ZONE, and a cast to a date uses the zone of the session, by default the zone of the machine: in Sydney the
#   second event here is on 22 November. "at time zone 'UTC'" removes that dependency in 2.0.0 and introduces it in 1.5.0,
#   where it is applied to a time without a zone.
# Impact: `at`, `time` and `receivedat` are in UTC and end in Z. Check-ins per day over a file of events change with a
#   DuckDB upgrade, and differ between a laptop and a server. Use 2.0.0 or newer and name the zone of the gym:
#   ("at"::timestamptz at time zone 'Australia/Perth')::date gives the same day on every machine.
# Source: DuckDB documentation, "Timestamp Types" (the TimeZone setting) and "Loading JSON".
# Needs: python 3.10 or newer with venv.
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
