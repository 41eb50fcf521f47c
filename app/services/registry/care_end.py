"""The end of tags and care with the person or household: who dies, leaves or ends is looked after no more."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.registry import CareObject, ResidentTag
from app.services.platform.actor import Actor


async def of(session: AsyncSession, *, actor: Actor, resident_id: UUID, on: date) -> None:
    """Tags and care of somebody who died or left end on that day; a tag given since never counted."""
    stamp = {"updated_at": clock.now(), "updated_by": actor.id}
    await session.execute(
        update(CareObject)
        .where(CareObject.resident_id == resident_id, CareObject.ended_on.is_(None))
        .values(ended_on=on, version=CareObject.version + 1, **stamp)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(ResidentTag)
        .where(ResidentTag.resident_id == resident_id, ResidentTag.valid_to.is_(None))
        .values(valid_to=func.greatest(on, ResidentTag.valid_from), version=ResidentTag.version + 1, **stamp)
        .execution_options(synchronize_session=False)
    )


async def of_household(session: AsyncSession, *, actor: Actor, household_id: UUID, on: date) -> None:
    """Care of a household that ended, or was taken in by another, ends on that day."""
    stamp = {"updated_at": clock.now(), "updated_by": actor.id}
    await session.execute(
        update(CareObject)
        .where(CareObject.household_id == household_id, CareObject.ended_on.is_(None))
        .values(ended_on=on, version=CareObject.version + 1, **stamp)
        .execution_options(synchronize_session=False)
    )
