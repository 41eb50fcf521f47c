"""A worker's day as it was done: derived from visits, reports and steps, so that nobody types it twice.

Everybody reads their own; leaders of a grid and village admins read those of their people.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Forbidden, NotFound
from app.models.area import Area
from app.models.enums import Action
from app.models.registry import Household, Place
from app.models.staff import Member
from app.models.ticket_step import TicketEvent
from app.models.visit import Visit, VisitOpinion, VisitVisitor
from app.schemas.types import Ref
from app.schemas.visit import DailyLogRead, LogVisit
from app.services.platform.actor import Actor
from app.services.staff import members
from app.services.visits import reads
from app.services.visits.changes import DECIDERS

SHOWN = 200


async def of_day(
    session: AsyncSession, *, actor: Actor, on: date | None, member_id: UUID | None
) -> DailyLogRead:
    """The log of a business day, today by default; `NotFound` for people who are not the caller's."""
    wanted = member_id or actor.member_id
    if wanted is None:
        raise Forbidden
    day = on or clock.today()
    start, end = clock.day_bounds(day, day)
    name = await _name(session, actor, wanted)
    visits = await _visits(session, wanted, start, end)
    steps = await _steps(session, wanted, start, end)
    reported = steps.pop(Action.REPORT, 0) + steps.pop(Action.SUBMIT, 0)
    return DailyLogRead(
        on=day,
        member=Ref(id=wanted, name=name),
        visits=len(visits),
        effective_visits=sum(visit.is_effective for visit, *_rest in visits),
        households=len({visit.household_id for visit, *_rest in visits if visit.household_id}),
        places=len({visit.place_id for visit, *_rest in visits if visit.place_id}),
        minutes=sum(visit.duration_s or 0 for visit, *_rest in visits) // 60,
        opinions=sum(opinions for *_rest, opinions in visits),
        tickets_reported=reported,
        self_resolved=steps.get(Action.SELF_RESOLVE, 0),
        steps=steps,
        visited=[_shown(visit, address) for visit, address, _opinions in visits[:SHOWN]],
    )


async def _name(session: AsyncSession, actor: Actor, member_id: UUID) -> str:
    leader = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in DECIDERS))
    theirs = or_(Member.id == actor.member_id, members.visible(leader))
    name = await session.scalar(select(Member.name).where(Member.id == member_id, theirs))
    if name is None:
        raise NotFound
    return name


async def _visits(session: AsyncSession, member_id: UUID, start: datetime, end: datetime) -> Sequence[Any]:
    heard = select(func.count()).where(VisitOpinion.visit_id == Visit.id).scalar_subquery()
    statement: Any = (
        select(Visit, reads.address(), heard)
        .join(VisitVisitor, VisitVisitor.visit_id == Visit.id)
        .outerjoin(Household, Household.id == Visit.household_id)
        .outerjoin(Place, Place.id == Visit.place_id)
        .join(Area, Area.id == Visit.area_id)
        .where(
            VisitVisitor.member_id == member_id,
            VisitVisitor.occurred_at >= start,
            VisitVisitor.occurred_at < end,
        )
        .order_by(VisitVisitor.occurred_at, Visit.id)
    )
    return (await session.execute(statement)).all()


async def _steps(session: AsyncSession, member_id: UUID, start: datetime, end: datetime) -> dict[str, int]:
    statement = (
        select(TicketEvent.action, func.count().label("times"))
        .where(TicketEvent.actor_id == member_id, TicketEvent.at >= start, TicketEvent.at < end)
        .group_by(TicketEvent.action)
        .order_by(TicketEvent.action)
    )
    return {row.action: row.times for row in await session.execute(statement)}


def _shown(visit: Visit, address: str) -> LogVisit:
    return LogVisit(
        id=visit.id,
        address=address,
        visit_type=visit.visit_type,
        mode=visit.mode,
        result=visit.result,
        occurred_at=visit.occurred_at,
        duration_s=visit.duration_s,
        is_effective=visit.is_effective,
    )
