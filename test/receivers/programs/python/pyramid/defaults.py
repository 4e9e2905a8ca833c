from handle import handle
from pyramid.config import Configurator
from pyramid.response import Response


def receive(request):
    handle(request.json_body)
    return Response(status=204)


with Configurator() as config:
    config.add_route("hooks", "/hooks")
    config.add_view(receive, route_name="hooks", request_method="POST")
    app = config.make_wsgi_app()
