import json
import os

from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

webhook = Webhook(os.environ["SIGNING_SECRET"])


async def receive(request):
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return Response(status_code=401)
    handle(json.loads(body))
    return Response(status_code=204)


app = Starlette(routes=[Route("/hooks", receive, methods=["POST"])])
