import os

import tornado
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


class Hooks(tornado.web.RequestHandler):
    def post(self):
        try:
            event = webhook.verify(self.request.body, dict(self.request.headers))
        except WebhookVerificationError:
            self.set_status(401)
            return
        handle(event)
        self.set_status(204)


app = tornado.web.Application([("/hooks", Hooks)])
