"""Figures of the caller's scope, cheap to poll: an ETag says in two statements that nothing changed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.api import etags
from app.api.actors import StatsReader
from app.api.sessions import Session
from app.schemas.stats import CareTagsRead, OverviewRead
from app.services.stats import care
from app.services.stats import overview as figures
from app.services.stats.overview import Period

router = APIRouter(prefix="/v1/stats", tags=["stats"])
CACHE = "private, no-cache"


@router.get(
    "/overview",
    summary="概览",
    operation_id="stats_overview",
    response_model=OverviewRead,
    responses={304: {"description": "自上次以来没有变化"}},
)
async def stats_overview(
    session: Session,
    actor: StatsReader,
    request: Request,
    response: Response,
    period: Period = Period.MONTH,
) -> OverviewRead | Response:
    """Counts by stage, overdue, and what was reported, closed and satisfied in the period so far."""
    of = figures.window(period)
    etag = await figures.etag(session, actor=actor, period=period, of=of)
    if etags.matches(request, etag):
        return etags.not_modified(etag, CACHE)
    response.headers["ETag"], response.headers["Cache-Control"] = etag, CACHE
    return OverviewRead.model_validate(await figures.overview(session, actor=actor, of=of))


@router.get("/care-tags", summary="关爱标签人数", operation_id="stats_care_tags")
async def stats_care_tags(
    session: Session,
    actor: StatsReader,
    area_id: Annotated[UUID, Query(description="镇街、村社区或网格")],
) -> CareTagsRead:
    """People by care tag in a town by villages, or in a village; small cells are withheld from others."""
    return CareTagsRead.model_validate(await care.tags(session, actor=actor, area_id=area_id))
