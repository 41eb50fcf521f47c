"""The application: `create_app(settings)` is the only place that wires things."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from app.api import forms, problems, ratelimit, taken_numbers, tus, uploads
from app.api.app_version import RequireVersion
from app.api.body_limit import BodyLimit
from app.api.compress import Compress
from app.api.deadlines import DeadlineCache
from app.api.observe import Observe
from app.api.polled import Answers
from app.api.third_parties import ThirdParties
from app.config import Settings
from app.core import logging, schema
from app.core.crypto import Vault
from app.core.db import create_engine, create_readers, create_sessions
from app.core.files import FileStore
from app.core.replica import Replica
from app.routers import (
    ROUTERS,
    attachments,
    boundaries,
    contract,
    imports,
    intake,
    open311,
    public_reports,
    sync,
    tickets,
)
from app.routers import uploads as resumable
from app.services.access.keyring import Keyring
from app.services.access.uses import Uses
from app.services.platform.leases import Leases

DESCRIPTION = """网格化治理后端：发现上报 → 分类推送 → 协调处理 → 跟踪回访 → 评价结案。

The server behind the five-step loop of grid governance: grid members, households and tickets.
"""


def create_app(settings: Settings, database_url: str, read_url: str | None = None) -> FastAPI:
    """The ASGI application on a database, and perhaps a replica; refuses to start on a stale schema."""
    logging.configure(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await schema.require_head(app.state.engine)
        tasks = [
            asyncio.create_task(app.state.deadlines.keep_fresh(app.state.sessions)),
            asyncio.create_task(app.state.uses.keep_written(app.state.sessions)),
        ]
        replica: Replica | None = app.state.replica
        if replica is not None:
            tasks.append(asyncio.create_task(replica.keep_looking()))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if replica is not None:
            await replica.close()
        await app.state.engine.dispose()

    app = FastAPIOffline(
        title="Wangge 网格",
        version="1.0.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        swagger_ui_parameters={"persistAuthorization": True},
    )
    app.state.settings = settings
    app.state.engine = create_engine(database_url, pool_size=settings.pool_size, name="wangge-api")
    app.state.sessions = create_sessions(app.state.engine)
    app.state.readers = create_readers(app.state.engine)
    app.state.replica = (
        Replica(app.state.engine, read_url, pool_size=settings.pool_size) if read_url else None
    )
    app.state.files = FileStore(settings.files)
    app.state.vault = Vault(*settings.secrets)
    app.state.keyring = Keyring(app.state.vault, key_days=settings.signing_key_days)
    app.state.deadlines = DeadlineCache()
    app.state.answers = Answers()
    app.state.leases, app.state.uses = Leases(), Uses()
    # Phones that all come back at once leave half of the connections to everybody else.
    app.state.push_gate = asyncio.Semaphore(max(1, settings.pool_size // 2))
    app.state.schema_head = schema.head()
    problems.install(app)
    taken_numbers.install(app)
    # The document is a file (`routers.contract`); the framework would hold all of its shapes.
    app.router.routes[:] = [
        route for route in app.router.routes if getattr(route, "path", "") != contract.PATH
    ]
    for router in ROUTERS:
        # Not by `include_router`, which at the first request builds each route a second time and from then
        # on looks for it twice; nothing of ours is added to a router here.
        app.router.routes.extend(router.routes)
    app.add_middleware(ThirdParties)
    if settings.min_app_version:
        app.add_middleware(
            RequireVersion, minimum=settings.min_app_version, update_url=settings.app_update_url
        )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[
                "ETag",
                "X-Request-ID",
                "Location",
                "Idempotency-Replayed",
                *ratelimit.HEADERS,
                *tus.HEADERS,
            ],
        )
    with_file = settings.max_attachment_bytes + uploads.REST_BYTES
    by_path = {
        attachments.PATH: with_file,
        resumable.PATH: settings.max_attachment_bytes,
        f"{resumable.PATH}/": settings.max_attachment_bytes,
        boundaries.PATH: settings.max_boundaries_bytes,
        imports.PATH: settings.max_import_bytes + uploads.REST_BYTES,
        sync.PUSH: settings.max_push_bytes,
        **dict.fromkeys(open311.POSTED, with_file),
        # How many of these anybody may send is counted before they are read.
        public_reports.WITH_PHOTOS: forms.MAX_FILES * settings.max_attachment_bytes + uploads.REST_BYTES,
        intake.BATCHES: settings.max_push_bytes,
    }
    packed = (sync.PUSH, sync.PULL, intake.BATCHES, tickets.PREFIX, contract.PATH)
    app.add_middleware(Compress, paths=packed)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, by_path=by_path)
    app.add_middleware(Observe)
    return app
