"""Care objects: whom a grid looks after, how urgently, since when, and when a visit is due.

One open care object a person or household. They lie where the person lives, and end when the person dies
or leaves. Categories that disclose health or minors, and measures, are for those who may write.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.models.area import Area
from app.models.enums import CYCLE_DAYS, SENSITIVE, CareLevel, CareTag
from app.models.registry import CareObject, CareReview, Household, Residence, Resident
from app.models.staff import Member
from app.schemas.care import CareCreate, CareDetail, CarePatch, CareRead, CareReviewCreate, OnDay
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import masks, versions
from app.services.platform.actor import Actor
from app.services.registry import cycle, history, life, reach
from app.services.staff import members

_Responsible = aliased(Member)
_OWN = {"resident", "household", "category", "cycle_days", "responsible", "area", "is_overdue"}


class AlreadyCaredFor(Conflict):
    """There is an open care object for this person or household."""

    code = "already_cared_for"
    title_zh, title_en = "已有在册的关爱记录", "Somebody looks after them already"


async def create(session: AsyncSession, *, actor: Actor, new: CareCreate) -> CareDetail:
    """Begin to look after somebody; the first visit is due by the level."""
    place, households = await _subject(session, actor, new)
    await _require_member(session, actor, new.responsible_id)
    on = reach.past(new.on, where="body.on")
    values = new.model_dump(exclude={"on"}) | place
    values |= {
        "id": uuid7(),
        "opened_on": on,
        "next_visit_due": cycle.first_due(new.care_level, on),
        "created_by": actor.id,
        "updated_by": actor.id,
    }
    if await session.scalar(_open_of(new)) is not None:
        raise AlreadyCaredFor
    await session.execute(insert(CareObject).values(values))
    await _review(session, actor, values["id"], None, CareReviewCreate(care_level=new.care_level, on=on))
    await cycle.keep(session, households=households)
    data = {"level": new.care_level}
    await history.record(session, actor=actor, action="care_object.create", entity_id=values["id"], data=data)
    return await detail(session, actor=actor, care_id=values["id"])


async def change(
    session: AsyncSession, *, actor: Actor, care_id: UUID, changes: CarePatch, expected_version: int | None
) -> CareDetail:
    """Another person responsible, other measures."""
    care = await _locked(session, actor, care_id, expected_version)
    await _require_member(session, actor, changes.changes.get("responsible_id"))
    for name, value in changes.changes.items():
        setattr(care, name, value)
    data = {"fields": sorted(changes.model_fields_set)}
    return await _written(session, actor, care, "care_object.change", data)


async def review(
    session: AsyncSession,
    *,
    actor: Actor,
    care_id: UUID,
    body: CareReviewCreate,
    expected_version: int | None,
) -> CareDetail:
    """Decide the level anew; the next visit comes sooner for a more urgent one, at once for red."""
    care = await _locked(session, actor, care_id, expected_version)
    on = reach.past(body.on, where="body.on", since=care.opened_on)
    before = CareLevel(care.care_level)
    care.next_visit_due = cycle.due_after_review(
        before=before, after=body.care_level, due=care.next_visit_due, last_visit_on=care.last_visit_on, on=on
    )
    care.care_level = body.care_level
    await _review(session, actor, care_id, before, body.model_copy(update={"on": on}))
    data = {"from": before, "to": body.care_level}
    return await _written(session, actor, care, "care_object.review", data)


async def end(
    session: AsyncSession, *, actor: Actor, care_id: UUID, body: OnDay, expected_version: int | None
) -> CareDetail:
    """Somebody needs no looking after any more."""
    care = await _locked(session, actor, care_id, expected_version)
    care.ended_on = reach.past(body.on, where="body.on", since=care.opened_on)
    data = {"ended_on": care.ended_on.isoformat()}
    return await _written(session, actor, care, "care_object.end", data)


async def detail(session: AsyncSession, *, actor: Actor, care_id: UUID) -> CareDetail:
    """One care object; `NotFound` outside the scope."""
    statement = with_names().where(CareObject.id == care_id, reach.visible(actor, CareObject))
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound
    measures = row[0].measures if may_know(actor, row[0]) else None
    return CareDetail(**read(row, actor).model_dump(), measures=measures)


def may_know(actor: Actor, care: CareObject) -> bool:
    """Whether the caller may know why somebody is looked after, where that discloses health or minors.

    Those who write the registry of that place do; a post elsewhere does not help.
    """
    around = set(reach.copied(care).values())
    return any(grant.role in reach.WRITERS and grant.area_id in around for grant in actor.grants)


def read(row: Any, actor: Actor) -> CareRead:
    """A row of `with_names` as it goes out."""
    care, area_name, resident_name, household_no, responsible, ended_at = row
    hidden = CareTag(care.category) in SENSITIVE and not may_know(actor, care)
    return CareRead(
        **{name: getattr(care, name) for name in CareRead.model_fields if name not in _OWN},
        resident=Ref(id=care.resident_id, name=masks.name(resident_name)) if resident_name else None,
        household=Ref(id=care.household_id, name=household_no) if household_no else None,
        category=None if hidden else CareTag(care.category),
        cycle_days=CYCLE_DAYS[CareLevel(care.care_level)],
        responsible=members.named(care.responsible_id, responsible, ended_at),
        area=Ref(id=care.area_id, name=area_name),
        is_overdue=care.ended_on is None and care.next_visit_due < clock.today(),
    )


def with_names() -> Select[Any, Any, Any, Any, Any, Any]:
    """Care objects with the names of area, person, household and who is responsible."""
    return (
        select(CareObject, Area.name, Resident.name, Household.no, _Responsible.name, _Responsible.ended_at)
        .join(Area, Area.id == CareObject.area_id)
        .outerjoin(Resident, Resident.id == CareObject.resident_id)
        .outerjoin(Household, Household.id == CareObject.household_id)
        .outerjoin(_Responsible, _Responsible.id == CareObject.responsible_id)
    )


async def _subject(
    session: AsyncSession, actor: Actor, new: CareCreate
) -> tuple[dict[str, Any], Collection[UUID]]:
    """The columns of the place of whom to look after, and the household whose next visit that concerns."""
    if new.household_id is not None:
        household = await reach.locked(
            session, Household, actor=actor, row_id=new.household_id, where="body.household_id"
        )
        return reach.copied(household), [household.id]
    seen = select(Resident).where(Resident.id == new.resident_id, life.writable(actor))
    resident = await session.scalar(seen.with_for_update(of=Resident))
    if resident is None:
        raise NotFound(errors=(tree.unknown("body.resident_id"),))
    if resident.died_on or resident.left_on or resident.area_id is None:
        raise life.ResidentGone
    return reach.copied(resident), await _homes(session, resident.id)


async def _homes(session: AsyncSession, resident_id: UUID | None) -> Collection[UUID]:
    home = select(Residence.household_id).where(
        Residence.resident_id == resident_id,
        Residence.valid_to.is_(None),
        Residence.household_id.is_not(None),
    )
    return [household_id for household_id in await session.scalars(home) if household_id]


async def _require_member(session: AsyncSession, actor: Actor, member_id: UUID | None) -> None:
    if member_id is None:
        return
    seen = select(Member.id).where(Member.id == member_id, members.visible(actor), Member.ended_at.is_(None))
    if await session.scalar(seen) is None:
        raise NotFound(errors=(tree.unknown("body.responsible_id"),))


def _open_of(new: CareCreate) -> Select[UUID]:
    same = (
        CareObject.resident_id == new.resident_id
        if new.resident_id
        else CareObject.household_id == new.household_id
    )
    return select(CareObject.id).where(same, CareObject.ended_on.is_(None))


async def _locked(
    session: AsyncSession, actor: Actor, care_id: UUID, expected_version: int | None
) -> CareObject:
    return await reach.locked(
        session, CareObject, actor=actor, row_id=care_id, expected_version=expected_version
    )


async def _review(
    session: AsyncSession, actor: Actor, care_id: UUID, before: CareLevel | None, body: CareReviewCreate
) -> None:
    values = {
        "id": uuid7(),
        "care_object_id": care_id,
        "reviewed_on": body.on,
        "level_before": before,
        "level_after": body.care_level,
        "note": body.note,
        "created_by": actor.id,
        "updated_by": actor.id,
    }
    await session.execute(insert(CareReview).values(values))


async def _written(
    session: AsyncSession, actor: Actor, care: CareObject, action: str, data: dict[str, Any]
) -> CareDetail:
    versions.touch(care, actor)
    await session.flush()
    households = [care.household_id] if care.household_id else await _homes(session, care.resident_id)
    await cycle.keep(session, households=households)
    await history.record(session, actor=actor, action=action, entity_id=care.id, data=data)
    return await detail(session, actor=actor, care_id=care.id)
