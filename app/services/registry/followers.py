"""What lies in an area follows it: the copies of the tree in buildings, homes, people, places, open tickets.

Only what still counts is written, in batches; what has ended or closed keeps the place of its time. An open
ticket keeps the area that its timeline tells, and its version, which counts the steps: only the copies that
scope looks at follow, and the outbox is told.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.area import Area
from app.models.enums import AreaLevel, LinkReason
from app.models.platform import Outbox
from app.models.registry import Building, CareObject, Household, HouseholdStay, Place, Resident, Room
from app.models.ticket import Ticket
from app.services.areas.tree import Chain
from app.services.platform.actor import Actor
from app.services.registry import links, reach
from app.services.registry.links import Event

BATCH = 5_000
COUNTS: Mapping[Any, ColumnElement[bool]] = {
    Building: Building.ended_on.is_(None),
    Room: Room.ended_on.is_(None),
    Household: Household.ended_on.is_(None),
    Place: Place.ended_on.is_(None),
    CareObject: CareObject.ended_on.is_(None),
    Resident: and_(Resident.died_on.is_(None), Resident.left_on.is_(None)),
    Ticket: Ticket.closed_at.is_(None),
}
COLUMN_OF = {
    AreaLevel.MICRO_GRID: "area_id",
    AreaLevel.GRID: "grid_id",
    AreaLevel.VILLAGE: "village_id",
    AreaLevel.TOWN: "town_id",
}
_ABOVE = ("grid_id", "village_id", "town_id")


async def moved(session: AsyncSession, *, actor: Actor, chain: Chain) -> None:
    """After an area moved: all that lies in it gets what is above the area now."""
    level = AreaLevel(chain.area.level)
    column = COLUMN_OF[level]
    higher = _ABOVE if column == "area_id" else _ABOVE[_ABOVE.index(column) + 1 :]
    values = {name: value for name, value in reach.copies(chain).items() if name in higher}
    for table in COUNTS:
        await _write(session, actor, table, getattr(table, column) == chain.area.id, values)


async def taken_in(session: AsyncSession, *, actor: Actor, area: Area, into: Chain) -> None:
    """After an area went into another: what lay in it directly lies in the other from today on."""
    event = Event(actor, clock.today(), LinkReason.GRID_CHANGE)
    await _close_stays(session, event, Household.area_id == area.id)
    for table in COUNTS:
        if table is not Ticket:
            await _write(session, actor, table, table.area_id == area.id, reach.copies(into))
    column = COLUMN_OF[AreaLevel(area.level)]
    own = _ABOVE if column == "area_id" else _ABOVE[_ABOVE.index(column) :]
    scoped = {name: value for name, value in reach.copies(into).items() if name in own}
    await _write(session, actor, Ticket, getattr(Ticket, column) == area.id, scoped)
    await _open_stays(session, event, into.area.id)


async def handed_over(
    session: AsyncSession,
    *,
    actor: Actor,
    into: Chain,
    buildings: Collection[UUID],
    households: Collection[UUID],
    places: Collection[UUID],
    tickets: Collection[UUID],
) -> None:
    """Put buildings with their rooms and households, single households, places and tickets into a grid."""
    event, values = Event(actor, clock.today(), LinkReason.GRID_CHANGE), reach.copies(into)
    rooms = select(Room.id).where(Room.building_id.in_(buildings))
    homes = or_(Household.id.in_(households), Household.room_id.in_(rooms))
    concerned = and_(homes, Household.ended_on.is_(None))
    ids = list(await session.scalars(select(Household.id).where(concerned)))
    await _close_stays(session, event, Household.id.in_(ids))
    for table, which in (
        (Building, Building.id.in_(buildings)),
        (Room, Room.building_id.in_(buildings)),
        (Household, Household.id.in_(ids)),
        (Place, or_(Place.id.in_(places), Place.room_id.in_(rooms))),
    ):
        await _write(session, actor, table, which, values)
    of_homes = or_(Ticket.household_id.in_(ids), Ticket.id.in_(tickets))
    scoped = {name: value for name, value in values.items() if name in _ABOVE}
    await _write(session, actor, Ticket, of_homes, scoped)
    await _open_stays(session, event, into.area.id)
    await links.replace(session, event, households=ids)


async def _write(
    session: AsyncSession,
    actor: Actor,
    table: Any,
    which: ColumnElement[bool],
    values: Mapping[str, UUID | None],
) -> None:
    """Write copies where they differ, a batch a statement."""
    differs = or_(*(getattr(table, name).is_distinct_from(value) for name, value in values.items()))
    ids = select(table.id).where(which, COUNTS[table], differs).limit(BATCH)
    stamp = {"version": table.version + 1, "updated_at": clock.now(), "updated_by": actor.id}
    statement = (
        update(table)
        .where(table.id.in_(ids))
        .values(**values, **({} if table is Ticket else stamp))
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    while written := (await session.scalars(statement)).all():
        if table is Ticket:
            await _tell(session, written)


async def _tell(session: AsyncSession, tickets: Collection[UUID]) -> None:
    """Tell the readers of the outbox where tickets are now."""
    rows = await session.execute(
        select(Ticket.id, Ticket.area_id, Ticket.grid_id, Ticket.village_id, Ticket.town_id).where(
            Ticket.id.in_(tickets)
        )
    )
    news = [
        {
            "topic": "ticket.relocate",
            "entity_id": row.id,
            "data": {name: str(getattr(row, name)) for name in reach.PLACE if getattr(row, name)},
        }
        for row in rows
    ]
    await session.execute(insert(Outbox), news)


async def _close_stays(session: AsyncSession, event: Event, which: ColumnElement[bool]) -> None:
    homes = select(Household.id).where(which, Household.ended_on.is_(None))
    await session.execute(
        update(HouseholdStay)
        .where(HouseholdStay.household_id.in_(homes), HouseholdStay.valid_to.is_(None))
        .values(
            valid_to=event.on,
            end_reason=event.reason,
            version=HouseholdStay.version + 1,
            updated_at=clock.now(),
            updated_by=event.actor.id,
        )
        .execution_options(synchronize_session=False)
    )


async def _open_stays(session: AsyncSession, event: Event, area_id: UUID) -> None:
    """Begin a stay for the households of a grid that have none."""
    staying = select(literal(1)).where(
        HouseholdStay.household_id == Household.id, HouseholdStay.valid_to.is_(None)
    )
    homes = select(Household.id, Household.area_id, Household.room_id, Household.address).where(
        Household.area_id == area_id, Household.ended_on.is_(None), ~staying.exists()
    )
    rows = [
        {
            "id": uuid7(),
            "household_id": row.id,
            "area_id": row.area_id,
            "room_id": row.room_id,
            "address": row.address,
            "reason": event.reason,
            "valid_from": event.on,
            "created_by": event.actor.id,
            "updated_by": event.actor.id,
        }
        for row in await session.execute(homes)
    ]
    for start in range(0, len(rows), BATCH):
        await session.execute(insert(HouseholdStay), rows[start : start + BATCH])
