import os

from handle import handle
from litestar import Litestar, Request, post
from litestar.exceptions import NotAuthorizedException
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SIGNING_SECRET"])


@post("/hooks", status_code=204)
async def receive(request: Request) -> None:
    try:
        event = webhook.verify(await request.body(), dict(request.headers))
    except WebhookVerificationError as error:
        raise NotAuthorizedException() from error
    handle(event)


app = Litestar([receive])
