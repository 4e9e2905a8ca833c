import json
import os

from relay import AuthenticatedClient
from relay.api.attention import get_attention
from relay.api.events import get_events, get_events_id, post_events_id_replay
from relay.api.replays import post_replays
from relay.models import PaymentCreatedEvent, PostEventsIdReplayBody, PostReplaysBody, ReplayableState, ReplayFilter

client = AuthenticatedClient(base_url=os.environ["RELAY"], token=os.environ["RELAY_TOKEN"])
ID = os.environ["EVENT"]

for one in get_events.sync(client=client, type_=["payment.*"], limit=1).events:
    print("events", one.id, one.type_, one.status.value)
event = get_events_id.sync(ID, client=client)
print("event", event.deliveries[0].state.value, event.raw.encoding.value)
again = post_events_id_replay.sync(ID, client=client, body=PostEventsIdReplayBody(dry_run=True))
print("replay", ",".join(again.targets))
chosen = ReplayFilter(state=[ReplayableState.DELIVERED], type_=["payment.*"], since="1h")
print("plan", post_replays.sync(client=client, body=PostReplaysBody(filter_=chosen, dry_run=True)).total)
print("database", get_attention.sync(client=client).database.limit_bytes)

with open(os.environ["DELIVERY"], encoding="utf-8") as file:
    payment = PaymentCreatedEvent.from_dict(json.load(file))
print("webhook", payment.type_, payment.data.contact.email)
