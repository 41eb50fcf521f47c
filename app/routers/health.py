"""Liveness, readiness and metrics: for the operator's tools, without sign-in."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.api import observe
from app.api.documented import refusals
from app.core import schema
from app.core.errors import Unavailable
from app.models.platform import Heartbeat
from app.schemas.health import Alive, Ready
from app.services.stats import checking

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="存活", operation_id="health")
async def health() -> Alive:
    """This process answers; says nothing of the database."""
    return Alive(status="ok")


@router.get("/readyz", summary="就绪", operation_id="ready", responses=refusals(Unavailable))
async def ready(request: Request) -> Ready:
    """The database answers and has this code's schema; the worker's heartbeat is reported, not required."""
    try:
        revision = await schema.current(request.app.state.engine)
        async with request.app.state.sessions() as session:
            beat: datetime | None = await session.scalar(select(Heartbeat.at).limit(1))
    except (DBAPIError, OSError) as away:
        raise Unavailable from away
    if revision != request.app.state.schema_head:
        raise Unavailable
    return Ready(status="ok", schema_revision=revision, worker_seen_at=beat)


@router.get("/metrics", summary="Prometheus 指标", operation_id="metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Counters of this deployment's server processes and the fold's lag, in Prometheus' text format."""
    body, media_type = observe.metrics(await _gauges(request))
    return Response(body, media_type=media_type)


async def _gauges(request: Request) -> dict[str, tuple[str, float]]:
    """How far the figures are behind; nothing while the database is away."""
    try:
        async with request.app.state.sessions() as session:
            lag = await checking.lag(session)
    except (DBAPIError, OSError):
        return {}
    return {
        "wangge_figures_lag_seconds": ("Age of the oldest news that is not folded", lag.seconds),
        "wangge_figures_waiting": ("News that is not folded", lag.waiting),
        "wangge_figures_differ": ("1 when the last self-check found a difference", lag.checked_ok is False),
    }
