"""The head of a household: naming another, and what the others are to them from then on.

A household without a head is marked until somebody is named; the database allows one head at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, invalid_field
from app.models.enums import LinkReason
from app.models.registry import HouseholdMember
from app.schemas.life import Kin, NewHead
from app.services.registry import links
from app.services.registry.links import Event
from app.services.registry.residents import HEAD

HEAD_RELATION = "02"


class HouseholdHasHead(Conflict):
    """There is a head already; naming another is a step of its own."""

    code = "household_has_head"
    title_zh = "该户已有户主，请先变更户主"
    title_en = "The household has a head already"


def is_head(relation: str) -> bool:
    """Relations 01 to 09 of GB/T 4761 are the head."""
    return relation.startswith(HEAD)


async def name(
    session: AsyncSession, *, event: Event, household_id: UUID, head: NewHead, where: str = "body.head"
) -> list[UUID]:
    """Make a member the head; the residents whose place in the household changed."""
    members = await links.members(session, household_id=household_id)
    wanted = _wanted(members, head, where)
    changed = [member for member in members if _differs(member, wanted.get(member.resident_id))]
    if any(member.valid_from > event.on for member in changed):
        links.day_of(event.on, changed)
    past = [member for member in changed if member.valid_from < event.on]
    today = [member for member in changed if member.valid_from == event.on]
    for member in today:
        member.is_head = False
    await links.close(session, Event(event.actor, event.on, LinkReason.NEW_HEAD), past)
    for member in today:
        _put_right(member, wanted[member.resident_id], event)
    again = Event(event.actor, event.on, LinkReason.NEW_HEAD)
    await links.begin(session, [_next(again, member, wanted[member.resident_id]) for member in past])
    return [member.resident_id for member in changed]


async def follow(
    session: AsyncSession,
    *,
    event: Event,
    household_id: UUID,
    left: Iterable[HouseholdMember],
    head: NewHead | None,
) -> list[UUID]:
    """After some left a household: name the head that was sent, which needs the old one to have left."""
    if head is None:
        return []
    if not any(member.is_head for member in left):
        members = await links.members(session, household_id=household_id)
        if any(member.is_head for member in members):
            raise HouseholdHasHead
    return await name(session, event=event, household_id=household_id, head=head)


def require_places(
    members: Sequence[HouseholdMember], sent: Sequence[Kin], *, where: str = "body.members"
) -> Mapping[UUID, str]:
    """The sent relations by resident; `Invalid` for a repeated one or somebody who is not a member."""
    known = {member.resident_id for member in members}
    found: dict[UUID, str] = {}
    for number, kin in enumerate(sent):
        if kin.resident_id not in known or kin.resident_id in found:
            raise invalid_field(
                f"{where}.{number}.resident_id",
                "不是该户现有成员，或重复填写",
                "is not a member of the household, or is there twice",
            )
        found[kin.resident_id] = kin.relation
    return found


def _wanted(members: Sequence[HouseholdMember], head: NewHead, where: str) -> dict[UUID, str]:
    wanted = dict(require_places(members, head.relations, where=f"{where}.relations"))
    if head.resident_id not in {member.resident_id for member in members}:
        raise invalid_field(
            f"{where}.resident_id", "新户主须是该户现有成员", "must be a member of the household"
        )
    wanted[head.resident_id] = HEAD_RELATION
    for member in members:
        other = wanted.get(member.resident_id, member.relation)
        if member.resident_id != head.resident_id and is_head(other):
            raise invalid_field(
                f"{where}.relations",
                "请填写原户主与新户主的关系，且不能有两名户主",
                "needs what the former head is to the new one; there can be one head only",
            )
    return wanted


def _differs(member: HouseholdMember, relation: str | None) -> bool:
    return relation is not None and (member.relation != relation or member.is_head != is_head(relation))


def _put_right(member: HouseholdMember, relation: str, event: Event) -> None:
    member.relation, member.is_head = relation, is_head(relation)
    member.version += 1
    member.updated_at, member.updated_by = clock.now(), event.actor.id


def _next(event: Event, member: HouseholdMember, relation: str) -> Any:
    return event.begin(
        HouseholdMember,
        household_id=member.household_id,
        resident_id=member.resident_id,
        relation=relation,
        is_head=is_head(relation),
    )
