import os

import falcon
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


class Hooks:
    def on_post(self, request, response):
        try:
            event = webhook.verify(request.bounded_stream.read(), request.headers)
        except WebhookVerificationError:
            response.status = 401
            return
        handle(event)
        response.status = 204


app = falcon.App()
app.add_route("/hooks", Hooks())
