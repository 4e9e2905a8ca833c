package main

import (
	"net/http"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/render"
)

func main() {
	app := chi.NewRouter()
	app.Post("/hooks", func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		}
		if err := render.Decode(r, &event); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		handle(map[string]any{"id": event.ID, "type": event.Type})
		w.WriteHeader(http.StatusNoContent)
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), app))
}
