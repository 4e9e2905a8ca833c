package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("SIGNING_SECRET"))
	if err != nil {
		panic(err)
	}
	app := echo.New()
	app.POST("/hooks", func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil || webhook.Verify(body, c.Request().Header) != nil {
			return c.NoContent(http.StatusUnauthorized)
		}
		var event map[string]any
		if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &event); err != nil {
			return c.NoContent(http.StatusBadRequest)
		}
		handle(event)
		return c.NoContent(http.StatusNoContent)
	})
	panic(app.Start("127.0.0.1:" + os.Getenv("PORT")))
}
