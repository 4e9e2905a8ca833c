from typing import Annotated, Any

from fastapi import Body, FastAPI
from handle import handle

app = FastAPI()


@app.post("/hooks", status_code=204)
async def receive(event: Annotated[dict[str, Any], Body()]):
    handle(event)
