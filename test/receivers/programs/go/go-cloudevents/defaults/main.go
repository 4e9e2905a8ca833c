package main

import (
	"net/http"
	"os"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

func main() {
	http.HandleFunc("POST /hooks", func(w http.ResponseWriter, r *http.Request) {
		event, err := cloudevents.NewEventFromHTTPRequest(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		handle(event)
		w.WriteHeader(http.StatusNoContent)
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
