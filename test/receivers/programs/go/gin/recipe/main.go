package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("SIGNING_SECRET"))
	if err != nil {
		panic(err)
	}
	app := gin.New()
	app.POST("/hooks", func(c *gin.Context) {
		body, err := c.GetRawData()
		if err != nil || webhook.Verify(body, c.Request.Header) != nil {
			c.Status(http.StatusUnauthorized)
			return
		}
		var event map[string]any
		if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &event); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		handle(event)
		c.Status(http.StatusNoContent)
	})
	panic(app.Run("127.0.0.1:" + os.Getenv("PORT")))
}
