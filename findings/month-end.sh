#!/usr/bin/env bash
# One month after 31 January is 28 February in most tools, and 3 March in SQLite and Go.
#
# Expectation: Calendar libraries and databases stay within the next month.
# Behaviour: SQLite's date(…, '+1 month') (3.54.1, in sql.js 1.17.0) and Go's AddDate (1.26.8) count the days that February
#   lacks into March: 3 March 2026. date-fns 4.4.0, luxon 3.7.2, python-dateutil 4.0.0, DuckDB 2.0.0 and polars 2.1.0 return
#   28 February. One year after 29 February 2024 is 1 March 2025 in the first two and 28 February in the others. SQLite's
#   'floor' modifier stays within the month.
# Impact: Hype may not send the end of a period. A receiver then computes when a monthly plan is due from `first_payment_at`
#   and `interval`, and a query in SQLite (D1 is SQLite) reports a member of the 31st three days later than the report next
#   to it. Use 'floor', and add months to the first payment, not to the last due date: 31 January, 28 February, 31 March.
# Source: SQLite, "Date And Time Functions", "Modifiers"; Go, time.Time.AddDate; date-fns, addMonths; Luxon manual, "Math";
#   DuckDB, "Interval Type".
# Needs: node, npm, python3 with venv, go.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund sql.js@1.17.0 date-fns@4.4.0 luxon@3.7.2 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dateutil==4.0.0 duckdb==2.0.0 polars==2.1.0

cat > run.mjs <<'JS'
import { addMonths, addYears, format } from 'date-fns'
import { DateTime } from 'luxon'
import startSqlite from 'sql.js'

const SQL = await startSqlite()
const sqlite = (text) => new SQL.Database().exec(`select ${text}`)[0].values[0].join(' ')
const day = (date) => format(date, 'yyyy-MM-dd')
console.log(`SQLite ${sqlite("date('2026-01-31', '+1 month'), date('2024-02-29', '+1 year')")}`)
console.log(
  `SQLite floor ${sqlite("date('2026-01-31', '+1 month', 'floor'), date('2024-02-29', '+1 year', 'floor')")}`,
)
console.log(`date-fns ${day(addMonths(new Date(2026, 0, 31), 1))} ${day(addYears(new Date(2024, 1, 29), 1))}`)
const plus = (text, span) => DateTime.fromISO(text).plus(span).toISODate()
console.log(`luxon ${plus('2026-01-31', { months: 1 })} ${plus('2024-02-29', { years: 1 })}`)
JS

cat > run.py <<'PY'
from datetime import date
import duckdb
import polars
from dateutil.relativedelta import relativedelta

january, leap = date(2026, 1, 31), date(2024, 2, 29)
print("dateutil", january + relativedelta(months=1), leap + relativedelta(years=1))
month, year = duckdb.sql("select date '2026-01-31' + interval 1 month, date '2024-02-29' + interval 1 year").fetchall()[0]
print("DuckDB", month.date(), year.date())
print("polars", *(polars.Series([day]).dt.offset_by(span)[0] for day, span in ((january, "1mo"), (leap, "1y"))))
PY

cat > run.go <<'GO'
package main

import (
	"fmt"
	"time"
)

func main() {
	january := time.Date(2026, time.January, 31, 0, 0, 0, 0, time.UTC)
	leap := time.Date(2024, time.February, 29, 0, 0, 0, 0, time.UTC)
	fmt.Println("Go", january.AddDate(0, 1, 0).Format(time.DateOnly), leap.AddDate(1, 0, 0).Format(time.DateOnly))
}
GO

cat > expected <<'TEXT'
SQLite 2026-03-03 2025-03-01
SQLite floor 2026-02-28 2025-02-28
date-fns 2026-02-28 2025-02-28
luxon 2026-02-28 2025-02-28
dateutil 2026-02-28 2025-02-28
DuckDB 2026-02-28 2025-02-28
polars 2026-02-28 2025-02-28
Go 2026-03-03 2025-03-01
TEXT

node -e "require('sql.js')().then(({ Database }) => console.log('SQLite', new Database().exec('select sqlite_version()')[0].values[0][0]))"
go version
echo 'a month after 2026-01-31 and a year after 2024-02-29:'
{ node run.mjs; venv/bin/python run.py; go run run.go; } | tee seen
diff expected seen || { echo 'CHANGED: one of them counts months in another way' >&2; exit 1; }
