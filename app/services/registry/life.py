"""What happens to a person: comes into the registry, is born, moves, leaves the town, dies.

Each is one call and one transaction: it ends the links of before and begins those of after on the same day.
A person may belong to one household and live elsewhere; who lives where they are registered moves along.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.core.errors import Busy, Conflict, NotFound, invalid_field
from app.models.enums import IdType, LinkReason
from app.models.registry import Household, HouseholdMember, Residence, Resident, Room
from app.schemas.household import Warned
from app.schemas.life import Arrival, Birth, Death, Departure, Home, Move, NewHead, Registration
from app.services.areas import tree
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.platform.scope import Predicate
from app.services.registry import care_end, heads, history, links, reach, residents
from app.services.registry.links import Event


class ResidentGone(Conflict):
    """The person died, or left the town."""

    code = "resident_gone"
    title_zh, title_en = "该人员已登记死亡或迁出", "The person has died or left"


class SameHousehold(Conflict):
    """The person belongs to this household already."""

    code = "same_household"
    title_zh, title_en = "该人员已在这一户中", "The person belongs to this household already"


def writable(actor: Actor) -> Predicate:
    """The residents who live, or are registered, where the caller may write."""
    registered = links.registered(lambda home: reach.writable(actor, reach.columns_of(home)))
    return or_(reach.writable(actor, reach.columns_of(Resident)), registered)


async def locked(
    session: AsyncSession,
    *,
    actor: Actor,
    resident_id: UUID,
    expected_version: int | None,
    within: Predicate | None = None,
) -> Resident:
    """A resident whom the caller may write, locked; `NotFound` or `Stale`.

    `within` takes the place of the caller's reach.
    """
    reached = writable(actor) if within is None else within
    statement = select(Resident).where(Resident.id == resident_id, reached)
    found = await session.scalar(
        statement.with_for_update(of=Resident).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    versions.require(found, expected_version)
    return found


async def arrive(
    session: AsyncSession, *, actor: Actor, vault: Vault, new: Arrival
) -> tuple[UUID, list[Warned]]:
    """A person who is new to the registry, in a household; the id, and what deserves a second look."""
    people, warnings = residents.prepare([new], actor=actor, vault=vault, path=lambda _place: "body")
    person = people[0]
    household = await reach.locked(
        session, Household, actor=actor, row_id=new.household_id, where="body.household_id"
    )
    event = Event(actor, reach.past(new.on, where="body.on"), LinkReason(new.reason))
    if person.columns["birth_on"] and event.on < person.columns["birth_on"]:
        raise invalid_field("body.on", "不能早于出生日期", "must not be before the birth")
    await _require_seat(session, household.id, new.relation, "body.relation")
    home = await _home(session, actor, new.home) if new.home else {"household_id": household.id}
    await residents.insert_all(session, people)
    await links.begin(
        session,
        [
            _membership(event, person.id, household.id, new.relation),
            event.begin(Residence, resident_id=person.id, **home),
        ],
    )
    await links.settle(session, event, households=[household.id], residents=[person.id])
    data = {"household_id": str(new.household_id), "reason": event.reason}
    await history.record(session, actor=actor, action="resident.create", entity_id=person.id, data=data)
    return person.id, warnings


async def birth(
    session: AsyncSession, *, actor: Actor, vault: Vault, household_id: UUID, new: Birth
) -> tuple[UUID, list[Warned]]:
    """A child born into a household; the link begins on the day of birth."""
    if heads.is_head(new.relation):
        raise invalid_field("body.relation", "新生儿不能是户主", "a new-born cannot be the head")
    arrival = Arrival(
        **new.model_dump(), household_id=household_id, id_type=IdType.RESIDENT_ID, on=new.birth_on
    )
    arrival.reason = LinkReason.BORN  # type: ignore[assignment]
    return await arrive(session, actor=actor, vault=vault, new=arrival)


async def move(
    session: AsyncSession,
    *,
    actor: Actor,
    resident_id: UUID,
    body: Move,
    expected_version: int | None,
    within: Predicate | None = None,
) -> None:
    """Another household, another home, or both; also the return of somebody who had left.

    `within` takes the place of the caller's reach to the person, not to where they go.
    """
    before = await _locked_with_household(
        session, actor, resident_id, body.household, expected_version, within
    )
    home = (await links.homes(session, resident_ids=[resident_id])).get(resident_id)
    if before is None and body.household is None:
        raise ResidentGone
    event = Event(actor, links.day_of(body.on, [before, home]), LinkReason(body.reason))
    target = await _target(session, actor, before, body.household)
    new_home = await _home(session, actor, body.home) if body.home else _follows(before, home, target)
    ended = [link for link, begun in ((before, target), (home, new_home)) if link is not None and begun]
    await links.close(session, event, ended)
    begun: list[Any] = []
    if target and body.household:
        begun.append(_membership(event, resident_id, target.id, body.household.relation))
    if new_home:
        begun.append(event.begin(Residence, resident_id=resident_id, **new_home))
    await links.begin(session, begun)
    left = before if target else None
    touched = await _headless(session, event, left, body.head)
    await _finish(session, event, "resident.move", resident_id, [left, target], touched)


async def depart(
    session: AsyncSession, *, actor: Actor, resident_id: UUID, body: Departure, expected_version: int | None
) -> None:
    """Somebody leaves the town; the gap until a return is one that was made."""
    before = await _locked_with_household(session, actor, resident_id, None, expected_version)
    await _end(session, actor, resident_id, before, body, LinkReason(body.reason))


async def die(
    session: AsyncSession, *, actor: Actor, resident_id: UUID, body: Death, expected_version: int | None
) -> None:
    """Somebody died; a household that loses its head names another now or is marked."""
    before = await _locked_with_household(session, actor, resident_id, None, expected_version)
    await _end(session, actor, resident_id, before, body, LinkReason.DIED)


async def _end(
    session: AsyncSession,
    actor: Actor,
    resident_id: UUID,
    before: HouseholdMember | None,
    body: Departure | Death,
    reason: LinkReason,
) -> None:
    person = await session.get_one(Resident, resident_id)
    if reason is not LinkReason.DIED and before is None:
        raise ResidentGone
    home = (await links.homes(session, resident_ids=[resident_id])).get(resident_id)
    event = Event(actor, links.day_of(body.on, [before, home]), reason)
    await links.close(session, event, [link for link in (before, home) if link is not None])
    if reason is LinkReason.DIED:
        if any(day and event.on < day for day in (person.birth_on, person.left_on)):
            raise invalid_field(
                "body.on", "不能早于出生或迁出的日期", "must not be before the birth or leaving"
            )
        person.died_on = event.on
    else:
        person.left_on = event.on
    await care_end.of(session, actor=actor, resident_id=resident_id, on=event.on)
    touched = await _headless(session, event, before, body.head)
    action = "resident.death" if reason is LinkReason.DIED else "resident.departure"
    await _finish(session, event, action, resident_id, [before], touched)


async def _locked_with_household(
    session: AsyncSession,
    actor: Actor,
    resident_id: UUID,
    target: Registration | None,
    expected_version: int | None,
    within: Predicate | None = None,
) -> HouseholdMember | None:
    """Lock the households, then the person; the open membership, if any."""
    seen = await links.membership(session, resident_id=resident_id)
    ids = {target.household_id} if target else set()
    await links.lock(session, households=ids | ({seen.household_id} if seen else set()))
    person = await locked(
        session, actor=actor, resident_id=resident_id, expected_version=expected_version, within=within
    )
    if person.died_on is not None:
        raise ResidentGone
    now = await links.membership(session, resident_id=resident_id)
    if (now and now.household_id) != (seen and seen.household_id):
        raise Busy
    if target and person.left_on is not None:
        person.left_on = None
    return now


async def _target(
    session: AsyncSession, actor: Actor, before: HouseholdMember | None, sent: Registration | None
) -> Household | None:
    if sent is None:
        return None
    if before and before.household_id == sent.household_id:
        raise SameHousehold
    where = "body.household.household_id"
    household = await reach.locked(session, Household, actor=actor, row_id=sent.household_id, where=where)
    await _require_seat(session, household.id, sent.relation, "body.household.relation")
    return household


def _follows(
    before: HouseholdMember | None, home: Residence | None, target: Household | None
) -> dict[str, Any] | None:
    """The new home of somebody who lived where they were registered, or nowhere in the registry."""
    if target is None:
        return None
    at_home = home is None or (before is not None and home.household_id == before.household_id)
    return {"household_id": target.id} if at_home else None


async def _home(session: AsyncSession, actor: Actor, sent: Home) -> dict[str, Any]:
    """The columns of a home; `NotFound`, with the field, beyond the caller's reach."""
    for table, name in ((Household, "household_id"), (Room, "room_id")):
        row_id = getattr(sent, name)
        if row_id is not None:
            seen = select(table.id).where(
                table.id == row_id, reach.visible(actor, table), table.ended_on.is_(None)
            )
            # Whoever ends it waits, and then sees who lives there.
            if await session.scalar(seen.with_for_update(read=True, key_share=True)) is None:
                raise NotFound(errors=(tree.unknown(f"body.home.{name}"),))
    return sent.model_dump(exclude_none=True)


