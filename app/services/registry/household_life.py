"""What happens to a household: it splits, takes another in, moves as a whole, gets another head, ends.

Each is one call and one transaction. Who lives with a household goes where it goes; who is only registered
in it keeps the home of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, invalid_field
from app.models.enums import LinkReason, ResidenceStatus
from app.models.registry import Household, HouseholdMember, HouseholdStay, Residence
from app.schemas.dwelling import Ending
from app.schemas.household import HouseholdPatch
from app.schemas.life import HeadChange, HouseholdMove, Kin, Merge, Split
from app.services.platform import versions
from app.services.platform.actor import Actor
from app.services.platform.scope import Predicate
from app.services.registry import care_end, contact_ends, heads, history, households, links, reach
from app.services.registry.links import Event


class HouseholdInUse(Conflict):
    """Somebody still belongs to the household or lives with it."""

    code = "household_in_use"
    title_zh, title_en = "该户还有人员，请先迁出或并户", "Somebody still belongs to the household"


class SplitTakesAll(Conflict):
    """Nobody would stay behind: that is a move, not a split."""

    code = "split_takes_all"
    title_zh, title_en = "分户后原户须至少留下一人", "A split must leave somebody behind"


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    household_id: UUID,
    changes: HouseholdPatch,
    expected_version: int | None,
) -> None:
    """Correct what is written of a household; a corrected address also in its present stay."""
    household = await _locked(session, actor, household_id, expected_version)
    taken = select(Household.id).where(Household.no == changes.no, Household.id != household_id)
    if "no" in changes.model_fields_set and await session.scalar(taken):
        raise households.HouseholdNoTaken
    for name, value in changes.changes.items():
        setattr(household, name, value)
    if "address" in changes.model_fields_set:
        stay = await links.stay(session, household_id=household_id)
        if stay is not None:
            stay.address = changes.address
    versions.touch(household, actor)
    await session.flush()
    data = {"fields": sorted(changes.model_fields_set)}
    await history.record(session, actor=actor, action="household.change", entity_id=household_id, data=data)
    session.expire_all()


async def split(
    session: AsyncSession, *, actor: Actor, household_id: UUID, body: Split, expected_version: int | None
) -> UUID:
    """Some members become a household of their own; the new one's id."""
    household = await _locked(session, actor, household_id, expected_version)
    members = await links.members(session, household_id=household_id)
    wanted = heads.require_places(members, body.members)
    _require_one_head(wanted)
    leaving = [member for member in members if member.resident_id in wanted]
    if len(leaving) == len(members):
        raise SplitTakesAll
    moved = await _living_with(session, household_id, wanted)
    event = Event(actor, links.day_of(body.on, [*leaving, *moved]), LinkReason.SPLIT)
    values: dict[str, Any] = {
        "no": body.no,
        "household_type": body.household_type,
        "residence_status": ResidenceStatus.SAME,
    }
    new_id = await households.insert_one(
        session, event=event, values=values | await _split_place(session, actor, household, body)
    )
    await _transfer(session, event, leaving, moved, new_id, wanted)
    touched = await heads.follow(
        session, event=event, household_id=household_id, left=leaving, head=body.head
    )
    await links.settle(session, event, households=[household_id, new_id], residents={*wanted, *touched})
    data = {"on": event.on.isoformat(), "household_id": str(new_id), "people": len(wanted)}
    await history.record(session, actor=actor, action="household.split", entity_id=household_id, data=data)
    return new_id


async def merge(
    session: AsyncSession, *, actor: Actor, household_id: UUID, body: Merge, expected_version: int | None
) -> None:
    """Take another household in with everybody, and end it."""
    if body.household_id == household_id:
        raise invalid_field("body.household_id", "不能与自己并户", "is the same household")
    await links.lock(session, households={household_id, body.household_id})
    await _locked(session, actor, household_id, expected_version)
    absorbed = await reach.locked(
        session, Household, actor=actor, row_id=body.household_id, where="body.household_id"
    )
    members = await links.members(session, household_id=absorbed.id)
    wanted = _all_of(members, body.members)
    moved = await _living_with(session, absorbed.id, None)
    stay = await links.stay(session, household_id=absorbed.id)
    event = Event(actor, links.day_of(body.on, [*members, *moved, stay]), LinkReason.MERGED)
    await _transfer(session, event, members, moved, household_id, wanted)
    await _finish_one(session, event, absorbed, stay)
    ids = {*wanted, *(home.resident_id for home in moved)}
    await links.settle(session, event, households=[household_id, absorbed.id], residents=ids)
    data = {"on": event.on.isoformat(), "household_id": str(body.household_id), "people": len(wanted)}
    await history.record(session, actor=actor, action="household.merge", entity_id=household_id, data=data)
    data = {"on": event.on.isoformat(), "into_id": str(household_id)}
    await history.record(session, actor=actor, action="household.end", entity_id=body.household_id, data=data)


async def move(
    session: AsyncSession,
    *,
    actor: Actor,
    household_id: UUID,
    body: HouseholdMove,
    expected_version: int | None,
    within: Predicate | None = None,
) -> None:
    """Move a household as a whole; whoever lives with it comes along.

    `within` takes the place of the caller's reach to the household, not to where it goes.
    """
    household = await reach.locked(
        session,
        Household,
        actor=actor,
        row_id=household_id,
        expected_version=expected_version,
        within=within,
    )
    place, left = await households.where(session, actor=actor, new=body), household.area_id
    stay = await links.stay(session, household_id=household_id)
    event = Event(actor, links.day_of(body.on, [stay]), LinkReason.MOVED)
    if place["village_id"] != household.village_id:
        # Whoever kept contact with them did so for the village that they leave.
        await contact_ends.of_household(session, actor=actor, household_id=household_id)
    await links.close(session, event, [stay] if stay else [])
    for name, value in place.items():
        setattr(household, name, value)
    here = {name: place[name] for name in ("area_id", "room_id", "address")}
    await links.begin(session, [event.begin(HouseholdStay, household_id=household_id, **here)])
    ids = set(await session.scalars(_people_of(household_id)))
    await links.settle(session, event, households=[household_id], residents=ids)
    data = {"on": event.on.isoformat(), "area_id": str(place["area_id"]), "was_area_id": str(left)}
    await history.record(session, actor=actor, action="household.move", entity_id=household_id, data=data)


