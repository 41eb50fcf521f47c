"""Any question about figures to the one who answers it: asked alone or as a part of a screen, the same."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums.figure import Breakdown
from app.schemas.stats_figures import (
    AnswerRead,
    BreakdownRead,
    FlowRead,
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
    LiveQuery,
    MapQuery,
    Narrowed,
    OverdueQuery,
    RankingQuery,
    ScreenAsked,
    ScreenRead,
    Timed,
    TrendQuery,
    VisitsQuery,
)
from app.schemas.stats_shown import LiveRead, MapRead
from app.services.platform.actor import Actor
from app.services.stats import board, breakdowns, grids, live, sight, tail, visiting
from app.services.stats.asked import Asked
from app.services.stats.kpis import VERSION

STANDARD = ScreenAsked.model_validate(
    {
        "questions": [
            {"name": "flow", "kind": "flow", "period": "today"},
            {"name": "kpis", "kind": "kpis"},
            {"name": "trend", "kind": "trend", "period": "last_30_days"},
            {"name": "categories", "kind": "breakdown", "by": "category", "limit": 10},
            {"name": "areas", "kind": "ranking"},
            {"name": "overdue", "kind": "overdue"},
            {"name": "map", "kind": "map", "geometry": False},
            {"name": "visits", "kind": "visits"},
            {"name": "live", "kind": "live"},
        ]
    }
)
_EVERY_ROW = 500
Answering = Callable[[AsyncSession, Actor, Any], Awaitable[Any]]


async def answer(session: AsyncSession, *, actor: Actor, asked: Narrowed) -> AnswerRead:
    """The answer to one question; `NotFound` outside the caller's reach, `Invalid` for nonsense."""
    answering = next(ANSWERS[kind] for kind in type(asked).__mro__ if kind in ANSWERS)
    found: AnswerRead = await answering(session, actor, asked)
    return found


async def screen(session: AsyncSession, *, actor: Actor, asked: ScreenAsked) -> ScreenRead:
    """All answers of a screen; as of the earliest of them."""
    with tail.of_one_moment(session).shared(session):
        found: dict[str, Any] = {
            question.name: await answer(session, actor=actor, asked=question) for question in asked.questions
        }
    as_of = min(each.as_of for each in found.values())
    return ScreenRead(as_of=as_of, definition_version=VERSION, answers=found)


def about(asked: Narrowed) -> Asked:
    """A question's own words as the services take them."""
    if isinstance(asked, Timed):
        return Asked(asked.area_id, asked.org_id, asked.period, asked.first, asked.last)
    return Asked(asked.area_id, asked.org_id)


async def _kpis(session: AsyncSession, actor: Actor, asked: KpisQuery) -> KpisRead:
    return await board.kpis(session, actor=actor, asked=about(asked), codes=asked.kpis)


async def _trend(session: AsyncSession, actor: Actor, asked: TrendQuery) -> TrendRead:
    return await board.trend(session, actor=actor, asked=about(asked), codes=asked.kpis, grain=asked.grain)


async def _breakdown(session: AsyncSession, actor: Actor, asked: BreakdownQuery) -> BreakdownRead:
    sight.require(actor, asked.by)
    near = asked.by is not Breakdown.CATEGORY or sight.closely(actor)
    limit = asked.limit if near else _EVERY_ROW
    found = await breakdowns.breakdown(
        session, actor=actor, asked=about(asked), by=asked.by, codes=asked.kpis, limit=limit
    )
    if near:
        return found
    return sight.withheld(found, asked.limit if sight.whole(actor, asked.area_id, asked.org_id) else 0)


async def _flow(session: AsyncSession, actor: Actor, asked: FlowQuery) -> FlowRead:
    return await board.flow(session, actor=actor, asked=about(asked))


async def _overdue(session: AsyncSession, actor: Actor, asked: OverdueQuery) -> OverdueRead:
    return await board.overdue(session, actor=actor, asked=about(asked), limit=asked.limit)


async def _ranking(session: AsyncSession, actor: Actor, asked: RankingQuery) -> RankingRead:
    sight.require(actor, asked.by)
    return await breakdowns.ranking(
        session,
        actor=actor,
        asked=about(asked),
        by=asked.by,
        code=asked.kpi,
        least=asked.least,
        limit=asked.rows,
    )


async def _map(session: AsyncSession, actor: Actor, asked: MapQuery) -> MapRead:
    return await grids.figures(session, actor=actor, asked=about(asked), geometry=asked.geometry)


async def _visits(session: AsyncSession, actor: Actor, asked: VisitsQuery) -> VisitFiguresRead:
    return await visiting.visits(session, actor=actor, asked=about(asked))


async def _live(session: AsyncSession, actor: Actor, asked: LiveQuery) -> LiveRead:
    return await live.steps(session, actor=actor, asked=about(asked), limit=asked.limit)


ANSWERS: Mapping[type[Narrowed], Answering] = MappingProxyType(
    {
        KpisQuery: _kpis,
        TrendQuery: _trend,
        BreakdownQuery: _breakdown,
        FlowQuery: _flow,
        OverdueQuery: _overdue,
        RankingQuery: _ranking,
        MapQuery: _map,
        VisitsQuery: _visits,
        LiveQuery: _live,
    }
)
