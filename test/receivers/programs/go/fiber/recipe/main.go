package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"

	"github.com/gofiber/fiber/v3"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("SIGNING_SECRET"))
	if err != nil {
		panic(err)
	}
	app := fiber.New()
	app.Post("/hooks", func(c fiber.Ctx) error {
		// The body is valid until the handler returns: copy what is used later.
		body := c.BodyRaw()
		if webhook.Verify(body, http.Header(c.GetReqHeaders())) != nil {
			return c.SendStatus(http.StatusUnauthorized)
		}
		var event map[string]any
		if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &event); err != nil {
			return c.SendStatus(http.StatusBadRequest)
		}
		handle(event)
		return c.SendStatus(http.StatusNoContent)
	})
	panic(app.Listen("127.0.0.1:"+os.Getenv("PORT"), fiber.ListenConfig{DisableStartupMessage: true}))
}
