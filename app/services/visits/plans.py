"""Reading visit plans: who sees which, lists, one with its people and its progress.

A plan is seen from the areas below it, because they carry it out, and from those above; it holds nothing
personal. Writing is `plan_changes`' business.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums.visit import VisitProgramme
from app.models.staff import Member
from app.models.visit import Visit, VisitPlan, VisitPlanAssignee, VisitPlanHousehold
from app.schemas.types import Ref
from app.schemas.visit_plan import PlanProgress, VisitPlanDetail, VisitPlanRead
from app.services.areas import tree
from app.services.platform.actor import Actor
from app.services.platform.listing import page_statement
from app.services.visits.ratios import ratio

_NEWEST = Sort.by_id(VisitPlan.id, descending=True)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The plans of the areas that the caller sees, and those that name the caller."""
    mine = exists().where(
        VisitPlanAssignee.plan_id == VisitPlan.id, VisitPlanAssignee.member_id == actor.member_id
    )
    return or_(VisitPlan.area_id.in_(select(Area.id).where(tree.visible(actor))), mine)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    programme: VisitProgramme | None = None,
    running: bool | None = None,
    mine: bool = False,
    cursor: str | None,
    limit: int,
) -> Page[VisitPlanRead]:
    """One page of plans, the latest made first."""
    filters: list[ColumnElement[bool]] = []
    if programme:
        filters.append(VisitPlan.programme == programme)
    if running is not None:
        filters.append(VisitPlan.ended_at.is_(None) if running else VisitPlan.ended_at.is_not(None))
    if mine:
        named = select(VisitPlanAssignee.plan_id).where(VisitPlanAssignee.member_id == actor.member_id)
        filters.append(VisitPlan.id.in_(named))
    statement = page_statement(
        _with_area(), sort=_NEWEST, branches=[visible(actor)], filters=filters, cursor=cursor, limit=limit
    )
    rows = [VisitPlanRead(**_read(row)) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda plan: (plan.id, plan.id))


async def detail(session: AsyncSession, *, actor: Actor, plan_id: UUID) -> VisitPlanDetail:
    """One plan; `NotFound` outside the caller's reach."""
    statement = _with_area().where(VisitPlan.id == plan_id, visible(actor))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return VisitPlanDetail(
        **_read(row),
        questionnaire=row[0].questionnaire,
        assignees=await _assignees(session, plan_id),
        progress=await _progress(session, plan_id, row[0].quota),
    )


async def _assignees(session: AsyncSession, plan_id: UUID) -> list[Ref]:
    statement = (
        select(Member.id, Member.name)
        .join(VisitPlanAssignee, VisitPlanAssignee.member_id == Member.id)
        .where(VisitPlanAssignee.plan_id == plan_id)
        .order_by(Member.id)
    )
    return [Ref(id=member_id, name=name) for member_id, name in await session.execute(statement)]


async def _progress(session: AsyncSession, plan_id: UUID, quota: int | None) -> PlanProgress:
    """Each household once: of those that the plan meant when it was made, so that the share cannot drift."""
    meant = VisitPlanHousehold
    named = select(func.count()).where(meant.plan_id == plan_id).scalar_subquery()
    statement = (
        select(
            named,
            func.count(Visit.household_id.distinct()),
            func.count(Visit.household_id.distinct()).filter(Visit.is_effective),
        )
        .join(meant, (meant.plan_id == Visit.plan_id) & (meant.household_id == Visit.household_id))
        .where(Visit.plan_id == plan_id)
    )
    total, visited, effective = (await session.execute(statement)).one()
    target = total if quota is None else min(quota, total)
    done = ratio(min(effective, target), target)
    return PlanProgress(households=total, visited=visited, effective=effective, done=done)


def _with_area() -> Any:
    return select(VisitPlan, Area.name).join(Area, Area.id == VisitPlan.area_id)


def _read(row: Any) -> dict[str, Any]:
    plan: VisitPlan = row[0]
    return {
        "id": plan.id,
        "title": plan.title,
        "programme": plan.programme,
        "scope": plan.scope,
        "area": Ref(id=plan.area_id, name=row[1]),
        "care_levels": plan.care_levels,
        "tags": plan.tags,
        "starts_on": plan.starts_on,
        "due_on": plan.due_on,
        "quota": plan.quota,
        "ended_at": plan.ended_at,
        "version": plan.version,
    }
