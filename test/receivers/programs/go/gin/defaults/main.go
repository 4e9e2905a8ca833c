package main

import (
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

func main() {
	app := gin.New()
	app.POST("/hooks", func(c *gin.Context) {
		var event map[string]any
		if err := c.ShouldBind(&event); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		handle(event)
		c.Status(http.StatusNoContent)
	})
	panic(app.Run("127.0.0.1:" + os.Getenv("PORT")))
}
