from fastapi import FastAPI
from handle import handle
from pydantic import BaseModel

app = FastAPI()


class Event(BaseModel):
    id: str
    type: str


@app.post("/hooks", status_code=204)
async def receive(event: Event):
    handle(event.model_dump())
