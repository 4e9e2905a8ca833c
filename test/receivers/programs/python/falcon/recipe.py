import json
import os

import falcon
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


class Hooks:
    def on_post(self, request, response):
        body = request.bounded_stream.read()
        try:
            webhook.verify(body, request.headers, json_parse=False)
        except WebhookVerificationError:
            response.status = 401
            return
        handle(json.loads(body))
        response.status = 204


app = falcon.App()
app.add_route("/hooks", Hooks())
