"""The overview: what is open at each stage, overdue, closed and satisfied, in the caller's scope.

Counted from the tickets themselves, with the same scope as every list: each branch of it by its own
indexes, then added up. Figures are as of a whole minute, so that "overdue" is exact.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.enums import Satisfaction, Stage, Status
from app.models.ticket import Ticket
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.tickets import reads

SATISFIED = (Satisfaction.VERY.value, Satisfaction.SATISFIED.value, Satisfaction.BASICALLY.value)
ANSWERED = (*SATISFIED, Satisfaction.DISSATISFIED.value, Satisfaction.VERY_DISSATISFIED.value)


class Period(StrEnum):
    """Calendar periods in Asia/Shanghai that contain today; weeks start on Monday."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) of a period, and the minute as of which its figures hold."""

    start: datetime
    end: datetime
    as_of: datetime


def window(period: Period) -> Window:
    """The period that contains today, up to the present minute."""
    today = clock.today()
    first = {
        Period.TODAY: today,
        Period.WEEK: today - timedelta(days=today.weekday()),
        Period.MONTH: today.replace(day=1),
        Period.YEAR: today.replace(month=1, day=1),
    }[period]
    start, end = clock.day_bounds(first, today)
    return Window(start, end, clock.now().replace(second=0, microsecond=0))


async def overview(session: AsyncSession, *, actor: Actor, of: Window) -> dict[str, Any]:
    """The figures; every ratio with numerator and denominator, null where the denominator is 0."""
    parts = scope.apart(actor, Dataset.STATS, reads.COLUMNS) or [false()]
    stages = await _summed(session, [_at_stages(part, of) for part in parts], by="stage")
    totals = (await _summed(session, [_in_period(part, of) for part in parts]))[None]
    return {
        "as_of": of.as_of,
        "period_start": of.start,
        "period_end": of.end,
        "stages": {stage.value: stages[stage.value]["open"] for stage in Stage},
        "open": sum(row["open"] for row in stages.values()),
        "overdue": sum(row["overdue"] for row in stages.values()),
        "reported": totals["reported"],
        "closed": totals["closed"],
        "satisfaction": _ratio(totals["satisfied"], totals["answered"]),
    }


def _at_stages(part: ColumnElement[bool], of: Window) -> Select[str, int, int]:
    return (
        select(
            Ticket.stage,
            func.count().label("open"),
            func.count().filter(Ticket.due_at < of.as_of).label("overdue"),
        )
        .where(part, Ticket.closed_at.is_(None), Ticket.status != Status.DRAFT.value)
        .group_by(Ticket.stage)
    )


def _in_period(part: ColumnElement[bool], of: Window) -> Select[int, int, int, int]:
    kept = select(func.count()).where(part, _within(Ticket.reported_at, of))
    # Drafts are taken off, so that the index alone answers for all others.
    drafts = kept.where(Ticket.status == Status.DRAFT.value, Ticket.closed_at.is_(None))
    reported = kept.scalar_subquery() - drafts.scalar_subquery()
    return select(
        func.count().label("closed"),
        func.count().filter(Ticket.satisfaction.in_(SATISFIED)).label("satisfied"),
        func.count().filter(Ticket.satisfaction.in_(ANSWERED)).label("answered"),
        reported.label("reported"),
    ).where(part, Ticket.status == Status.CLOSED.value, _within(Ticket.closed_at, of))


async def _summed(
    session: AsyncSession, parts: Sequence[Select[*tuple[Any, ...]]], by: str | None = None
) -> Mapping[str | None, Counter[str]]:
    """The figures of all parts added up in one statement's rows, by the value of a column."""
    sums: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    for row in (await session.execute(union_all(*parts))).mappings():
        figures = dict(row)
        key = figures.pop(by) if by else None
        sums[key].update(figures)
    return sums


def _within(column: Any, of: Window) -> ColumnElement[bool]:
    within: ColumnElement[bool] = (column >= of.start) & (column < of.end)
    return within


def _ratio(numerator: int, denominator: int) -> dict[str, Any]:
    rate = round(numerator / denominator, 4) if denominator else None
    return {"numerator": numerator, "denominator": denominator, "rate": rate}
