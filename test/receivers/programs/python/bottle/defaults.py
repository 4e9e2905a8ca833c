from bottle import Bottle, HTTPResponse, request
from handle import handle

app = Bottle()


@app.post("/hooks")
def receive():
    handle(request.json)
    return HTTPResponse(status=204)
