"""Questions about the whole of a scope: KPIs with comparisons, trends, the five stages, what is overdue.

Each is one reading of `sums`. Who may ask, the ETag and the address are the routers' business.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import invalid_field
from app.models.enums import Stage
from app.models.enums.figure import Grain, Unit
from app.models.enums.measure import Measure
from app.schemas.stats_figures import (
    Bucket,
    Figure,
    FlowRead,
    KpiRead,
    KpisRead,
    OverdueRead,
    StageRow,
    TrendLine,
    TrendPoint,
    TrendRead,
)
from app.services.platform.actor import Actor
from app.services.stats import breakdowns, late, periods, sums
from app.services.stats.asked import Asked, figure, named, needed, period
from app.services.stats.kpis import VERSION, Kpi, Sums
from app.services.stats.sums import Query
from app.services.tickets.labels import STAGE_ZH

OPEN = {
    Stage.REPORT: Measure.OPEN_REPORT,
    Stage.ROUTE: Measure.OPEN_ROUTE,
    Stage.HANDLE: Measure.OPEN_HANDLE,
    Stage.REVISIT: Measure.OPEN_REVISIT,
    Stage.CLOSE: Measure.OPEN_CLOSE,
}
LATE = {
    Stage.REPORT: Measure.OVERDUE_REPORT,
    Stage.ROUTE: Measure.OVERDUE_ROUTE,
    Stage.HANDLE: Measure.OVERDUE_HANDLE,
    Stage.REVISIT: Measure.OVERDUE_REVISIT,
    Stage.CLOSE: Measure.OVERDUE_CLOSE,
}
ENTERED = {
    Stage.REPORT: Measure.REPORTED,
    Stage.ROUTE: Measure.ACCEPTED,
    Stage.HANDLE: Measure.DISPATCHED,
    Stage.REVISIT: Measure.RESULTS,
    Stage.CLOSE: Measure.CLOSED,
}
OVERDUE_FROM = {
    0: Measure.OVERDUE,
    1: Measure.OVERDUE_1D,
    3: Measure.OVERDUE_3D,
    7: Measure.OVERDUE_7D,
}
AGED_FROM = {
    1: Measure.AGED_1D,
    3: Measure.AGED_3D,
    7: Measure.AGED_7D,
    15: Measure.AGED_15D,
    30: Measure.AGED_30D,
}
# What is so now, whatever the period: it has no past to be compared with, and no course.
STOCK = frozenset(
    {
        *OPEN.values(),
        *LATE.values(),
        *OVERDUE_FROM.values(),
        *AGED_FROM.values(),
        Measure.SUSPENDED,
    }
)
_MOST_ORGS = 10
MOST_LATE = 20
_NO_PAST = Figure(value=None, numerator=None, denominator=None)


async def kpis(session: AsyncSession, *, actor: Actor, asked: Asked, codes: Sequence[str] = ()) -> KpisRead:
    """KPIs of a period with the period before and the same of the year before; all where none is named.

    What is so now has nothing to be compared with.
    """
    wanted, span = named(codes), asked.span()
    spans = (span, periods.before(span), periods.year_before(span))
    whose = await asked.whose(session, actor)
    slices = [one for number, each in enumerate(spans) for one in sums.slices(number, each)]
    found = await sums.read(session, Query(whose, [sums.NOW, *slices], needed(wanted)))
    here = {**found.of(sums.NOW.number), **found.of(0)}
    return KpisRead(
        as_of=found.as_of,
        definition_version=VERSION,
        scope=whose.read(),
        period=period(span),
        previous=period(spans[1]),
        year_before=period(spans[2]),
        items=[_compared(kpi, here, found.of(1), found.of(2)) for kpi in wanted],
    )


async def trend(
    session: AsyncSession, *, actor: Actor, asked: Asked, codes: Sequence[str], grain: Grain
) -> TrendRead:
    """KPIs for each step of a period; `Invalid` for hours of more than a week ago, and for what is so now."""
    wanted, span = named(codes), asked.span()
    if any(_is_stock(kpi) for kpi in wanted):
        raise invalid_field(
            "query.kpis", "该指标只有现在的数，没有趋势", "This KPI is of now and has no course"
        )
    slices = sums.steps(span, grain)
    whose = await asked.whose(session, actor)
    found = await sums.read(session, Query(whose, slices, needed(wanted)))
    by_number = {row.number: row.sums for row in found.rows}
    lines = [
        TrendLine(
            code=kpi.code,
            name=kpi.name_zh,
            unit=kpi.unit,
            points=[
                TrendPoint(start=one.start, **dict(figure(kpi, by_number.get(one.number, {}))))
                for one in slices
                if one.start is not None
            ],
        )
        for kpi in wanted
    ]
    return TrendRead(**_head(found), scope=whose.read(), period=period(span), grain=grain, lines=lines)


async def flow(session: AsyncSession, *, actor: Actor, asked: Asked) -> FlowRead:
    """The five stages: open and overdue now, and what entered each in the period."""
    span, whose = asked.span(), await asked.whose(session, actor)
    measures = [*OPEN.values(), *LATE.values(), *ENTERED.values()]
    found = await sums.read(session, Query(whose, [sums.NOW, *sums.slices(0, span)], measures))
    now, then = found.of(sums.NOW.number), found.of(0)
    stages = [
        StageRow(
            stage=stage,
            name=STAGE_ZH[stage],
            open=now.get(OPEN[stage], 0),
            overdue=now.get(LATE[stage], 0),
            entered=then.get(ENTERED[stage], 0),
        )
        for stage in Stage
    ]
    return FlowRead(**_head(found), scope=whose.read(), period=period(span), stages=stages)


async def overdue(
    session: AsyncSession, *, actor: Actor, asked: Asked, limit: int = MOST_LATE
) -> OverdueRead:
    """What is open now by how long it is overdue and by its age, who has most, and which are the longest."""
    whose = await asked.whose(session, actor)
    measures = [*OPEN.values(), *OVERDUE_FROM.values(), *AGED_FROM.values(), Measure.SUSPENDED]
    found = await sums.read(session, Query(whose, [sums.NOW], measures))
    now = found.of(sums.NOW.number)
    open_ = sum(now.get(name, 0) for name in OPEN.values())
    buckets = {days: now.get(name, 0) for days, name in OVERDUE_FROM.items()}
    ages = {0: open_} | {days: now.get(name, 0) for days, name in AGED_FROM.items()}
    orgs = await breakdowns.late_orgs(session, whose=whose, limit=_MOST_ORGS)
    return OverdueRead(
        **_head(found),
        scope=whose.read(),
        open=open_,
        overdue=buckets[0],
        suspended=now.get(Measure.SUSPENDED, 0),
        overdue_by=_buckets(buckets),
        ages=_buckets(ages),
        orgs=orgs,
        longest=await late.longest(session, actor=actor, whose=whose, limit=limit),
    )


def _head(found: sums.Read) -> dict[str, Any]:
    return {"as_of": found.as_of, "definition_version": VERSION}


def _compared(kpi: Kpi, here: Sums, previous: Sums, year_before: Sums) -> KpiRead:
    now, then, once = (figure(kpi, each) for each in (here, previous, year_before))
    if _is_stock(kpi):
        then = once = _NO_PAST
    return KpiRead(
        **dict(now),
        code=kpi.code,
        name=kpi.name_zh,
        unit=kpi.unit,
        better=kpi.better,
        previous=then,
        year_before=once,
        change=difference(kpi, now, then),
        change_on_year=difference(kpi, now, once),
    )


def _is_stock(kpi: Kpi) -> bool:
    return not STOCK.isdisjoint(kpi.above)


def difference(kpi: Kpi, now: Figure, then: Figure) -> float | None:
    """How much more it is; None where one of both is missing, or scores are made of other parts."""
    of_other_parts = kpi.unit is Unit.SCORE and now.denominator != then.denominator
    if now.value is None or then.value is None or of_other_parts:
        return None
    return round(now.value - then.value, 4)


def _buckets(at_least: dict[int, int]) -> list[Bucket]:
    """Out of how many are at least so many days old, how many are between two of those."""
    days = list(at_least)
    return [
        Bucket(
            from_days=start,
            to_days=end,
            count=at_least[start] - (at_least[end] if end is not None else 0),
        )
        for start, end in zip(days, [*days[1:], None], strict=True)
    ]
