import json
import os

from handle import handle
from quart import Quart, request
from standardwebhooks import Webhook, WebhookVerificationError

app = Quart(__name__)
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks")
async def receive():
    body = await request.get_data()
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return "", 401
    handle(json.loads(body))
    return "", 204
