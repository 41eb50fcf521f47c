"""Reading visits: who sees which, lists, one with all that belongs to it.

A visit is seen by whoever keeps the register of the area that it went to, and by its recorder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums.visit import VisitResult, VisitType
from app.models.registry import Household, Place, Residence, Resident, Room
from app.models.staff import Member
from app.models.ticket import Ticket
from app.models.upload import AwaitedFile
from app.models.visit import Visit, VisitAttachment, VisitOpinion, VisitVisitor
from app.schemas.types import Ref
from app.schemas.visit import LocationRead, OpinionRead, VisitBrief, VisitRead
from app.services.areas import tree
from app.services.platform import masks, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement
from app.services.platform.scope import ScopeColumns

COLUMNS = ScopeColumns(
    area=Visit.area_id, town=Visit.town_id, village=Visit.village_id, grid=Visit.grid_id, own=Visit.visitor_id
)
_NEWEST = Sort.by_time(Visit.occurred_at, Visit.id, descending=True)
_ALONG = aliased(Member)


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """What a list of visits is narrowed to."""

    area_id: UUID | None = None
    household_id: UUID | None = None
    place_id: UUID | None = None
    visitor_id: UUID | None = None
    plan_id: UUID | None = None
    visit_type: VisitType | None = None
    result: VisitResult | None = None
    effective: bool | None = None
    occurred_from: datetime | None = None
    occurred_before: datetime | None = None


def visible(actor: Actor) -> ColumnElement[bool]:
    """The visits that the caller may see."""
    return scope.visible(actor, Dataset.REGISTRY, COLUMNS)


async def page(
    session: AsyncSession, *, actor: Actor, wanted: VisitFilter, cursor: str | None, limit: int
) -> Page[VisitBrief]:
    """One page of visits, the latest first."""
    filters = await tree.within(session, actor=actor, area_id=wanted.area_id, columns=COLUMNS)
    statement = page_statement(
        _briefs(),
        sort=_NEWEST,
        branches=scope.branches(actor, Dataset.REGISTRY, COLUMNS),
        filters=[*filters, *_conditions(wanted)],
        cursor=cursor,
        limit=limit,
    )
    rows = [VisitBrief(**_brief(row)) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda visit: (visit.occurred_at, visit.id))


async def detail(session: AsyncSession, *, actor: Actor, visit_id: UUID) -> VisitRead:
    """One visit; `NotFound` outside the caller's scope."""
    statement = _briefs().add_columns(Resident.name, _visitors(), _opinions(), _files(), _awaited())
    statement = statement.outerjoin(Resident, Resident.id == Visit.resident_id)
    row = (await session.execute(statement.where(Visit.id == visit_id, visible(actor)))).one_or_none()
    if row is None:
        raise NotFound
    visit: Visit = row[0]
    resident_name, visitors, opinions, files, awaited = row[5:]
    return VisitRead(
        **_brief(row),
        resident_id=visit.resident_id,
        resident_name=masks.name(resident_name) if resident_name else None,
        visitors=[Ref(**found) for found in visitors],
        purposes=visit.purposes,
        content=visit.content,
        needs=visit.needs,
        answers=visit.answers,
        location=LocationRead.model_validate(visit) if visit.coord_type else None,
        distance_m=visit.distance_m,
        approved=visit.approved,
        approved_at=visit.approved_at,
        received_at=visit.received_at,
        opinions=[OpinionRead(**found) for found in opinions],
        attachment_ids=files,
        awaited_attachment_count=awaited,
    )


def _conditions(wanted: VisitFilter) -> Sequence[ColumnElement[bool]]:
    equal = {
        Visit.household_id: wanted.household_id,
        Visit.place_id: wanted.place_id,
        Visit.visitor_id: wanted.visitor_id,
        Visit.plan_id: wanted.plan_id,
        Visit.visit_type: wanted.visit_type,
        Visit.result: wanted.result,
        Visit.is_effective: wanted.effective,
    }
    found: list[ColumnElement[bool]] = [
        column == value for column, value in equal.items() if value is not None
    ]
    if wanted.occurred_from:
        found.append(Visit.occurred_at >= wanted.occurred_from)
    if wanted.occurred_before:
        found.append(Visit.occurred_at < wanted.occurred_before)
    return found


def address() -> ColumnElement[str]:
    """Where a visit went: of household, place or room; of who lives elsewhere, the area alone."""
    room = (
        select(Room.address)
        .join(Residence, Residence.room_id == Room.id)
        .where(Residence.resident_id == Visit.resident_id, Residence.valid_to.is_(None))
        .correlate(Visit)
        .scalar_subquery()
    )
    return func.coalesce(Household.address, Place.address, room, Area.name)


def _briefs() -> Select[Any, Any, Any, Any, Any]:
    return (
        select(Visit, address(), Member.name, Area.name, Place.name)
        .outerjoin(Household, Household.id == Visit.household_id)
        .outerjoin(Place, Place.id == Visit.place_id)
        .join(Member, Member.id == Visit.visitor_id)
        .join(Area, Area.id == Visit.area_id)
    )


def _brief(row: Any) -> dict[str, Any]:
    visit: Visit = row[0]
    return {
        "id": visit.id,
        "household_id": visit.household_id,
        "place": Ref(id=visit.place_id, name=row[4]) if visit.place_id else None,
        "address": row[1],
        "visitor": Ref(id=visit.visitor_id, name=row[2]),
        "area": Ref(id=visit.area_id, name=row[3]),
        "plan_id": visit.plan_id,
        "visit_type": visit.visit_type,
        "mode": visit.mode,
        "result": visit.result,
        "occurred_at": visit.occurred_at,
        "duration_s": visit.duration_s,
        "is_effective": visit.is_effective,
        "lacks": visit.lacks,
        "is_backfill": visit.is_backfill,
        "version": visit.version,
    }


def _listed(pairs: dict[str, Any], order: Any) -> Any:
    built = func.json_build_object(*(part for pair in pairs.items() for part in pair))
    return select(func.coalesce(func.json_agg(built).aggregate_order_by(order), func.json_build_array()))


def _visitors() -> Any:
    listed = _listed({"id": _ALONG.id, "name": _ALONG.name}, _ALONG.id)
    joined = listed.join(VisitVisitor, VisitVisitor.member_id == _ALONG.id)
    return joined.where(VisitVisitor.visit_id == Visit.id).correlate(Visit).scalar_subquery()


def _opinions() -> Any:
    pairs = {
        "id": VisitOpinion.id,
        "seq": VisitOpinion.seq,
        "content": VisitOpinion.content,
        "outcome": VisitOpinion.outcome,
        "ticket_id": VisitOpinion.ticket_id,
        "ticket_no": Ticket.no,
        "ticket_status": Ticket.status,
    }
    listed = _listed(pairs, VisitOpinion.seq).outerjoin(Ticket, Ticket.id == VisitOpinion.ticket_id)
    return listed.where(VisitOpinion.visit_id == Visit.id).correlate(Visit).scalar_subquery()


def _files() -> Any:
    found = func.json_agg(VisitAttachment.attachment_id)
    listed = select(func.coalesce(found, func.json_build_array()))
    return listed.where(VisitAttachment.visit_id == Visit.id).correlate(Visit).scalar_subquery()


def _awaited() -> Any:
    """How many files a phone has still to send."""
    counted = select(func.count()).where(AwaitedFile.visit_id == Visit.id)
    return counted.correlate(Visit).scalar_subquery()
