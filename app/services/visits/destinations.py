"""Where a visit goes: a household, a place or a person within the caller's reach, locked, with its spot.

The spot is that of the building of its address, where there is a room in one whose point is known; else the
smallest area of the address stands for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, literal, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import Point
from app.core.errors import NotFound
from app.models.area import Area
from app.models.enums import Role
from app.models.registry import Building, Household, Place, Residence, Resident, Room
from app.models.visit import Visit
from app.services.areas import tree
from app.services.platform.actor import Actor
from app.services.registry import cycle, reach

VISITORS = (Role.GRID_WORKER, Role.GRID_ASSISTANT, Role.GRID_LEADER, Role.VILLAGE_ADMIN)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a visit goes to: a household or somebody in it, a place, or somebody who lives in no household."""

    household_id: UUID | None
    place_id: UUID | None
    resident_id: UUID | None

    @property
    def row(self) -> tuple[Any, UUID | None, str]:
        """The table, the id and the field of the body that names it."""
        if self.household_id is not None:
            return Household, self.household_id, "body.household_id"
        if self.place_id is not None:
            return Place, self.place_id, "body.place_id"
        return Resident, self.resident_id, "body.resident_id"


@dataclass(frozen=True, slots=True)
class Destination:
    """What a visit goes to, where that lies, its address, and the point of the address if that is known."""

    row: Household | Place | Resident
    area: Area
    address: str
    spot: Point | None
    lives_with: UUID | None

    @property
    def household_id(self) -> UUID | None:
        """The household, unless it is a place or a person."""
        return self.row.id if isinstance(self.row, Household) else None

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing to visit any more."""
        if isinstance(self.row, Resident):
            return self.row.died_on is not None or self.row.left_on is not None
        return self.row.ended_on is not None


async def locked(session: AsyncSession, *, actor: Actor, goal: Goal) -> Destination:
    """What the caller may visit, locked; `NotFound`, with the field, for anything else."""
    table, row_id, field = goal.row
    within = and_(table.id == row_id, reach.visible(as_visitor(actor), table))
    await lock_of(session, goal=goal, within=within)
    row = (await session.execute(_found(table).where(within))).one_or_none()
    if row is None:
        raise NotFound(errors=(tree.unknown(field),))
    found, area, address, lives_with, lng, lat = row
    spot = Point(lng, lat) if lng is not None and lat is not None else None
    return Destination(found, area, address or area.name, spot, lives_with)


async def lock_of(session: AsyncSession, *, goal: Goal, within: ColumnElement[bool] | None = None) -> None:
    """Lock what a visit goes to and every household that it may move, in the order of their ids.

    These are the homes, present and past, of those whom it is to: two visits that share a person wait for
    each other before either has written anything.
    """
    table, row_id, _field = goal.row
    if table is Place:
        await session.execute(_ordered(Place, Place.id == row_id, within))
        return
    people = select(Residence.resident_id).where(Residence.household_id == goal.household_id)
    who = Residence.resident_id == goal.resident_id if goal.resident_id else Residence.resident_id.in_(people)
    homes = select(Residence.household_id).where(who, Residence.household_id.is_not(None))
    named = union(select(literal(goal.household_id)), homes) if goal.household_id else homes
    seen = None if within is None else select(table.id).where(within).exists()
    await session.execute(_ordered(Household, Household.id.in_(named), seen))
    if table is Resident:
        await session.execute(_ordered(Resident, Resident.id == row_id, within))


def _ordered(table: Any, which: ColumnElement[bool], within: ColumnElement[bool] | None) -> Any:
    wanted = which if within is None else and_(which, within)
    return select(table.id).where(wanted).order_by(table.id).with_for_update(key_share=True)


def _found(table: Any) -> Any:
    """The row with its area, address, the household that somebody lives with, and the building's point."""
    home = and_(Residence.resident_id == Resident.id, Residence.valid_to.is_(None))
    alone = table is Resident
    address, lives_with = (Room.address, Residence.household_id) if alone else (table.address, literal(None))
    room = Residence.room_id if alone else table.room_id
    found = select(table, Area, address, lives_with, Building.lng, Building.lat)
    found = found.join(Area, Area.id == table.area_id)
    if alone:
        found = found.outerjoin(Residence, home)
    return found.outerjoin(Room, Room.id == room).outerjoin(Building, Building.id == Room.building_id)


def as_visitor(actor: Actor) -> Actor:
    """The caller with those posts alone that visit."""
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in VISITORS))


async def moved(session: AsyncSession, *, visit: Visit, on: date, counts: bool) -> None:
    """Let the next visits follow one that counts, or counts no more; `on` is its business day.

    A visit to a named person is to them and their household; without a name it is to all who lived there.
    """
    move = cycle.visited if counts else cycle.taken_back
    if visit.place_id is not None:
        await move(session, on=on, places=[visit.place_id])
        return
    people = [visit.resident_id] if visit.resident_id else await _living(session, visit.household_id, on)
    await move(
        session, on=on, households=[visit.household_id] if visit.household_id else [], residents=people
    )


async def _living(session: AsyncSession, household_id: UUID | None, on: date) -> Sequence[UUID]:
    there = select(Residence.resident_id).where(
        Residence.household_id == household_id,
        Residence.valid_from <= on,
        or_(Residence.valid_to.is_(None), Residence.valid_to > on),
    )
    return (await session.scalars(there)).all()
