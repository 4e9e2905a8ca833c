package main

import (
	"net/http"
	"os"

	"github.com/gofiber/fiber/v3"
)

func main() {
	app := fiber.New()
	app.Post("/hooks", func(c fiber.Ctx) error {
		var event map[string]any
		if err := c.Bind().Body(&event); err != nil {
			return err
		}
		handle(event)
		return c.SendStatus(http.StatusNoContent)
	})
	panic(app.Listen("127.0.0.1:"+os.Getenv("PORT"), fiber.ListenConfig{DisableStartupMessage: true}))
}
