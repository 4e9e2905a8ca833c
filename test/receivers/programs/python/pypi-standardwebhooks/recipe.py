import json
import os

from flask import Flask, request
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

app = Flask(__name__)
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks")
def receive():
    body = request.get_data()
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return "", 401
    handle(json.loads(body))
    return "", 204
