# Starts the `app` of a program with a server of its kind: python serve.py flask/recipe.py
import importlib.util
import inspect
import os
import sys

port = int(os.environ["PORT"])
spec = importlib.util.spec_from_file_location("program", sys.argv[1])
program = importlib.util.module_from_spec(spec)
sys.modules["program"] = program
spec.loader.exec_module(program)
app = program.app

match type(app).__module__.split(".")[0]:
    case "aiohttp":
        from aiohttp import web

        web.run_app(app, host="127.0.0.1", port=port, print=None)
    case "sanic":
        app.run(host="127.0.0.1", port=port, single_process=True, motd=False)
    case "tornado":
        import asyncio

        async def serve():
            app.listen(port, "127.0.0.1")
            await asyncio.Event().wait()

        asyncio.run(serve())
    case _ if inspect.iscoroutinefunction(app.__call__) or inspect.iscoroutinefunction(app):
        import uvicorn

        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
    case _:
        import waitress

        waitress.serve(app, host="127.0.0.1", port=port, _quiet=True)
