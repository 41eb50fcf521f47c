"""Figures of the caller's scope: counts at a glance, KPIs, trends, parts, ranks, visits; cheap to poll."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.actors import FigureReader, StatsReader
from app.api.polled import UNCHANGED, Polled
from app.api.sessions import Session
from app.schemas.stats import CareTagsRead, OverviewRead
from app.schemas.stats_figures import (
    BreakdownRead,
    FlowRead,
    Freshness,
    KpiDefinitions,
    KpisRead,
    OverdueRead,
    RankingRead,
    TrendRead,
    VisitFiguresRead,
)
from app.schemas.stats_screen import (
    BreakdownQuery,
    FlowQuery,
    KpisQuery,
    OverdueQuery,
    RankingQuery,
    TrendQuery,
    VisitsQuery,
)
from app.services.stats import asked, care, freshness
from app.services.stats import overview as figures
from app.services.stats.overview import Period

router = APIRouter(prefix="/v1/stats", tags=["stats"])


@router.get(
    "/overview",
    summary="概览",
    operation_id="stats_overview",
    response_model=OverviewRead,
    responses=UNCHANGED,
)
async def stats_overview(polled: Polled, period: Period = Period.MONTH) -> Response:
    """Counts by stage, overdue, and what was reported, closed and satisfied in the period so far."""

    async def counts(session: AsyncSession) -> BaseModel:
        found = await figures.overview(session, actor=polled.actor, of=figures.window(period))
        return OverviewRead.model_validate(found)

    return await polled.told(counts, own=True)


@router.get("/care-tags", summary="关爱标签人数", operation_id="stats_care_tags")
async def stats_care_tags(
    session: Session,
    actor: StatsReader,
    area_id: Annotated[UUID, Query(description="镇街、村社区或网格")],
) -> CareTagsRead:
    """People by care tag in a town by villages, or in a village; small cells are withheld from others."""
    return CareTagsRead.model_validate(await care.tags(session, actor=actor, area_id=area_id))


@router.get("/definitions", summary="指标定义", operation_id="stats_definitions")
async def stats_definitions(_actor: FigureReader) -> KpiDefinitions:
    """All KPIs: what each counts, over what, and the version of the definitions."""
    return asked.definitions()


@router.get("/freshness", summary="数据新鲜度", operation_id="stats_freshness")
async def stats_freshness(session: Session, actor: FigureReader) -> Freshness:
    """How far the rollups are behind, and what the last self-check found; figures are exact all the same."""
    return await freshness.read(session, actor=actor)


@router.get("/kpis", summary="指标", operation_id="stats_kpis", response_model=KpisRead, responses=UNCHANGED)
async def stats_kpis(polled: Polled, query: Annotated[KpisQuery, Query()]) -> Response:
    """KPIs of a period beside the period before and the year before."""
    return await polled.figures(query)


@router.get(
    "/trend", summary="趋势", operation_id="stats_trend", response_model=TrendRead, responses=UNCHANGED
)
async def stats_trend(polled: Polled, query: Annotated[TrendQuery, Query()]) -> Response:
    """KPIs by hour, day, week or month."""
    return await polled.figures(query)


@router.get(
    "/breakdown",
    summary="按类别、区域、来源、单位或人员",
    operation_id="stats_breakdown",
    response_model=BreakdownRead,
    responses=UNCHANGED,
)
async def stats_breakdown(polled: Polled, query: Annotated[BreakdownQuery, Query()]) -> Response:
    """KPIs divided by something, the largest first; small cells are withheld from who sees no tickets."""
    return await polled.figures(query)


@router.get(
    "/flow", summary="五步流程", operation_id="stats_flow", response_model=FlowRead, responses=UNCHANGED
)
async def stats_flow(polled: Polled, query: Annotated[FlowQuery, Query()]) -> Response:
    """The five stages: open and overdue now, and what entered each in the period."""
    return await polled.figures(query)


@router.get(
    "/overdue",
    summary="超期与积压",
    operation_id="stats_overdue",
    response_model=OverdueRead,
    responses=UNCHANGED,
)
async def stats_overdue(polled: Polled, query: Annotated[OverdueQuery, Query()]) -> Response:
    """What is open by how long it is overdue and by its age, and who has most that is overdue."""
    return await polled.figures(query)


@router.get(
    "/ranking", summary="排名", operation_id="stats_ranking", response_model=RankingRead, responses=UNCHANGED
)
async def stats_ranking(polled: Polled, query: Annotated[RankingQuery, Query()]) -> Response:
    """Places by a KPI; equals share one, and who has too little to count has none."""
    return await polled.figures(query)


@router.get(
    "/visits",
    summary="走访与覆盖",
    operation_id="stats_visits",
    response_model=VisitFiguresRead,
    responses=UNCHANGED,
)
async def stats_visits(polled: Polled, query: Annotated[VisitsQuery, Query()]) -> Response:
    """Visits of a period, the households that they reached, and who needs care and was seen in time."""
    return await polled.figures(query)
