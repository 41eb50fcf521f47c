"""The application under test: the real one of a server process, and two routes more.

`GET /bench/constant` is the limit of this machine for anything that the server answers: the same
processes, middleware and framework, but no sign-in, no database and a small constant body. It names its
process, so that the load generator can share its connections out evenly. `PUT /v1/uploads/plain` is the
limit for files: it writes the body to the disk and knows nothing else.
"""

import asyncio
import os
from tempfile import NamedTemporaryFile
from typing import IO

from fastapi import FastAPI, Request
from fastapi.responses import Response

from app.runtime import process
from bench.server import CONSTANT, PLAIN


def application() -> FastAPI:
    """One server process' application, with the constant route."""
    app = process.application()
    body = b'{"status":"ok","process":%d}' % os.getpid()

    @app.get(CONSTANT, include_in_schema=False)
    async def constant() -> Response:
        return Response(body, media_type="application/json")

    @app.put(PLAIN, include_in_schema=False)
    async def plain(request: Request) -> Response:
        with NamedTemporaryFile(dir=app.state.settings.data_dir) as file:
            async for data in request.stream():
                await asyncio.to_thread(file.write, data)
            await asyncio.to_thread(_to_the_disk, file)
        return Response(status_code=201)

    return app


def _to_the_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
