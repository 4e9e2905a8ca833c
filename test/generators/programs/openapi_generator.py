import os

import relay

configuration = relay.Configuration(host=os.environ["RELAY"], access_token=os.environ["RELAY_TOKEN"])
ID = os.environ["EVENT"]

with relay.ApiClient(configuration) as client:
    events = relay.EventsApi(client)
    for one in events.get_events(type=["payment.*"], limit=1).events:
        print("events", one.id, one.type, one.status.value)
    event = events.get_events_id(ID)
    print("event", event.deliveries[0].state.value, event.raw.encoding)
    again = events.post_events_id_replay(ID, post_events_id_replay_request=relay.PostEventsIdReplayRequest(dry_run=True))
    print("replay", ",".join(again.targets))
    chosen = relay.ReplayFilter(state=[relay.ReplayableState.DELIVERED], type=["payment.*"], since="1h")
    plan = relay.ReplaysApi(client).post_replays(relay.PostReplaysRequest(filter=chosen, dry_run=True))
    print("plan", plan.total)
    print("database", relay.AttentionApi(client).get_attention().database.limit_bytes)

with open(os.environ["DELIVERY"], encoding="utf-8") as file:
    payment = relay.PaymentCreatedEvent.from_json(file.read())
print("webhook", payment.type, payment.data.contact.email)
