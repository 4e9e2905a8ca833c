import os

from handle import handle
from sanic import Sanic, empty
from standardwebhooks import Webhook, WebhookVerificationError

app = Sanic("receiver")
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks")
async def receive(request):
    try:
        event = webhook.verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return empty(status=401)
    handle(event)
    return empty()
