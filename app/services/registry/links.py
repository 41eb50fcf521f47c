"""The links of the registry as they change: what is open, closing it on a day, beginning the next.

One event closes links and begins others on the same day, so that nobody is nowhere in between; a link that
began on that very day is put right in place. Which event does what is the business of `life` and
`household_life`; that two links of one owner never overlap is also the database's.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.errors import invalid_field
from app.models.enums import LinkReason
from app.models.registry import Household, HouseholdMember, HouseholdStay, Residence, Resident
from app.services.platform.actor import Actor
from app.services.platform.scope import Predicate
from app.services.registry import cycle, reach

Row = TypeVar("Row", HouseholdMember, HouseholdStay, Residence)

_COUNT = text("""
    UPDATE household SET member_count = found.people, needs_head = found.people > 0 AND found.heads = 0,
           version = household.version + 1, updated_at = :moment, updated_by = :actor
      FROM (SELECT asked.id, count(link.id) AS people, count(link.id) FILTER (WHERE link.is_head) AS heads
              FROM unnest(:ids) AS asked (id)
              LEFT JOIN household_member AS link ON link.household_id = asked.id AND link.valid_to IS NULL
             GROUP BY asked.id) AS found
     WHERE household.id = found.id
""").bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("actor", type_=Uuid()))
# Where somebody lives comes first, the household of an absent one second; the last place stays.
_PLACE = text("""
    UPDATE resident SET
           area_id = CASE WHEN place.area_id IS NULL THEN resident.area_id ELSE place.area_id END,
           town_id = CASE WHEN place.area_id IS NULL THEN resident.town_id ELSE place.town_id END,
           village_id = CASE WHEN place.area_id IS NULL THEN resident.village_id ELSE place.village_id END,
           grid_id = CASE WHEN place.area_id IS NULL THEN resident.grid_id ELSE place.grid_id END,
           version = resident.version + 1, updated_at = :moment, updated_by = :actor
      FROM resident AS asked LEFT JOIN LATERAL (
            SELECT 1 AS rank, there.area_id, there.town_id, there.village_id, there.grid_id
              FROM residence AS link JOIN household AS there ON there.id = link.household_id
             WHERE link.resident_id = asked.id AND link.valid_to IS NULL
            UNION ALL
            SELECT 2, there.area_id, there.town_id, there.village_id, there.grid_id
              FROM residence AS link JOIN room AS there ON there.id = link.room_id
             WHERE link.resident_id = asked.id AND link.valid_to IS NULL
            UNION ALL
            SELECT 3, there.area_id, there.town_id, there.village_id, there.grid_id
              FROM household_member AS link JOIN household AS there ON there.id = link.household_id
             WHERE link.resident_id = asked.id AND link.valid_to IS NULL
            ORDER BY rank LIMIT 1) AS place ON true
     WHERE asked.id = ANY (:ids) AND resident.id = asked.id
""").bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("actor", type_=Uuid()))


@dataclass(frozen=True, slots=True)
class Event:
    """What happens: the day, why, and who enters it."""

    actor: Actor
    on: date
    reason: LinkReason

    def begin(self, table: type[Row], **values: Any) -> Row:
        """A new link from this day on."""
        return table(
            **values,
            reason=self.reason,
            valid_from=self.on,
            created_by=self.actor.id,
            updated_by=self.actor.id,
        )


def registered(where: Callable[[Any], Predicate]) -> Predicate:
    """The residents who are registered now in a household that meets a condition."""
    link, home = aliased(HouseholdMember), aliased(Household)
    places = select(link.id).join(home, home.id == link.household_id)
    return places.where(link.resident_id == Resident.id, link.valid_to.is_(None), where(home)).exists()


async def lock(
    session: AsyncSession, *, households: Collection[UUID] = (), residents: Collection[UUID] = ()
) -> None:
    """Lock households, then residents, each by id, so that two events never wait for one another."""
    for table, ids in ((Household, households), (Resident, residents)):
        if ids:
            statement = select(table.id).where(table.id.in_(sorted(ids))).order_by(table.id)
            await session.execute(statement.with_for_update())


async def members(session: AsyncSession, *, household_id: UUID) -> list[HouseholdMember]:
    """The open memberships of a household, locked."""
    statement = (
        select(HouseholdMember)
        .where(HouseholdMember.household_id == household_id, HouseholdMember.valid_to.is_(None))
        .order_by(HouseholdMember.resident_id)
    )
    return list(await session.scalars(statement.with_for_update()))


async def membership(session: AsyncSession, *, resident_id: UUID) -> HouseholdMember | None:
    """The open membership of a resident."""
    statement = select(HouseholdMember).where(
        HouseholdMember.resident_id == resident_id, HouseholdMember.valid_to.is_(None)
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()


async def homes(session: AsyncSession, *, resident_ids: Collection[UUID]) -> dict[UUID, Residence]:
    """The open residences of some residents."""
    statement = select(Residence).where(Residence.resident_id.in_(resident_ids), Residence.valid_to.is_(None))
    found = await session.scalars(statement.execution_options(populate_existing=True))
    return {home.resident_id: home for home in found}


async def stay(session: AsyncSession, *, household_id: UUID) -> HouseholdStay | None:
    """The open stay of a household."""
    statement = select(HouseholdStay).where(
        HouseholdStay.household_id == household_id, HouseholdStay.valid_to.is_(None)
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()


def day_of(day: date | None, links: Iterable[Any], *, where: str = "body.on") -> date:
    """The day of an event, not in the future and not before one of the links that it ends began."""
    since = max((link.valid_from for link in links if link is not None), default=None)
    today = clock.today()
    if day is None and since is not None and since > today:
        raise invalid_field(where, f"日期不能早于上一次变动（{since}）", f"must not be before {since}")
    return reach.past(day, where=where, since=since)


async def close(session: AsyncSession, event: Event, links: Sequence[Any]) -> None:
    """End open links on the day of the event."""
    for link in links:
        link.valid_to, link.end_reason = event.on, event.reason
        link.version += 1
        link.updated_at, link.updated_by = clock.now(), event.actor.id
    await session.flush()


async def begin(session: AsyncSession, links: Iterable[Any]) -> None:
    """Begin links; those of the same owners must be closed already."""
    session.add_all(links)
    await session.flush()


async def settle(
    session: AsyncSession, event: Event, *, households: Collection[UUID], residents: Collection[UUID]
) -> None:
    """Count the members of households anew, and put residents where they live; nothing loaded stays good."""
    await session.flush()
    values = {"moment": clock.now(), "actor": event.actor.id}
    if households:
        await session.execute(_COUNT, values | {"ids": sorted(households)})
    if residents:
        await session.execute(_PLACE, values | {"ids": sorted(residents)})
    await cycle.follow(session, households=households, residents=residents)
    await cycle.keep(session, households=households, residents=residents)
    session.expire_all()


async def replace(session: AsyncSession, event: Event, *, households: Collection[UUID]) -> None:
    """After households were put elsewhere: their people and those who live with them are there too."""
    ids: set[UUID] = set()
    for table in (Residence, HouseholdMember):
        found = select(table.resident_id).where(table.household_id.in_(households), table.valid_to.is_(None))
        ids |= set(await session.scalars(found))
    values = {"moment": clock.now(), "actor": event.actor.id}
    if ids:
        await session.execute(_PLACE, values | {"ids": sorted(ids)})
    await cycle.follow(session, households=households, residents=ids)
