import os

from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

webhook = Webhook(os.environ["SIGNING_SECRET"])


async def receive(request):
    try:
        event = webhook.verify(await request.body(), dict(request.headers))
    except WebhookVerificationError:
        return Response(status_code=401)
    handle(event)
    return Response(status_code=204)


app = Starlette(routes=[Route("/hooks", receive, methods=["POST"])])
