import json
import os

from handle import handle
from pyramid.config import Configurator
from pyramid.response import Response
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


def receive(request):
    body = request.body
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return Response(status=401)
    handle(json.loads(body))
    return Response(status=204)


with Configurator() as config:
    config.add_route("hooks", "/hooks")
    config.add_view(receive, route_name="hooks", request_method="POST")
    app = config.make_wsgi_app()
