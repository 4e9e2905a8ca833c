package main

import (
	"net/http"
	"os"

	"github.com/labstack/echo/v5"
)

func main() {
	app := echo.New()
	app.POST("/hooks", func(c *echo.Context) error {
		var event struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		}
		if err := c.Bind(&event); err != nil {
			return err
		}
		handle(map[string]any{"id": event.ID, "type": event.Type})
		return c.NoContent(http.StatusNoContent)
	})
	panic(app.Start("127.0.0.1:" + os.Getenv("PORT")))
}
