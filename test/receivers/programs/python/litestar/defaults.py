from typing import Any

from handle import handle
from litestar import Litestar, post


@post("/hooks", status_code=204)
async def receive(data: dict[str, Any]) -> None:
    handle(data)


app = Litestar([receive])
