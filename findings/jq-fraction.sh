#!/usr/bin/env bash
# jq's fromdate accepts a time in whole seconds and rejects the same time with a fraction.
#
# Expectation: fromdate exists to read ISO 8601, so it reads every RFC 3339 time.
# Behaviour: jq 1.8.2 knows one form, "%Y-%m-%dT%H:%M:%SZ". A fraction raises an error, and so does any offset other than Z.
#   gojq 0.12.20 reads offsets, but rejects fractions too. sub("\\.[0-9]+"; "") | fromdate works in both, and drops the
#   fraction.
# Impact: The relay writes a fraction only if there is one. `time` of a Hype event has whole seconds; `receivedat` and the
#   times of attempts have milliseconds, except for one in a thousand. A script over `npm run relay -- events --json` that
#   works for one event fails at the next. Remove the fraction first.
# Source: jq 1.8 manual, "Dates"; RFC 3339, section 5.6 (time-secfrac is optional); reported as jqlang/jq#2224.
# Needs: python3 with venv, go.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jq==1.13.0 # libjq 1.8.2

cat > run.py <<'PY'
import sys
import jq

for text in sys.argv[1:]:
    try:
        print(f"jq 1.8.2     {text}: {jq.compile(text).input_value(None).first()}")
    except ValueError as error:
        print(f"jq 1.8.2     {text}: error, {error}")
PY

mkdir gojq
cat > gojq/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/itchyny/gojq"
)

func main() {
	for _, text := range os.Args[1:] {
		query, err := gojq.Parse(text)
		if err != nil {
			panic(err)
		}
		value, _ := query.Run(nil).Next()
		if _, failed := value.(error); failed {
			fmt.Printf("gojq 0.12.20 %s: error\n", text)
			continue
		}
		fmt.Printf("gojq 0.12.20 %s: %.0f\n", text, value)
	}
}
GO
export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw
(cd gojq && go mod init probe && go get github.com/itchyny/gojq@v0.12.20) > go.log 2>&1 || { cat go.log >&2; exit 2; }

cat > expected <<'TEXT'
jq 1.8.2     "2026-11-21T18:09:17Z" | fromdate: 1795284557
jq 1.8.2     "2026-11-21T18:09:17.916Z" | fromdate: error, date "2026-11-21T18:09:17.916Z" does not match format "%Y-%m-%dT%H:%M:%SZ"
jq 1.8.2     "2026-11-22T05:09:17+11:00" | fromdate: error, date "2026-11-22T05:09:17+11:00" does not match format "%Y-%m-%dT%H:%M:%SZ"
jq 1.8.2     "2026-11-21T18:09:17.916Z" | sub("\\.[0-9]+"; "") | fromdate: 1795284557
gojq 0.12.20 "2026-11-21T18:09:17Z" | fromdate: 1795284557
gojq 0.12.20 "2026-11-21T18:09:17.916Z" | fromdate: error
gojq 0.12.20 "2026-11-22T05:09:17+11:00" | fromdate: 1795284557
gojq 0.12.20 "2026-11-21T18:09:17.916Z" | sub("\\.[0-9]+"; "") | fromdate: 1795284557
TEXT

expressions=(
  '"2026-11-21T18:09:17Z" | fromdate'
  '"2026-11-21T18:09:17.916Z" | fromdate'
  '"2026-11-22T05:09:17+11:00" | fromdate'
  '"2026-11-21T18:09:17.916Z" | sub("\\.[0-9]+"; "") | fromdate'
)
{ venv/bin/python run.py "${expressions[@]}"; (cd gojq && go run . "${expressions[@]}"); } | tee seen
diff expected seen || { echo 'CHANGED: fromdate reads these times in another way' >&2; exit 1; }
