import os

from handle import handle
from quart import Quart, request
from standardwebhooks import Webhook, WebhookVerificationError

app = Quart(__name__)
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks")
async def receive():
    try:
        event = webhook.verify(await request.get_data(), dict(request.headers))
    except WebhookVerificationError:
        return "", 401
    handle(event)
    return "", 204
