import falcon
from handle import handle


class Hooks:
    def on_post(self, request, response):
        handle(request.get_media())
        response.status = 204


app = falcon.App()
app.add_route("/hooks", Hooks())
