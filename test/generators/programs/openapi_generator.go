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

func must[T any](value T, _ *http.Response, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.WithValue(context.Background(), relay.ContextAccessToken, os.Getenv("RELAY_TOKEN"))
	id := os.Getenv("EVENT")
	configuration := relay.NewConfiguration()
	configuration.Servers = relay.ServerConfigurations{{URL: os.Getenv("RELAY")}}
	client := relay.NewAPIClient(configuration)

	for _, one := range must(client.EventsAPI.GetEvents(ctx).Type_([]string{"payment.*"}).Limit(1).Execute()).Events {
		fmt.Println("events", one.Id, one.Type, one.Status)
	}
	event := must(client.EventsAPI.GetEventsId(ctx, id).Execute())
	fmt.Println("event", event.Deliveries[0].State, event.Raw.Encoding)
	dryRun := relay.PostEventsIdReplayRequest{DryRun: relay.PtrBool(true)}
	again := must(client.EventsAPI.PostEventsIdReplay(ctx, id).PostEventsIdReplayRequest(dryRun).Execute())
	fmt.Println("replay", strings.Join(again.Targets, ","))
	filter := relay.ReplayFilter{State: []relay.ReplayableState{"delivered"}, Type: []string{"payment.*"}, Since: relay.PtrString("1h")}
	request := relay.PostReplaysRequest{Filter: filter, DryRun: relay.PtrBool(true)}
	fmt.Println("plan", must(client.ReplaysAPI.PostReplays(ctx).PostReplaysRequest(request).Execute()).Total)
	status := must(client.AttentionAPI.GetAttention(ctx).Execute())
	fmt.Println("database", status.Database.Get().LimitBytes)

	body, err := os.ReadFile(os.Getenv("DELIVERY"))
	if err != nil {
		panic(err)
	}
	var payment relay.PaymentCreatedEvent
	if err := json.Unmarshal(body, &payment); err != nil {
		panic(err)
	}
	fmt.Println("webhook", payment.Type, *payment.Data.Contact.Email)
}
