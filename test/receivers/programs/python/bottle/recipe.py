import json
import os

from bottle import Bottle, HTTPResponse, request
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

app = Bottle()
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks")
def receive():
    body = request.body.read()
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return HTTPResponse(status=401)
    handle(json.loads(body))
    return HTTPResponse(status=204)
