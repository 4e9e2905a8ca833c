import json
import os

from fastapi import FastAPI, HTTPException, Request
from handle import handle
from standardwebhooks import Webhook, WebhookVerificationError

app = FastAPI()
webhook = Webhook(os.environ["SIGNING_SECRET"])


@app.post("/hooks", status_code=204)
async def receive(request: Request):
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        raise HTTPException(401)
    handle(json.loads(body))
