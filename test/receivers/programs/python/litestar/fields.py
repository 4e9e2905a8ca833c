from dataclasses import asdict, dataclass

from handle import handle
from litestar import Litestar, post


@dataclass
class Event:
    id: str
    type: str


@post("/hooks", status_code=204)
async def receive(data: Event) -> None:
    handle(asdict(data))


app = Litestar([receive])
