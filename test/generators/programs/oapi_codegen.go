package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"example.com/client/relay"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	id := os.Getenv("EVENT")
	signIn := relay.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("authorization", "Bearer "+os.Getenv("RELAY_TOKEN"))
		return nil
	})
	client := must(relay.NewClientWithResponses(os.Getenv("RELAY"), signIn))

	limit, types, yes, since := 1, []string{"payment.*"}, true, "1h"
	list := must(client.GetEventsWithResponse(ctx, &relay.GetEventsParams{Limit: &limit, Type: &types}))
	for _, one := range list.JSON200.Events {
		fmt.Println("events", one.Id, one.Type, one.Status)
	}
	event := must(client.GetEventsIdWithResponse(ctx, id)).JSON200
	fmt.Println("event", event.Deliveries[0].State, event.Raw.Encoding)
	again := must(client.PostEventsIdReplayWithResponse(ctx, id, nil, relay.PostEventsIdReplayJSONRequestBody{DryRun: &yes}))
	fmt.Println("replay", strings.Join(again.JSON200.Targets, ","))
	filter := relay.ReplayFilter{State: &[]relay.ReplayableState{"delivered"}, Type: &types, Since: &since}
	plan := must(client.PostReplaysWithResponse(ctx, nil, relay.PostReplaysJSONRequestBody{Filter: filter, DryRun: &yes}))
	fmt.Println("plan", plan.JSON200.Total)
	fmt.Println("database", must(client.GetAttentionWithResponse(ctx)).JSON200.Database.LimitBytes)

	var payment relay.PaymentCreatedEvent
	if err := json.Unmarshal(must(os.ReadFile(os.Getenv("DELIVERY"))), &payment); err != nil {
		panic(err)
	}
	fmt.Println("webhook", payment.Type, *payment.Data.Contact.Email)
}
