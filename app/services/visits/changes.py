"""Changing a visit: its recorder puts it right, and a leader decides whether it counts.

Nobody decides on a visit of their own. Whatever changes, the rule is asked anew and the next visit
follows.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, Forbidden, NotFound
from app.models.enums import Role
from app.models.enums.visit import VisitLack, VisitMode, VisitResult
from app.models.visit import Visit, VisitVisitor
from app.schemas.visit import VisitPatch, VisitRead
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.registry import history
from app.services.visits import destinations, effectiveness, reads
from app.services.visits.destinations import Goal
from app.services.visits.effectiveness import Facts

DECIDERS = (Role.GRID_LEADER, Role.VILLAGE_ADMIN)


class NotYourVisit(Forbidden):
    """Only who recorded a visit puts it right, and somebody else decides on it."""

    code = "not_your_visit"
    title_zh, title_en = "这次走访不由您操作", "Somebody else does this"


class NobodyMet(Conflict):
    """A visit on which nobody was met cannot count."""

    code = "nobody_met"
    title_zh, title_en = "没有见到人的走访不能认定为有效", "Nobody was met on this visit"


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    visit_id: UUID,
    changes: VisitPatch,
    expected_version: int | None,
) -> VisitRead:
    """The visit with the sent fields changed; an earlier decision on it no longer stands."""
    visit = await _locked(session, actor, visit_id, expected_version)
    if visit.visitor_id != actor.member_id:
        raise NotYourVisit
    for name, value in changes.changes.items():
        setattr(visit, name, value)
    visit.approved = visit.approved_by = visit.approved_at = None
    fields = sorted(changes.model_fields_set)
    return await _stored(session, actor, visit, "visit.change", {"fields": fields})


async def decide(
    session: AsyncSession, *, actor: Actor, visit_id: UUID, approved: bool, expected_version: int | None
) -> VisitRead:
    """Let a visit count or not, whatever the rule says; `NobodyMet` where it never can."""
    decider = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in DECIDERS))
    visit = await _locked(session, decider, visit_id, expected_version)
    if await session.scalar(select(_went_along(visit_id, actor))):
        raise NotYourVisit("自己参加的走访须由他人认定", "Somebody who was not there decides")
    if approved and visit.result != VisitResult.MET:
        raise NobodyMet
    visit.approved, visit.approved_by, visit.approved_at = approved, actor.member_id, clock.now()
    return await _stored(session, actor, visit, "visit.decide", {"approved": approved})


def _went_along(visit_id: UUID, actor: Actor) -> Any:
    return exists().where(VisitVisitor.visit_id == visit_id, VisitVisitor.member_id == actor.member_id)


async def _locked(session: AsyncSession, actor: Actor, visit_id: UUID, expected_version: int | None) -> Visit:
    """Where it went first, as recording does, so that the two never wait for each other."""
    went = select(Visit.household_id, Visit.place_id, Visit.resident_id)
    went = went.where(Visit.id == visit_id, reads.visible(actor))
    found = (await session.execute(went)).one_or_none()
    if found is None:
        raise NotFound
    await destinations.lock_of(session, goal=Goal(*found))
    visit = await session.scalar(select(Visit).where(Visit.id == visit_id).with_for_update())
    if visit is None:
        raise NotFound
    versions.require(visit, expected_version)
    return visit


async def _stored(
    session: AsyncSession, actor: Actor, visit: Visit, action: str, codes: dict[str, Any]
) -> VisitRead:
    counted = visit.is_effective
    missing = effectiveness.lacks(
        Facts(
            VisitMode(visit.mode),
            VisitResult(visit.result),
            visit.duration_s,
            visit.content,
            visit.distance_m,
        )
    )
    visit.lacks = [VisitLack(one).value for one in missing]
    visit.is_effective = effectiveness.counts(missing, approved=visit.approved)
    versions.touch(visit, actor)
    await session.flush()
    if visit.is_effective != counted:
        day = visit.occurred_at.astimezone(clock.BUSINESS_ZONE).date()
        await destinations.moved(session, visit=visit, on=day, counts=visit.is_effective)
    news = {"area_id": str(visit.area_id), "effective": visit.is_effective, **codes}
    await history.record(session, actor=actor, action=action, entity_id=visit.id, data=news)
    return await reads.detail(session, actor=actor, visit_id=visit.id)
