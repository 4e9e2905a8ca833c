#!/usr/bin/env bash
# A Retry-After of "120.5", or two of them, ends the request in one library, and means "at once" in another.
#
# Expectation: A client that obeys Retry-After waits for the longer time, or ignores what it cannot read and backs off as usual.
# Behaviour: "120.5" is 121 s for axios-retry 4.5.0, 1 s (its own first wait) for go-retryablehttp 0.7.8, and an exception in
#   urllib3 2.8.0 and httpx-retries 0.6.0; with urllib3 the request fails without a second try. Two fields, which reach a client as
#   "120, 3600", are the same exception in Python and no wait in axios-retry; Go reads the first field only.
# Impact: Two rate limits in a row (a proxy and the application behind it) send two fields. The relay waits for the longest time
#   of all that it can read, in every one of these forms. Other senders do not: send one field with whole seconds.
# Source: RFC 9110, section 10.2.3 (a whole number of seconds, or an HTTP date) and section 5.3 (a field that is no list must
#   not be sent twice).
# Needs: node 20 or newer, npm, python3 with venv, go.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --loglevel=error --no-audit --no-fund axios@1.21.1 axios-retry@4.5.0 >&2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check urllib3==2.8.0 httpx-retries==0.6.0

cat > wait.mjs <<'JS'
import { retryAfter } from 'axios-retry'

for (const value of ['120', '120.5', '120, 3600']) {
  const seconds = Math.round(retryAfter({ response: { headers: { 'retry-after': value } } }) / 1000)
  console.log(`axios-retry "${value}" ${seconds} s`)
}
JS

cat > wait.py <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx_retries
import urllib3
from urllib3.util import Retry


def wait(parse, value):
    try:
        return f"{round(parse(value))} s"
    except Exception as error:
        return type(error).__name__


for name, retry in (("urllib3", Retry()), ("httpx-retries", httpx_retries.Retry())):
    for value in ("120", "120.5", "120, 3600"):
        print(f'{name} "{value}" {wait(retry.parse_retry_after, value)}')

# A server that is busy once, and asks for half a second.
requests = []


class Busy(BaseHTTPRequestHandler):
    def do_GET(self):
        requests.append(self.path)
        self.send_response(503 if len(requests) == 1 else 200)
        self.send_header("retry-after", "0.5")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Busy)
threading.Thread(target=server.serve_forever, daemon=True).start()
pool = urllib3.PoolManager(retries=Retry(3, status_forcelist=[503]))
try:
    result = pool.request("GET", f"http://127.0.0.1:{server.server_port}/").status
except urllib3.exceptions.HTTPError as error:
    result = type(error).__name__
print(f"urllib3 with 3 retries: {result} after {len(requests)} request")
PY

mkdir goprobe
cat > goprobe/main.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

func main() {
	for _, values := range [][]string{{"120"}, {"120.5"}, {"120, 3600"}, {"120", "3600"}} {
		response := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": values}}
		wait := retryablehttp.DefaultBackoff(time.Second, 30*time.Second, 0, response)
		fmt.Printf("go-retryablehttp %q %v s\n", values, wait.Seconds())
	}
}
GO
export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw
(
  cd goprobe
  go mod init probe
  go get github.com/hashicorp/go-retryablehttp@v0.7.8
  go build -o probe
) > go.log 2>&1 || { cat go.log >&2; exit 2; }

cat > expected <<'TEXT'
axios-retry "120" 120 s
axios-retry "120.5" 121 s
axios-retry "120, 3600" 0 s
urllib3 "120" 120 s
urllib3 "120.5" InvalidHeader
urllib3 "120, 3600" InvalidHeader
httpx-retries "120" 120 s
httpx-retries "120.5" ValueError
httpx-retries "120, 3600" ValueError
urllib3 with 3 retries: InvalidHeader after 1 request
go-retryablehttp ["120"] 120 s
go-retryablehttp ["120.5"] 1 s
go-retryablehttp ["120, 3600"] 1 s
go-retryablehttp ["120" "3600"] 120 s
TEXT

echo "axios-retry $(node -p "JSON.parse(fs.readFileSync('node_modules/axios-retry/package.json')).version")," \
  "urllib3 $(venv/bin/python -c 'from importlib.metadata import version; print(version("urllib3"))')," \
  "httpx-retries $(venv/bin/python -c 'from importlib.metadata import version; print(version("httpx-retries"))')," \
  "go-retryablehttp $(cd goprobe && go list -m -f '{{.Version}}' github.com/hashicorp/go-retryablehttp)"
echo "node $(node -p process.version), $(venv/bin/python --version), $(go version)"
{ node wait.mjs; venv/bin/python wait.py; (cd goprobe && ./probe); } | tee seen
diff expected seen || { echo 'CHANGED: one of them reads Retry-After differently' >&2; exit 1; }
