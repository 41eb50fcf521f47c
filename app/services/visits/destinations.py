"""Where a visit goes: a household or a place within the caller's reach, locked, with the spot of its address.

The spot is that of its building, where it has a room in one whose point is known; else the smallest area of
the address stands for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import Point
from app.core.errors import NotFound
from app.models.area import Area
from app.models.enums import Role
from app.models.registry import Building, Household, Place, Residence, Room
from app.models.visit import Visit
from app.services.areas import tree
from app.services.platform.actor import Actor
from app.services.registry import cycle, reach

VISITORS = (Role.GRID_WORKER, Role.GRID_ASSISTANT, Role.GRID_LEADER, Role.VILLAGE_ADMIN)


@dataclass(frozen=True, slots=True)
class Destination:
    """A household or a place, where it lies, and the point of its address if that is known."""

    row: Household | Place
    area: Area
    spot: Point | None

    @property
    def household_id(self) -> UUID | None:
        """The household, unless it is a place."""
        return self.row.id if isinstance(self.row, Household) else None


async def locked(
    session: AsyncSession, *, actor: Actor, household_id: UUID | None, place_id: UUID | None
) -> Destination:
    """What the caller may visit, locked; `NotFound`, with the field, for anything else."""
    table: Any = Household if household_id else Place
    statement = (
        select(table, Area, Building.lng, Building.lat)
        .join(Area, Area.id == table.area_id)
        .outerjoin(Room, Room.id == table.room_id)
        .outerjoin(Building, Building.id == Room.building_id)
        .where(table.id == (household_id or place_id), reach.visible(as_visitor(actor), table))
        .with_for_update(of=table, key_share=True)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(errors=(tree.unknown("body.household_id" if household_id else "body.place_id"),))
    found, area, lng, lat = row
    return Destination(found, area, Point(lng, lat) if lng is not None and lat is not None else None)


async def lock_of(session: AsyncSession, *, household_id: UUID | None, place_id: UUID | None) -> None:
    """Lock what a visit went to, as recording one does, so that the two never wait for each other."""
    table: Any = Household if household_id else Place
    statement = select(table.id).where(table.id == (household_id or place_id))
    await session.execute(statement.with_for_update(key_share=True))


def as_visitor(actor: Actor) -> Actor:
    """The caller with those posts alone that visit."""
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in VISITORS))


async def moved(session: AsyncSession, *, visit: Visit, on: date, counts: bool) -> None:
    """Let the next visits follow one that counts, or counts no more; `on` is its business day.

    A visit to a named person is to them and their household; without a name it is to all who lived there.
    """
    move = cycle.visited if counts else cycle.taken_back
    if visit.household_id is None:
        await move(session, on=on, places=[visit.place_id] if visit.place_id else [])
        return
    people = [visit.resident_id] if visit.resident_id else await _living(session, visit.household_id, on)
    await move(session, on=on, households=[visit.household_id], residents=people)


async def _living(session: AsyncSession, household_id: UUID, on: date) -> Sequence[UUID]:
    there = select(Residence.resident_id).where(
        Residence.household_id == household_id,
        Residence.valid_from <= on,
        or_(Residence.valid_to.is_(None), Residence.valid_to > on),
    )
    return (await session.scalars(there)).all()
