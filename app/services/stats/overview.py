"""The overview: what is open at each stage, overdue, closed and satisfied, in the caller's scope.

Of the caller's areas and organisations out of the rollups. What they see besides (what they reported or help
with elsewhere), and what is let off from assessment and still open, is few and counted from the tickets.
Figures are as of a whole minute, so that "overdue" is exact.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Satisfaction, Stage, Status
from app.models.enums.figure import PeriodName
from app.models.enums.measure import Measure
from app.models.ticket import Ticket
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.stats import board, folding, periods, sums, whose
from app.services.stats.periods import Span
from app.services.tickets import reads

SATISFIED = (Satisfaction.VERY.value, Satisfaction.SATISFIED.value, Satisfaction.BASICALLY.value)
ANSWERED = (*SATISFIED, Satisfaction.DISSATISFIED.value, Satisfaction.VERY_DISSATISFIED.value)
_OPEN = {name: name.value for name in board.OPEN.values()}
_SUMMED = {
    **_OPEN,
    Measure.OVERDUE: "overdue",
    Measure.LISTED: "reported",
    Measure.LISTED_CLOSED: "closed",
    Measure.LISTED_ANSWERED: "answered",
    Measure.LISTED_CONTENT: "satisfied",
}
_FIGURES = ("reported", "closed", "answered", "satisfied")


class Period(StrEnum):
    """Calendar periods in Asia/Shanghai that contain today; weeks start on Monday."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a period, and the minute as of which its figures hold."""

    span: Span
    as_of: datetime

    @property
    def start(self) -> datetime:
        """The instant at which it begins."""
        return self.span.start

    @property
    def end(self) -> datetime:
        """The instant before which it ends."""
        return self.span.end


def window(period: Period) -> Window:
    """The period that contains today, up to the present minute."""
    return Window(periods.named(PeriodName(period.value)), folding.minute())


async def overview(session: AsyncSession, *, actor: Actor, of: Window) -> dict[str, Any]:
    """The figures; every ratio with numerator and denominator, null where the denominator is 0."""
    as_of, found = await _rolled_up(session, actor, of)
    for row in await session.execute(_beside(actor, of, as_of)):
        found.update(_told(*row))
    return {
        "as_of": as_of,
        "period_start": of.start,
        "period_end": of.end,
        "stages": {stage.value: found[_OPEN[name]] for stage, name in board.OPEN.items()},
        "open": sum(found[name] for name in _OPEN.values()),
        "overdue": found["overdue"],
        "reported": found["reported"],
        "closed": found["closed"],
        "satisfaction": _ratio(found["satisfied"], found["answered"]),
    }


async def _rolled_up(session: AsyncSession, actor: Actor, of: Window) -> tuple[datetime, Counter[str]]:
    """The figures of the caller's areas and organisations, and as of when."""
    reached = await whose.together(session, actor)
    slices, found = [sums.NOW, *sums.slices(0, of.span)], Counter[str]()
    asked = [sums.Query(whole, slices, list(_SUMMED)) for _sign, whole in reached]
    answers = await sums.read_all(session, asked)
    for (sign, _whole), answer in zip(reached, answers, strict=True):
        for row in answer.rows:
            for name, count in row.sums.items():
                found[_SUMMED[name]] += sign * count
    return (answers[0].as_of if answers else of.as_of), found


def _beside(actor: Actor, of: Window, as_of: datetime) -> CompoundSelect[*tuple[Any, ...]]:
    """What the rollups do not hold of it, a row a stage, and one without a stage for the period."""
    parts = scope.beside(actor, Dataset.STATS, reads.COLUMNS)
    granted = scope.granted(actor, Dataset.STATS, reads.COLUMNS)
    still_open = [*parts, granted & Ticket.excluded_from_assessment]
    stages = [_at_stages(part, as_of) for part in still_open]
    return union_all(*stages, *(_in_period(part, of) for part in parts))


def _at_stages(part: ColumnElement[bool], as_of: datetime) -> Select[*tuple[Any, ...]]:
    overdue = func.count().filter(Ticket.due_at < as_of)
    return (
        select(Ticket.stage, func.count(), overdue, literal(0), literal(0))
        .where(part, Ticket.closed_at.is_(None), Ticket.status != Status.DRAFT.value)
        .group_by(Ticket.stage)
    )


def _in_period(part: ColumnElement[bool], of: Window) -> Select[*tuple[Any, ...]]:
    reported = select(func.count()).where(
        part, Ticket.status != Status.DRAFT.value, _within(Ticket.reported_at, of)
    )
    return select(
        null(),
        reported.scalar_subquery(),
        func.count(),
        func.count().filter(Ticket.satisfaction.in_(ANSWERED)),
        func.count().filter(Ticket.satisfaction.in_(SATISFIED)),
    ).where(part, Ticket.status == Status.CLOSED.value, _within(Ticket.closed_at, of))


def _told(stage: str | None, *counts: int) -> dict[str, int]:
    """A row of `_beside` by its names."""
    names = _FIGURES if stage is None else (_OPEN[board.OPEN[Stage(stage)]], "overdue")
    return dict(zip(names, counts, strict=False))


def _within(column: Any, of: Window) -> ColumnElement[bool]:
    within: ColumnElement[bool] = (column >= of.start) & (column < of.end)
    return within


def _ratio(numerator: int, denominator: int) -> dict[str, Any]:
    rate = round(numerator / denominator, 4) if denominator else None
    return {"numerator": numerator, "denominator": denominator, "rate": rate}
