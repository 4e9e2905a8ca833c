from handle import handle
from quart import Quart, request

app = Quart(__name__)


@app.post("/hooks")
async def receive():
    handle(await request.get_json())
    return "", 204
