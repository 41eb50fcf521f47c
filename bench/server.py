"""The server under test: the real application, served as `wangge serve` does, and one route more.

`GET /bench/constant` is the limit of this machine for anything that the server answers: the same
processes, middleware and framework, but no sign-in, no database and a small constant body. It names its
process, so that the load generator can share its connections out evenly. Run as `python -m bench.server`.
"""

import os
import sys

from fastapi import FastAPI
from fastapi.responses import Response

from app.config import Settings
from app.runtime import serving

CONSTANT = "/bench/constant"


def application() -> FastAPI:
    """One server process' application, with the constant route."""
    app = serving.application()
    body = b'{"status":"ok","process":%d}' % os.getpid()

    @app.get(CONSTANT, include_in_schema=False)
    async def constant() -> Response:
        return Response(body, media_type="application/json")

    return app


if __name__ == "__main__":
    serving.FACTORY = "bench.server:application"
    serving.serve(Settings(port=int(sys.argv[1]), workers=int(sys.argv[2])))
