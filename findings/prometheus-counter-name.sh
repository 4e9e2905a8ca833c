#!/usr/bin/env bash
# Python's Prometheus parser renames counters, and npm's returns numbers as text.
#
# Expectation: A parser of the text format returns each metric under the name in its TYPE line, with a number as its value.
# Behaviour: prometheus-client 0.26.0 (Python) removes "_total" from the name of a counter, so
#   "membership_relay_attempts_total" is not among the families; its samples keep the name. For a counter without "_total"
#   it adds "_total" to the samples. parse-prometheus-text-format 1.1.1 (npm) keeps names and returns values as text, so
#   that 12 and 4 add up to "0124". Go's expfmt (prometheus/common 0.74.0) meets the expectation.
# Impact: A custom check of /metrics, such as an alert on the backlog, is written with one of these. Match the names of
#   samples in Python, and use Number() in JavaScript. A counter of another program without "_total" has a name in Python
#   that its page does not show.
# Source: Prometheus documentation, "Exposition formats", text format; OpenMetrics 1.0, "Counter" (the family name excludes
#   _total); client_python documentation, "Parser".
# Needs: node, npm, python3 with venv, go.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund parse-prometheus-text-format@1.1.1 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check prometheus-client==0.26.0

cat > metrics.txt <<'METRICS'
# HELP membership_relay_attempts_total Attempts.
# TYPE membership_relay_attempts_total counter
membership_relay_attempts_total{target="crm"} 12
membership_relay_attempts_total{target="door"} 4
# HELP door_openings Openings, by a program that does not add _total.
# TYPE door_openings counter
door_openings 7
METRICS

cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs'
import parse from 'parse-prometheus-text-format'

for (const { name, metrics } of parse(readFileSync('metrics.txt', 'utf8'))) {
  const sum = metrics.reduce((total, { value }) => total + value, 0)
  console.log(`npm: ${name}, sum ${JSON.stringify(sum)}`)
}
JS

cat > run.py <<'PY'
from prometheus_client.parser import text_string_to_metric_families

for family in text_string_to_metric_families(open("metrics.txt").read()):
    names = sorted({sample.name for sample in family.samples})
    print(f"Python: {family.name}, samples {' '.join(names)}, sum {sum(s.value for s in family.samples)}")
PY

mkdir parser
cat > parser/main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(os.Stdin)
	if err != nil {
		panic(err)
	}
	lines := []string{}
	for name, family := range families {
		sum := 0.0
		for _, metric := range family.Metric {
			sum += metric.Counter.GetValue()
		}
		lines = append(lines, fmt.Sprintf("Go: %s, sum %g", name, sum))
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
}
GO
export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw
(cd parser && go mod init probe && go get github.com/prometheus/common/expfmt@v0.74.0) > go.log 2>&1 || { cat go.log >&2; exit 2; }

cat > expected <<'TEXT'
npm: membership_relay_attempts_total, sum "0124"
npm: door_openings, sum "07"
Python: membership_relay_attempts, samples membership_relay_attempts_total, sum 16
Python: door_openings, samples door_openings_total, sum 7
Go: door_openings, sum 7
Go: membership_relay_attempts_total, sum 16
TEXT

echo "parse-prometheus-text-format 1.1.1, prometheus-client $(venv/bin/python -c 'from importlib.metadata import version; print(version("prometheus-client"))')," \
  "prometheus/common $(cd parser && go list -m -f "{{.Version}}" github.com/prometheus/common)"
{ node run.mjs; venv/bin/python run.py; (cd parser && go run . < ../metrics.txt); } | tee seen
diff expected seen || { echo 'CHANGED: one of them reads the text in another way' >&2; exit 1; }
