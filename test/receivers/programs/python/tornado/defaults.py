import json

import tornado
from handle import handle


class Hooks(tornado.web.RequestHandler):
    def post(self):
        handle(json.loads(self.request.body))
        self.set_status(204)


app = tornado.web.Application([("/hooks", Hooks)])
