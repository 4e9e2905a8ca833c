import os

from aiohttp import web
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


async def receive(request):
    try:
        event = webhook.verify(await request.read(), dict(request.headers))
    except WebhookVerificationError:
        return web.Response(status=401)
    handle(event)
    return web.Response(status=204)


app = web.Application(client_max_size=2_000_000)
app.add_routes([web.post("/hooks", receive)])
