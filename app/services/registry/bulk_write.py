"""Writing many matched households with their people: a few statements a batch, whatever its length.

The rows are those that the single-record services write: stays, memberships and homes with their reasons,
copies of the place, lines of the history. What a table does not say stays as it is. The caller sees to it
that nothing faulty comes here and that no household and no person stands in a batch twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.models.enums import LinkReason
from app.services.platform.actor import Actor
from app.services.registry import bulk_rows, bulk_sql, doors, history, links
from app.services.registry.bulk import BulkHousehold, BulkPerson
from app.services.registry.history import Written as Line
from app.services.registry.links import Event

Pair = tuple[BulkHousehold, BulkPerson]


@dataclass(frozen=True, slots=True)
class Written:
    """How many households were new, changed in any way, and as they were."""

    created: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """The session, who writes and when, and the households split into those known and new."""

    session: AsyncSession
    event: Event
    vault: Vault
    known: list[BulkHousehold]
    new: list[BulkHousehold]

    @property
    def stamps(self) -> dict[str, Any]:
        """The values that all statements share."""
        return {"by": self.event.actor.id, "today": self.event.on}

    def pairs(self) -> list[Pair]:
        """Everybody with their household."""
        return [(household, person) for household in self.known + self.new for person in household.people]


async def write(
    session: AsyncSession, *, actor: Actor, vault: Vault, households: Sequence[BulkHousehold]
) -> Written:
    """Make the registry say what the households say."""
    batch = _Batch(
        session,
        Event(actor, clock.today(), LinkReason.REGISTERED),
        vault,
        known=[household for household in households if household.household_id],
        new=[household for household in households if not household.household_id],
    )
    pairs = batch.pairs()
    await links.lock(
        session,
        households=[household.household_id for household in batch.known if household.household_id],
        residents=[person.resident_id for _household, person in pairs if person.resident_id],
    )
    told: list[Line] = []
    await _rooms(batch, told)
    touched = await _households(batch, told)
    touched |= await _known_people(batch, [pair for pair in pairs if pair[1].resident_id], told)
    touched |= await _joining(batch, [pair for pair in pairs if not pair[1].is_member], told)
    await history.record_all(session, actor=actor, lines=told)
    updated = sum(1 for household in batch.known if household.household_id in touched)
    return Written(len(batch.new), updated, len(batch.known) - updated)


async def _rooms(batch: _Batch, told: list[Line]) -> None:
    """Make the rooms that are not there; several households may live in one."""
    households = batch.known + batch.new
    known = [{"id": household.room_id} for household in households if household.room_id]
    standing = await _ids(batch, bulk_sql.STANDING_ROOMS, known)
    made: dict[doors.Key, bulk_rows.Row] = {}
    for household in households:
        if household.building and household.door and household.room_id not in standing:
            key = doors.key_of(household.building.id, household.door)
            if key not in made:
                made[key] = bulk_rows.new_room(household, household.building, household.door)
            household.room_id, household.room_address = made[key]["id"], made[key]["address"]
    await _run(batch, bulk_sql.NEW_ROOMS, made.values())
    told += [Line("room.create", row["id"], {"use": row["use"]}) for row in made.values()]


async def _households(batch: _Batch, told: list[Line]) -> set[UUID]:
    """Write the households with their stays; those that are known and changed."""
    rows = map(bulk_rows.known_household, batch.known)
    changed = await _ids(batch, bulk_sql.CHANGED_HOUSEHOLDS, rows)
    told += [
        Line("household.change", household.household_id, bulk_rows.fields_of_household(household))
        for household in batch.known
        if household.household_id in changed
    ]
    made = [bulk_rows.new_household(household) for household in batch.new]
    await _run(batch, bulk_sql.NEW_HOUSEHOLDS, made, reason=batch.event.reason)
    told += [
        Line("household.create", row["id"], {"people": row["member_count"], "type": row["household_type"]})
        for row in made
    ]
    return changed


async def _known_people(batch: _Batch, known: Sequence[Pair], told: list[Line]) -> set[UUID]:
    """Correct what is written of people, and their places; the households in which anything changed."""
    rows = (bulk_rows.known_person(person, batch.vault) for _household, person in known)
    changed = await _ids(batch, bulk_sql.CHANGED_PEOPLE, rows)
    told += [
        Line("resident.change", person.resident_id, bulk_rows.fields_of_person(person))
        for _household, person in known
        if person.resident_id in changed
    ]
    staying = [pair for pair in known if pair[1].is_member]
    places = (bulk_rows.place(*pair) for pair in staying)
    other = await _ids(batch, bulk_sql.CHANGED_MEMBERS, places, reason=LinkReason.NEW_HEAD)
    reseated = _homes_of(staying, other)
    told += [Line("household.head", row_id, {"on": batch.event.on.isoformat()}) for row_id in reseated]
    if other:
        await links.settle(batch.session, batch.event, households=reseated, residents=other)
    return _homes_of(known, changed) | reseated


async def _joining(batch: _Batch, joining: Sequence[Pair], told: list[Line]) -> set[UUID]:
    """Write new people and those who come back, with their links; the households that they join."""
    made = [pair for pair in joining if pair[1].resident_id is None]
    back = [person.resident_id for _household, person in joining if person.resident_id]
    people = [bulk_rows.new_person(*pair, batch.vault) for pair in made]
    # As where a single household is entered: the same people are locked in the same order.
    people.sort(key=lambda row: row["id_index"] or b"")
    await _run(batch, bulk_sql.NEW_PEOPLE, people)
    await _run(batch, bulk_sql.RETURNED, ({"id": row_id} for row_id in back))
    homes = await links.homes(batch.session, resident_ids=back) if back else {}
    returned = set(back)
    rows = [bulk_rows.membership(*pair, back=returned, homes=homes) for pair in joining]
    await _run(batch, bulk_sql.NEW_MEMBERS, rows)
    entered = {household.household_id for household in batch.new}
    told += bulk_rows.comings(rows, on=batch.event.on, entered=entered)
    # New people of new households stand where they live already, and these are counted.
    joined = {row["household_id"] for row in rows} - entered
    placed = {row["resident_id"] for row in rows if row["household_id"] in joined} | returned
    if placed:
        await links.settle(batch.session, batch.event, households=joined, residents=placed)
    return joined


def _homes_of(pairs: Iterable[Pair], people: set[UUID]) -> set[UUID]:
    """The households of some of the people."""
    return {
        household.household_id
        for household, person in pairs
        if person.resident_id in people and household.household_id
    }


async def _ids(batch: _Batch, sql: str, rows: Iterable[dict[str, Any]], **others: Any) -> set[UUID]:
    """Run a statement over rows; the ids that it returns."""
    values = _arrays(list(rows))
    return set(await batch.session.scalars(text(sql), values | batch.stamps | others)) if values else set()


async def _run(batch: _Batch, sql: str, rows: Iterable[dict[str, Any]], **others: Any) -> None:
    """Run a statement over rows that returns nothing."""
    values = _arrays(list(rows))
    if values:
        await batch.session.execute(text(sql), values | batch.stamps | others)


def _arrays(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {column: [row[column] for row in rows] for column in rows[0]} if rows else {}
