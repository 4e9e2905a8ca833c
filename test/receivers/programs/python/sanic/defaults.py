from handle import handle
from sanic import Sanic, empty

app = Sanic("receiver")


@app.post("/hooks")
async def receive(request):
    handle(request.json)
    return empty()
