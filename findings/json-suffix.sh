#!/usr/bin/env bash
# A JSON body whose type is application/cloudevents+json is no JSON for Gin, Express and Bottle: the handler gets an empty event
# and no error.
#
# Expectation: types that end in "+json" are JSON (RFC 6839, section 3.1), so a JSON reader reads them; one that does not
#   refuses the body with 415 or an error.
# Behaviour: ShouldBind of Gin 1.12.0 takes every type that it does not know for a form, and returns no error: the struct is
#   empty. express.json() of Express 5.3.0 leaves request.body undefined, request.json of Bottle 0.13.4 is None. Each handler
#   runs, and answers 2xx. Echo 5.4.6, which looks alike, refuses with 415.
# Impact: With content_type = "application/cloudevents+json" the relay records a delivery as delivered that the receiver's code
#   never saw. application/json, the default of the relay, is read by all.
# Source: docs of Gin, "Model binding" (ShouldBind selects by the Content-Type header); README of body-parser, option `type`;
#   docs of Bottle, `BaseRequest.json`.
# Needs: node with npm, go, python3 with venv.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat > package.json <<'JSON'
{ "type": "module", "dependencies": { "express": "5.3.0" } }
JSON
npm install --silent --no-audit --no-fund
cat > run.js <<'JS'
import express from 'express'

const app = express()
app.use(express.json())
app.post('/', (request, response) => response.send(`handler got ${request.body?.type ?? request.body}`))
const server = app.listen(0, async () => {
  for (const type of ['application/json', 'application/cloudevents+json']) {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: '{"type":"payment.created"}',
    })
    console.log(`Express 5.3.0 ${type}: ${response.status}, ${await response.text()}`)
  }
  server.close()
})
JS

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check bottle==0.13.4
cat > run.py <<'PY'
import io

from bottle import Bottle, request

app = Bottle()


@app.post("/")
def receive():
    return f"handler got {request.json and request.json['type']}"


body = b'{"type":"payment.created"}'
for kind in ["application/json", "application/cloudevents+json"]:
    seen = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    answer = b"".join(app(environ, lambda status, headers, *rest: seen.append(status)))
    print(f"Bottle 0.13.4 {kind}: {seen[0][:3]}, {answer.decode()}")
PY

mkdir gin
cat > gin/main.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v5"
)

type Event struct {
	Type string `json:"type"`
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.POST("/", func(c *gin.Context) {
		var event Event
		err := c.ShouldBind(&event)
		c.String(http.StatusOK, "handler got %q, error %v", event.Type, err)
	})
	app := echo.New()
	app.POST("/", func(c *echo.Context) error {
		var event Event
		if err := c.Bind(&event); err != nil {
			return err
		}
		return c.String(http.StatusOK, fmt.Sprintf("handler got %q", event.Type))
	})
	for _, one := range []struct {
		name    string
		handler http.Handler
	}{{"Gin 1.12.0   ", router}, {"Echo 5.4.6   ", app}} {
		for _, kind := range []string{"application/json", "application/cloudevents+json"} {
			request := httptest.NewRequest("POST", "/", strings.NewReader(`{"type":"payment.created"}`))
			request.Header.Set("content-type", kind)
			response := httptest.NewRecorder()
			one.handler.ServeHTTP(response, request)
			fmt.Printf("%s %s: %d, %s\n", one.name, kind, response.Code, strings.TrimSpace(response.Body.String()))
		}
	}
}
GO
export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw
(cd gin && go mod init probe && go get github.com/gin-gonic/gin@v1.12.0 github.com/labstack/echo/v5@v5.4.6) > go.log 2>&1 || { cat go.log >&2; exit 2; }

cat > expected <<'TEXT'
Express 5.3.0 application/json: 200, handler got payment.created
Express 5.3.0 application/cloudevents+json: 200, handler got undefined
Bottle 0.13.4 application/json: 200, handler got payment.created
Bottle 0.13.4 application/cloudevents+json: 200, handler got None
Gin 1.12.0    application/json: 200, handler got "payment.created", error <nil>
Gin 1.12.0    application/cloudevents+json: 200, handler got "", error <nil>
Echo 5.4.6    application/json: 200, handler got "payment.created"
Echo 5.4.6    application/cloudevents+json: 415, {"message":"Unsupported Media Type"}
TEXT
{ node run.js; venv/bin/python run.py; (cd gin && go run .); } | tee seen
diff expected seen || { echo 'CHANGED: these types are read in another way' >&2; exit 1; }
