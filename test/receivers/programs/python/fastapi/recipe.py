import os

from fastapi import FastAPI, HTTPException, Request
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

app = FastAPI()
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks", status_code=204)
async def receive(request: Request):
    try:
        event = webhook.verify(await request.body(), dict(request.headers))
    except WebhookVerificationError:
        raise HTTPException(401)
    handle(event)
