import json

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from flask import Flask, request
from handle import handle

app = Flask(__name__)


@app.post("/hooks")
def receive():
    event = from_http_event(HTTPMessage(dict(request.headers), request.get_data()))
    handle(json.loads(JSONFormat().write(event)))
    return "", 204
