# Your code. Here it tells the matrix what it was given.
import json


def handle(event):
    print("GOT " + json.dumps(event), flush=True)
