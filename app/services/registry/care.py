"""How closely a household is cared for, and when somebody should go there next.

Each care level has a cycle; the next visit is due a cycle after the last one that counted, and at once
where there was none. Who turns red is to be seen within a day. Which visits count is the visits wing's
business.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Date, and_, case, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import NotFound
from app.core.writes import together
from app.models.enums.visit import CareLevel
from app.models.registry import Household
from app.models.visit import Visit
from app.services.platform import audit, outbox, scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.registry import households

CYCLE_DAYS: Mapping[CareLevel, int] = MappingProxyType(
    {
        CareLevel.RED: 7,
        CareLevel.ORANGE: 30,
        CareLevel.YELLOW: 90,
        CareLevel.GREEN: 180,
        CareLevel.ORDINARY: 365,
    }
)
AFTER_TURNING_RED = timedelta(days=1)


async def note_visits(session: AsyncSession, *, household_id: UUID) -> None:
    """Derive the last visit and the next one from the visits that count; the caller holds the row's lock."""
    last = (
        select(func.max(Visit.occurred_at))
        .where(Visit.household_id == household_id, Visit.is_effective)
        .scalar_subquery()
    )
    days = case({level.value: days for level, days in CYCLE_DAYS.items()}, value=Household.care_level)
    day: Any = cast(func.timezone(str(clock.BUSINESS_ZONE), last), Date)
    due = func.coalesce(day + days, clock.today())
    await session.execute(
        update(Household)
        .where(Household.id == household_id)
        .values(last_visit_at=last, next_visit_due=due)
        .execution_options(synchronize_session=False)
    )


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    household_id: UUID,
    care_level: CareLevel,
    expected_version: int | None,
) -> Household:
    """The household at another care level, its next visit moved; `NotFound` outside the caller's reach."""
    writer = replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in households.WRITERS))
    seen = scope.visible(writer, Dataset.REGISTRY, households.COLUMNS)
    mine = and_(Household.id == household_id, Household.ended_on.is_(None), seen)
    row = await session.scalar(select(Household).where(mine).with_for_update())
    if row is None:
        raise NotFound
    versions.require(row, expected_version)
    before, row.care_level = row.care_level, care_level.value
    versions.touch(row, actor)
    await session.flush()
    await note_visits(session, household_id=household_id)
    await session.refresh(row)
    if care_level is CareLevel.RED and before != care_level:
        row.next_visit_due = min(row.next_visit_due, clock.today() + AFTER_TURNING_RED)
        await session.flush()
    codes = {"from": before, "to": care_level.value}
    await audit.record(
        session,
        action="household.care",
        entity="household",
        entity_id=household_id,
        actor_id=actor.id,
        data=codes,
    )
    await together(session, [outbox.append("household.care", household_id, codes)])
    return row
