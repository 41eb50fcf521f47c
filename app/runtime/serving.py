"""The API server: uvicorn with uvloop and httptools, on a socket that we bind ourselves.

Each server process builds its application through `process.application`, from the environment alone,
because uvicorn starts several of them afresh; the one that watches them imports no route and no table.
Graceful: on SIGTERM or SIGINT requests in flight get ten seconds.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from app.config import Settings
from app.core import logging
from app.runtime import databases, guards, head
from app.runtime.failures import CommandFailed

GRACE_SECONDS = 10
BACKLOG = 2048
COUNTERS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FACTORY = "app.runtime.process:application"


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; `CommandFailed`, `SchemaStale` and the like before that."""
    logging.configure(settings.log_level)
    guards.leave_on_signals()
    guards.refuse_port(settings.host, settings.port)
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        os.environ[databases.URL_VARIABLE] = database.app_url
        with _bound(settings.host, settings.port) as listener, _shared_counters(settings):
            _run(settings, listener)


def server_config(settings: Settings) -> uvicorn.Config:
    """How uvicorn runs: no access log (ours has more and tells less), no server header, no websockets."""
    return uvicorn.Config(
        FACTORY,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or [],
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _run(settings: Settings, listener: socket.socket) -> None:
    config = server_config(settings)
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise CommandFailed("服务未能启动，原因见上面的日志")


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.set_inheritable(True)
        yield listener


@contextmanager
def _shared_counters(settings: Settings) -> Iterator[None]:
    """A folder in which several server processes add up their counters; emptied at every start."""
    if settings.workers == 1:
        os.environ.pop(COUNTERS_VARIABLE, None)
        yield
        return
    folder = Path(settings.data_dir / "metrics" / str(settings.port)).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[COUNTERS_VARIABLE] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
