from flask import Flask, request
from handle import handle

app = Flask(__name__)


@app.post("/hooks")
def receive():
    handle(request.get_json())
    return "", 204