async def name_head(
    session: AsyncSession,
    *,
    actor: Actor,
    household_id: UUID,
    body: HeadChange,
    expected_version: int | None,
) -> None:
    """Another head; the former one, if still a member, needs a relation to the new one."""
    await _locked(session, actor, household_id, expected_version)
    members = await links.members(session, household_id=household_id)
    named = {body.resident_id, *(kin.resident_id for kin in body.relations)}
    changing = [member for member in members if member.resident_id in named]
    event = Event(actor, links.day_of(body.on, changing), LinkReason.NEW_HEAD)
    touched = await heads.name(session, event=event, household_id=household_id, head=body, where="body")
    await links.settle(session, event, households=[household_id], residents=touched)
    data = {"on": event.on.isoformat()}
    await history.record(session, actor=actor, action="household.head", entity_id=household_id, data=data)


async def end(
    session: AsyncSession, *, actor: Actor, household_id: UUID, ending: Ending, expected_version: int | None
) -> None:
    """Take a household without people out of the registry."""
    household = await _locked(session, actor, household_id, expected_version)
    if await session.scalar(select(_people_of(household_id).exists())):
        raise HouseholdInUse
    stay = await links.stay(session, household_id=household_id)
    day = links.day_of(ending.ended_on, [stay], where="body.ended_on")
    event = Event(actor, day, LinkReason.ENDED)
    await _finish_one(session, event, household, stay)
    await links.settle(session, event, households=[household_id], residents=())
    data = {"ended_on": day.isoformat()}
    await history.record(session, actor=actor, action="household.end", entity_id=household_id, data=data)


async def _locked(
    session: AsyncSession, actor: Actor, household_id: UUID, expected_version: int | None
) -> Household:
    return await reach.locked(
        session, Household, actor=actor, row_id=household_id, expected_version=expected_version
    )


def _people_of(household_id: UUID) -> Any:
    """Who is registered in a household or lives with it now."""
    registered = exists().where(
        HouseholdMember.household_id == household_id,
        HouseholdMember.valid_to.is_(None),
        HouseholdMember.resident_id == Residence.resident_id,
    )
    return select(Residence.resident_id).where(
        Residence.valid_to.is_(None), or_(Residence.household_id == household_id, registered)
    )


async def _living_with(
    session: AsyncSession, household_id: UUID, among: Mapping[UUID, str] | None
) -> Sequence[Residence]:
    statement = select(Residence).where(Residence.household_id == household_id, Residence.valid_to.is_(None))
    if among is not None:
        statement = statement.where(Residence.resident_id.in_(among))
    return (await session.scalars(statement.order_by(Residence.resident_id).with_for_update())).all()


async def _transfer(
    session: AsyncSession,
    event: Event,
    members: Sequence[HouseholdMember],
    homes: Sequence[Residence],
    household_id: UUID,
    wanted: Mapping[UUID, str],
) -> None:
    """Memberships and homes end in one household and begin in another on the same day."""
    await links.close(session, event, [*members, *homes])
    begun: list[Any] = [
        event.begin(
            HouseholdMember,
            household_id=household_id,
            resident_id=member.resident_id,
            relation=wanted[member.resident_id],
            is_head=heads.is_head(wanted[member.resident_id]),
        )
        for member in members
    ]
    begun += [
        event.begin(Residence, resident_id=home.resident_id, household_id=household_id) for home in homes
    ]
    await links.begin(session, begun)


async def _finish_one(
    session: AsyncSession, event: Event, household: Household, stay: HouseholdStay | None
) -> None:
    await links.close(session, event, [stay] if stay else [])
    await session.execute(update(Household).where(Household.id == household.id).values(ended_on=event.on))
    await contact_ends.of_household(session, actor=event.actor, household_id=household.id)
    await care_end.of_household(session, actor=event.actor, household_id=household.id, on=event.on)


async def _split_place(
    session: AsyncSession, actor: Actor, household: Household, body: Split
) -> dict[str, Any]:
    if body.area_id is None and body.room_id is None:
        here = {**reach.copied(household), "room_id": household.room_id}
        return here | {"address": body.address or household.address}
    place = HouseholdMove(area_id=body.area_id, room_id=body.room_id, address=body.address)
    return await households.where(session, actor=actor, new=place)


def _require_one_head(wanted: Mapping[UUID, str]) -> None:
    if sum(heads.is_head(relation) for relation in wanted.values()) != 1:
        raise invalid_field(
            "body.members", "新户须有且只有一名户主（01–09）", "needs exactly one head (relation 01 to 09)"
        )


def _all_of(members: Sequence[HouseholdMember], sent: Iterable[Kin]) -> Mapping[UUID, str]:
    """What each member of a household that is taken in becomes; nobody may be left out or be the head."""
    wanted = heads.require_places(members, list(sent))
    if len(wanted) != len(members) or any(heads.is_head(relation) for relation in wanted.values()):
        raise invalid_field(
            "body.members",
            "须为被并户的每名成员填写与户主的关系，且不能是户主",
            "needs each member of the other household, none of them as the head",
        )
    return wanted
