from handle import handle
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


async def receive(request):
    handle(await request.json())
    return Response(status_code=204)


app = Starlette(routes=[Route("/hooks", receive, methods=["POST"])])
