#!/usr/bin/env bash
# pandas.read_json converts JSON strings to numbers.
#
# Expectation: JSON has types, so "0012345" stays text when a file is read. Only CSV readers guess types.
# Behaviour: pandas 3.1.1 tries to convert each column of strings to numbers. A fob loses its leading zeros, a phone number
#   its plus sign, a decimal amount becomes a binary float, two barcodes of 20 digits become the same float, and the id
#   "12e4" becomes 120000. A single value that is not a number keeps the whole column as text, so one file can differ from
#   the next. dtype=False keeps text as text; polars 2.1.0 does so by default.
# Impact: The relay sends ids, fobs, phone numbers and amounts as text so that nothing is lost. A report over rows that a
#   `transform` flattened then joins on ids that differ from the vendor's. Pass dtype=False.
# Source: pandas API reference, pandas.read_json, dtype (inferred for every orient but "table").
# Needs: python 3.11 or newer with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pandas==3.1.1 polars==2.1.0

cat > rows.ndjson <<'JSON'
{"vendor_id":"12e4","fob_number":"0012345","phone":"+61400000001","amount":"29.90","barcode":"12345678901234567890"}
{"vendor_id":"12e5","fob_number":"0000007","phone":"+61400000002","amount":"10","barcode":"12345678901234567891"}
JSON

cat > run.py <<'PY'
import pandas
import polars

readers = {
    "pandas": pandas.read_json("rows.ndjson", lines=True).to_dict("records"),
    "pandas dtype=False": pandas.read_json("rows.ndjson", lines=True, dtype=False).to_dict("records"),
    "polars": polars.read_ndjson("rows.ndjson").to_dicts(),
}
print("pandas", pandas.__version__, "polars", polars.__version__)
for name, rows in readers.items():
    for column in rows[0]:
        print(f"{name}: {column} {[row[column] for row in rows]}")
PY

cat > expected <<'TEXT'
pandas 3.1.1 polars 2.1.0
pandas: vendor_id [120000.0, 1200000.0]
pandas: fob_number [12345, 7]
pandas: phone [61400000001, 61400000002]
pandas: amount [29.9, 10.0]
pandas: barcode [1.2345678901234567e+19, 1.2345678901234567e+19]
pandas dtype=False: vendor_id ['12e4', '12e5']
pandas dtype=False: fob_number ['0012345', '0000007']
pandas dtype=False: phone ['+61400000001', '+61400000002']
pandas dtype=False: amount ['29.90', '10']
pandas dtype=False: barcode ['12345678901234567890', '12345678901234567891']
polars: vendor_id ['12e4', '12e5']
polars: fob_number ['0012345', '0000007']
polars: phone ['+61400000001', '+61400000002']
polars: amount ['29.90', '10']
polars: barcode ['12345678901234567890', '12345678901234567891']
TEXT

venv/bin/python run.py | tee seen
diff expected seen || { echo 'CHANGED: a column is read with another type' >&2; exit 1; }
