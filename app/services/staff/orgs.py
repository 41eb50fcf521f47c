"""Organisations: who sees which, lists, and their administration.

They are public facts. A caller sees those of every area they can see, so a grid worker also finds the
village committee and the town's departments. An organisation is ended, never deleted; the parent is
chosen once, so that no circle can arise.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.core.writes import together
from app.models.area import Area
from app.models.enums import OrgKind
from app.models.platform import WorkCalendar
from app.models.staff import Member, Org
from app.models.ticket import Ticket
from app.schemas.org import OrgCreate, OrgPatch
from app.services.areas import tree
from app.services.platform import audit, outbox, versions
from app.services.platform.actor import Actor
from app.services.platform.listing import page_statement

_BY_NAME = Sort.by_text(Org.name, Org.id)


class OrgInUse(Conflict):
    """Somebody or something still depends on the organisation."""

    code = "org_in_use"
    title_zh = "该组织仍有在职人员、下级组织或未办结工单，不能撤销"
    title_en = "The organisation still has members, suborganisations or open tickets"


class OrgEnded(Conflict):
    """The organisation has ended already."""

    code = "org_ended"
    title_zh, title_en = "该组织已撤销", "The organisation has ended"


def visible(actor: Actor) -> ColumnElement[bool]:
    """The organisations of the areas that the caller sees."""
    return Org.area_id.in_(select(Area.id).where(tree.visible(actor)))


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    area_id: UUID | None = None,
    kind: OrgKind | None = None,
    line: str | None = None,
    name_part: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[Org]:
    """One page of the organisations that have not ended, by name: of an area and all below it."""
    filters: list[ColumnElement[bool]] = [Org.ended_at.is_(None)]
    await tree.require(session, actor=actor, named={"query.area_id": area_id})
    if area_id:
        filters.append(Org.area_id.in_(select(Area.id).where(Area.path.contains([area_id]))))
    if kind:
        filters.append(Org.kind == kind)
    if line:
        filters.append(Org.line == line)
    if name_part:
        filters.append(Org.name.contains(name_part, autoescape=True))
    statement = page_statement(
        select(Org), sort=_BY_NAME, branches=[visible(actor)], filters=filters, cursor=cursor, limit=limit
    )
    rows = (await session.scalars(statement)).all()
    return page_of(rows, limit, lambda org: (org.name, org.id))


async def detail(session: AsyncSession, *, actor: Actor, org_id: UUID, lock: bool = False) -> Org:
    """One organisation, ended or not; `NotFound` outside the caller's reach."""
    statement = select(Org).where(Org.id == org_id, visible(actor))
    org = await session.scalar(statement.with_for_update() if lock else statement)
    if org is None:
        raise NotFound
    return org


async def require(session: AsyncSession, *, actor: Actor, field: str, org_id: UUID | None) -> Org | None:
    """The working organisation that a field names; `NotFound`, with the field, where there is none."""
    if org_id is None:
        return None
    statement = select(Org).where(Org.id == org_id, Org.ended_at.is_(None), visible(actor))
    org = await session.scalar(statement)
    if org is None:
        raise NotFound(errors=(tree.unknown(field),))
    return org


async def create(session: AsyncSession, *, actor: Actor, new: OrgCreate) -> Org:
    """A new organisation; `NotFound` for an area or parent that the caller does not see."""
    await tree.require(session, actor=actor, named={"body.area_id": new.area_id}, hold=True)
    await require(session, actor=actor, field="body.parent_id", org_id=new.parent_id)
    await _require_calendar(session, new.work_calendar_id)
    values = new.model_dump() | {
        "id": uuid7(),
        "short_name": new.short_name or new.name,
        "created_by": actor.id,
        "updated_by": actor.id,
    }
    org = (await session.scalars(insert(Org).values(values).returning(Org))).one()
    await _record(session, actor, "org.create", org, {"kind": org.kind})
    return org


async def change(
    session: AsyncSession, *, actor: Actor, org_id: UUID, changes: OrgPatch, expected_version: int | None
) -> Org:
    """The organisation with the sent fields changed; `Stale` at another version than expected."""
    org = await _locked(session, actor, org_id, expected_version)
    await _require_calendar(session, changes.work_calendar_id)
    for name, value in changes.changes.items():
        setattr(org, name, value)
    versions.touch(org, actor)
    await session.flush()
    await _record(session, actor, "org.change", org, {"fields": sorted(changes.model_fields_set)})
    return org


async def end(session: AsyncSession, *, actor: Actor, org_id: UUID, expected_version: int | None) -> Org:
    """End an organisation now; `OrgInUse` while it has members, organisations below it or open tickets."""
    org = await _locked(session, actor, org_id, expected_version)
    child = exists().where(Org.parent_id == org_id, Org.ended_at.is_(None))
    member = exists().where(Member.org_id == org_id, Member.ended_at.is_(None))
    ticket = exists().where(Ticket.lead_org_id == org_id, Ticket.closed_at.is_(None))
    if await session.scalar(select(or_(child, member, ticket))):
        raise OrgInUse
    org.ended_at = clock.now()
    versions.touch(org, actor)
    await session.flush()
    await _record(session, actor, "org.end", org, {})
    return org


async def _locked(session: AsyncSession, actor: Actor, org_id: UUID, expected_version: int | None) -> Org:
    org = await detail(session, actor=actor, org_id=org_id, lock=True)
    versions.require(org, expected_version)
    if org.ended_at is not None:
        raise OrgEnded
    return org


async def _require_calendar(session: AsyncSession, calendar_id: UUID | None) -> None:
    if calendar_id is not None and await session.get(WorkCalendar, calendar_id) is None:
        raise invalid_field("body.work_calendar_id", "没有这个工作日历", "no such working calendar")


async def _record(session: AsyncSession, actor: Actor, action: str, org: Org, data: dict[str, Any]) -> None:
    line = audit.line(action=action, entity="org", entity_id=org.id, actor_id=actor.id, data=data)
    await together(session, [line, outbox.append(action, org.id, {"by": str(actor.id), **data})])
