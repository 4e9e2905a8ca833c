import os

from bottle import Bottle, HTTPResponse, request
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

app = Bottle()
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks")
def receive():
    try:
        event = webhook.verify(request.body.read(), dict(request.headers))
    except WebhookVerificationError:
        return HTTPResponse(status=401)
    handle(event)
    return HTTPResponse(status=204)
