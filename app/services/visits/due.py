"""Whom to visit next: the households of the caller's scope, the earliest date first.

Each branch of the scope is one index in the order of the dates, so a page costs the same in a village and in
a city. Houses that stand empty are not asked for; those that have ended are not in the index.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import CareLevel, HouseholdType
from app.models.registry import Household, HouseholdMember, Resident
from app.models.visit import Visit, VisitPlanHousehold
from app.schemas.types import Ref
from app.schemas.visit import DueRead
from app.services.areas import tree
from app.services.platform import masks, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.registry import households

_SOONEST = Sort.by_day(Household.next_visit_due, Household.id)


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    area_id: UUID | None = None,
    plan_id: UUID | None = None,
    care_level: CareLevel | None = None,
    due_until: date | None = None,
    cursor: str | None,
    limit: int,
) -> Page[DueRead]:
    """One page; with a plan, its households that had no effective visit for it yet."""
    filters = await tree.within(session, actor=actor, area_id=area_id, columns=households.COLUMNS)
    filters += [Household.ended_on.is_(None), Household.household_type != HouseholdType.VACANT]
    if care_level:
        filters.append(Household.care_level == care_level)
    if due_until:
        filters.append(Household.next_visit_due <= due_until)
    if plan_id:
        filters += [_planned(plan_id), ~_done(plan_id)]
    statement = page_statement(
        _with_names(),
        sort=_SOONEST,
        branches=scope.branches(actor, Dataset.REGISTRY, households.COLUMNS),
        filters=filters,
        cursor=cursor,
        limit=limit,
    )
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda due: (due.next_visit_due, due.id))


def _planned(plan_id: UUID) -> Any:
    return exists().where(
        VisitPlanHousehold.plan_id == plan_id, VisitPlanHousehold.household_id == Household.id
    )


def _done(plan_id: UUID) -> Any:
    return exists().where(Visit.plan_id == plan_id, Visit.household_id == Household.id, Visit.is_effective)


def _with_names() -> Any:
    heads = and_(
        HouseholdMember.household_id == Household.id,
        HouseholdMember.is_head,
        HouseholdMember.valid_to.is_(None),
    )
    return (
        select(Household, Area.name, Resident.name)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(HouseholdMember, heads)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
    )


def _read(row: Any) -> DueRead:
    household, area_name, head_name = row
    return DueRead(
        id=household.id,
        no=household.no,
        address=household.address,
        household_type=household.household_type,
        area=Ref(id=household.area_id, name=area_name),
        head_name=masks.name(head_name) if head_name else None,
        care_level=household.care_level,
        last_visit_on=household.last_visit_on,
        next_visit_due=household.next_visit_due,
        overdue_days=max(0, (clock.today() - household.next_visit_due).days),
    )
