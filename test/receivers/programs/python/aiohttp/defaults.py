from aiohttp import web
from handle import handle


async def receive(request):
    handle(await request.json())
    return web.Response(status=204)


app = web.Application()
app.add_routes([web.post("/hooks", receive)])
