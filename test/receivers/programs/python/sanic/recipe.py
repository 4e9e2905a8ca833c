import json
import os

from handle import handle
from sanic import Sanic, empty
from standardwebhooks import Webhook, WebhookVerificationError

app = Sanic("receiver")
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks")
async def receive(request):
    body = request.body
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return empty(status=401)
    handle(json.loads(body))
    return empty()
