package main

import (
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
)

func main() {
	app := echo.New()
	app.POST("/hooks", func(c echo.Context) error {
		var event map[string]any
		if err := c.Bind(&event); err != nil {
			return err
		}
		handle(event)
		return c.NoContent(http.StatusNoContent)
	})
	panic(app.Start("127.0.0.1:" + os.Getenv("PORT")))
}
