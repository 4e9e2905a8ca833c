import json
import os

from aiohttp import web
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


async def receive(request):
    body = await request.read()
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return web.Response(status=401)
    handle(json.loads(body))
    return web.Response(status=204)


app = web.Application(client_max_size=2_000_000)
app.add_routes([web.post("/hooks", receive)])