async def _require_seat(session: AsyncSession, household_id: UUID, relation: str, where: str) -> None:
    """A household has one head: the first to come, and then nobody else."""
    members = await links.members(session, household_id=household_id)
    has_head = any(member.is_head for member in members)
    if heads.is_head(relation) and has_head:
        raise heads.HouseholdHasHead
    if not heads.is_head(relation) and not members:
        raise invalid_field(where, "空户的第一人须是户主（01–09）", "the first to come must be the head")


async def _headless(
    session: AsyncSession, event: Event, left: HouseholdMember | None, head: NewHead | None
) -> list[UUID]:
    if left is None:
        return []
    return await heads.follow(session, event=event, household_id=left.household_id, left=[left], head=head)


def _membership(event: Event, resident_id: UUID, household_id: UUID, relation: str) -> HouseholdMember:
    return event.begin(
        HouseholdMember,
        household_id=household_id,
        resident_id=resident_id,
        relation=relation,
        is_head=heads.is_head(relation),
    )


async def _finish(
    session: AsyncSession,
    event: Event,
    action: str,
    resident_id: UUID,
    concerned: list[HouseholdMember | Household | None],
    touched: list[UUID],
) -> None:
    ids = {
        row.household_id if isinstance(row, HouseholdMember) else row.id
        for row in concerned
        if row is not None
    }
    await links.settle(session, event, households=ids, residents={resident_id, *touched})
    data = {
        "on": event.on.isoformat(),
        "reason": event.reason,
        "household_ids": sorted(str(household_id) for household_id in ids),
    }
    await history.record(session, actor=event.actor, action=action, entity_id=resident_id, data=data)
