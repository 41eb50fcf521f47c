"""The funnel: visits, what was heard on them, what was accepted, what was solved.

Every opinion is counted in exactly one place, and a rate leaves out what cannot be told yet: what nobody has
decided is no refusal, what is still open is not unsolved. A merged ticket shares its master's fate.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.errors import invalid_field
from app.models.enums import Solved, Status
from app.models.enums.visit import OpinionOutcome
from app.models.ticket import Ticket
from app.models.visit import Visit, VisitOpinion
from app.schemas.visit_plan import FunnelRead
from app.services.areas import tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.visits.ratios import ratio
from app.services.visits.reads import COLUMNS

LONGEST = timedelta(days=366)
_UNDECIDED = {Status.DRAFT, Status.REPORTED, Status.RETURNED}
_WITHDRAWN = {Status.WITHDRAWN, Status.VOIDED, Status.MERGED}
_SOLVED = {Solved.SOLVED, Solved.BASICALLY}
_MASTER = aliased(Ticket)


async def funnel(
    session: AsyncSession,
    *,
    actor: Actor,
    start: datetime | None,
    end: datetime | None,
    area_id: UUID | None = None,
    plan_id: UUID | None = None,
) -> FunnelRead:
    """The figures of [start, end), this month so far by default; at most a year (`Invalid`)."""
    first = start or clock.day_start(clock.today().replace(day=1))
    last = end or clock.now()
    if not first < last <= first + LONGEST:
        raise invalid_field("query.before", "时间段须在一年以内", "must be after the start, within a year")
    wanted: list[ColumnElement[bool]] = [
        scope.visible(actor, Dataset.STATS, COLUMNS),
        Visit.occurred_at >= first,
        Visit.occurred_at < last,
        *await tree.within(session, actor=actor, area_id=area_id, columns=COLUMNS),
    ]
    if plan_id:
        wanted.append(Visit.plan_id == plan_id)
    figures = await _figures(session, wanted)
    return FunnelRead(start=first, end=last, **figures, **_rates(figures))


async def _figures(session: AsyncSession, wanted: list[ColumnElement[bool]]) -> dict[str, int]:
    counted = select(func.count(), func.count().filter(Visit.is_effective)).where(*wanted)
    visits, effective = (await session.execute(counted)).one()
    status, solved = (
        func.coalesce(getattr(_MASTER, name), getattr(Ticket, name)) for name in ("status", "solved")
    )
    with_opinion = select(func.count(VisitOpinion.visit_id.distinct()))
    with_opinion = with_opinion.join(Visit, Visit.id == VisitOpinion.visit_id).where(*wanted)
    heard: Any = (
        select(VisitOpinion.outcome, status, solved, func.count(), with_opinion.scalar_subquery())
        .join(Visit, Visit.id == VisitOpinion.visit_id)
        .outerjoin(Ticket, Ticket.id == VisitOpinion.ticket_id)
        .outerjoin(_MASTER, _MASTER.id == Ticket.merged_into_id)
        .where(*wanted)
        .group_by(VisitOpinion.outcome, status, solved)
    )
    rows = (await session.execute(heard)).all()
    found: Counter[str] = Counter()
    for outcome, ticket_status, answer, count, _visits in rows:
        found[_place(outcome, ticket_status, answer)] += count
    kinds = ("settled", "noted", "undecided", "refused", "withdrawn", "open", "solved", "unsolved")
    figures = {kind: found[kind] for kind in kinds}
    accepted = sum(figures[kind] for kind in ("open", "solved", "unsolved"))
    return figures | {
        "visits": visits,
        "effective_visits": effective,
        "visits_with_opinion": rows[0][4] if rows else 0,
        "opinions": sum(figures.values()),
        "accepted": accepted,
        "reported": accepted + sum(figures[kind] for kind in ("undecided", "refused", "withdrawn")),
    }


def _place(outcome: str, status: str | None, solved: str | None) -> str:
    """The one place of an opinion in the funnel."""
    if outcome != OpinionOutcome.TICKET or status is None:
        return "settled" if outcome == OpinionOutcome.SETTLED else "noted"
    if status in _UNDECIDED:
        return "undecided"
    if status in _WITHDRAWN:
        return "withdrawn"
    if status == Status.NOT_ACCEPTED:
        return "refused"
    if status != Status.CLOSED:
        return "open"
    return "solved" if solved in _SOLVED else "unsolved"


def _rates(figures: dict[str, int]) -> dict[str, Any]:
    accepted, withdrawn = figures["accepted"], figures["withdrawn"]
    return {
        "report_rate": ratio(figures["reported"] - withdrawn, figures["opinions"] - withdrawn),
        "acceptance_rate": ratio(accepted, accepted + figures["refused"]),
        "solved_rate": ratio(figures["solved"], figures["solved"] + figures["unsolved"]),
        "opinions_a_hundred_visits": ratio(figures["opinions"] * 100, figures["visits"]),
    }
