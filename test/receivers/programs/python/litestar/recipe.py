import json
import os

from handle import handle
from litestar import Litestar, Request, post
from litestar.exceptions import NotAuthorizedException
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


@post("/hooks", status_code=204)
async def receive(request: Request) -> None:
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError as error:
        raise NotAuthorizedException() from error
    handle(json.loads(body))


app = Litestar([receive])
