import os

import httpx
import relay

relays = httpx.Client(base_url=os.environ["RELAY"], headers={"authorization": f"Bearer {os.environ['RELAY_TOKEN']}"})
ID = os.environ["EVENT"]


def answer(model, response):
    response.raise_for_status()
    return model.model_validate(response.json())


listed = relays.get("/api/events", params={"type": ["payment.*"], "limit": 1}).json()
for one in (relay.EventSummary.model_validate(entry) for entry in listed["events"]):
    print("events", one.id, one.type, one.status.value)
event = answer(relay.Event, relays.get(f"/api/events/{ID}"))
print("event", event.deliveries[0].state.value, event.raw.encoding.value)
again = answer(relay.EventReplay, relays.post(f"/api/events/{ID}/replay", json={"dry_run": True}))
print("replay", ",".join(again.targets))
chosen = relay.ReplayFilter(state=[relay.ReplayableState.delivered], type=["payment.*"], since="1h")
body = {"filter": chosen.model_dump(mode="json", exclude_none=True), "dry_run": True}
print("plan", answer(relay.ReplayPlan, relays.post("/api/replays", json=body)).total)
print("database", answer(relay.SystemStatus, relays.get("/api/attention")).database.limit_bytes)

with open(os.environ["DELIVERY"], encoding="utf-8") as file:
    payment = relay.PaymentCreatedEvent.model_validate_json(file.read())
print("webhook", payment.type, payment.data.contact.email)
