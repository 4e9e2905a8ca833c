import json
import os

import tornado
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


class Hooks(tornado.web.RequestHandler):
    def post(self):
        body = self.request.body
        try:
            webhook.verify(body, dict(self.request.headers), json_parse=False)
        except WebhookVerificationError:
            self.set_status(401)
            return
        handle(json.loads(body))
        self.set_status(204)


app = tornado.web.Application([("/hooks", Hooks)])
