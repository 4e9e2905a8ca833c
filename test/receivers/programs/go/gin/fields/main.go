package main

import (
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

func main() {
	app := gin.New()
	app.POST("/hooks", func(c *gin.Context) {
		var event struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		}
		if err := c.ShouldBind(&event); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		handle(map[string]any{"id": event.ID, "type": event.Type})
		c.Status(http.StatusNoContent)
	})
	panic(app.Run("127.0.0.1:" + os.Getenv("PORT")))
}
