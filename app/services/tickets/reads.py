"""Reading tickets in scope: one by id, lists by keyset, the timeline.

A list runs as one statement: for each branch of the caller's scope (and each status asked for) a short
scan of an index that has the order built in, united, then cut to the page; so a page costs the same at a
thousand and at a million tickets. Names are joined to the page only. Statuses and limits stand in the
statement as literals: a plan that PostgreSQL keeps for any values would not know them, and would sort.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import NotFound
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import AreaLevel, Stage, Status
from app.models.staff import Member, Org
from app.models.ticket import Category, Ticket
from app.models.ticket_step import TicketAssignment, TicketEvent, TicketNote
from app.services.areas import tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import ScopeColumns
from app.services.tickets.workflow import STAGE_OF, TERMINAL


def _helped_by(org_id: UUID) -> ColumnElement[bool]:
    helping = select(TicketAssignment.ticket_id).where(
        TicketAssignment.org_id == org_id,
        ~TicketAssignment.is_lead,
        TicketAssignment.ended_at.is_(None),
    )
    # An array: read once, by its own small index; a semi-join would walk all tickets in the list's order.
    return Ticket.id == any_(func.array(helping.scalar_subquery(), type_=ARRAY(Uuid)))


COLUMNS = ScopeColumns(
    area=Ticket.area_id,
    town=Ticket.town_id,
    village=Ticket.village_id,
    grid=Ticket.grid_id,
    org=Ticket.lead_org_id,
    own=Ticket.reporter_id,
    helping=_helped_by,
)


class TicketSort(StrEnum):
    """The orders that a list may have."""

    NEWEST = "-reported_at"
    OLDEST = "reported_at"
    DUE = "due_at"


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list may be narrowed to, all at once; times are [from, before); mine: handled or reported."""

    stage: Stage | None = None
    status: Status | None = None
    category: str | None = None
    area_id: UUID | None = None
    org_id: UUID | None = None
    mine: bool = False
    overdue: bool = False
    created_from: datetime | None = None
    created_before: datetime | None = None


_SORTS = {
    TicketSort.NEWEST: Sort.by_time(Ticket.reported_at, Ticket.id, descending=True),
    TicketSort.OLDEST: Sort.by_time(Ticket.reported_at, Ticket.id, descending=False),
    TicketSort.DUE: Sort.by_time(Ticket.due_at, Ticket.id, descending=False),
}
_OPEN = Ticket.closed_at.is_(None)
_BRIEF = (
    Ticket.id,
    Ticket.no,
    Ticket.title,
    Ticket.category_code,
    Ticket.source,
    Ticket.urgency,
    Ticket.stage,
    Ticket.status,
    Ticket.area_id,
    Ticket.lead_org_id,
    Ticket.handler_id,
    Ticket.reported_at,
    Ticket.due_at,
    Ticket.closed_at,
    Ticket.version,
)


async def require_visible(
    session: AsyncSession, *, actor: Actor, ticket_id: UUID, lock: bool = False
) -> None:
    """Raise `NotFound` unless the caller may see the ticket; with `lock`, hold its row until the end."""
    statement = select(Ticket.id).where(
        Ticket.id == ticket_id, scope.visible(actor, Dataset.TICKETS, COLUMNS), _no_draft_of_others(actor)
    )
    if lock:
        statement = statement.with_for_update()
    if await session.scalar(statement) is None:
        raise NotFound


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    wanted: TicketFilter,
    sort: TicketSort,
    cursor: str | None,
    limit: int,
) -> Page[Row[Any]]:
    """One page of the tickets that the caller sees, with the names of category, area and organisation.

    `NotFound`, with the field, for an area that the caller does not see.
    """
    level = await _level_of(session, actor, wanted.area_id) if wanted.area_id else None
    if wanted.overdue and sort is TicketSort.NEWEST:
        sort = TicketSort.DUE
    order = _SORTS[sort]
    branches = _branches(actor, wanted, level)
    if not branches:
        return Page((), None)
    conditions = [_no_draft_of_others(actor), *_conditions(wanted)]
    if cursor:
        conditions.append(order.after(cursor))
    if sort is TicketSort.DUE:
        conditions += [_OPEN, Ticket.due_at.is_not(None)]
    rows = (await session.execute(_united(branches, conditions, order, limit + 1))).all()
    name = "due_at" if sort is TicketSort.DUE else "reported_at"
    return page_of(rows, limit, lambda row: (getattr(row, name), row.id))


async def timeline(session: AsyncSession, *, ticket_id: UUID, after: int, limit: int) -> Sequence[Any]:
    """The steps after a sequence number, oldest first, with the actor's name and the free text."""
    statement = (
        select(TicketEvent, TicketNote.opinion, Member.name.label("actor_name"))
        .outerjoin(TicketNote, TicketNote.event_id == TicketEvent.id)
        .outerjoin(Member, Member.id == TicketEvent.actor_id)
        .where(TicketEvent.ticket_id == ticket_id, TicketEvent.seq > after)
        .order_by(TicketEvent.seq)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


def _united(
    branches: Sequence[ColumnElement[bool]],
    conditions: Sequence[ColumnElement[bool]],
    order: Sort,
    limit: int,
) -> Any:
    most = literal(limit, literal_execute=True)
    parts = [select(Ticket.id).where(branch, *conditions) for branch in branches]
    pages = [part.order_by(*order.order()).limit(most) for part in parts]
    ids = (union(*(select(part.subquery()) for part in pages)) if len(pages) > 1 else pages[0]).subquery()
    return (
        select(
            *_BRIEF,
            Category.label_zh.label("category_label"),
            Area.name.label("area_name"),
            Org.name.label("org_name"),
        )
        .select_from(ids)
        .join(Ticket, Ticket.id == ids.c.id)
        .join(Category, Category.code == Ticket.category_code)
        .join(Area, Area.id == Ticket.area_id)
        .outerjoin(Org, Org.id == Ticket.lead_org_id)
        .order_by(*order.order())
        .limit(most)
    )


def _branches(actor: Actor, wanted: TicketFilter, level: AreaLevel | None) -> Sequence[ColumnElement[bool]]:
    """The conditions whose union is the list; the narrowest index-friendly side drives the scan."""
    narrowed: list[ColumnElement[bool]] = []
    if wanted.org_id is not None:
        narrowed.append(Ticket.lead_org_id == wanted.org_id)
    if wanted.area_id is not None and level is not None:
        narrowed.append(COLUMNS.of_area(wanted.area_id, level))
    # IS TRUE: no index can serve it, so that it only filters what the driver's index finds in order.
    visible = scope.visible(actor, Dataset.TICKETS, COLUMNS).is_(true())
    if wanted.mine:
        drivers: Sequence[ColumnElement[bool]] = [and_(own, *narrowed, visible) for own in _own(actor)]
    elif narrowed:
        drivers = [and_(*narrowed, visible)]
    else:
        drivers = scope.branches(actor, Dataset.TICKETS, COLUMNS)
    return [and_(driver, state) for driver in drivers for state in _states(wanted)]


def _no_draft_of_others(actor: Actor) -> ColumnElement[bool]:
    column = Ticket.client_id if actor.member_id is None else Ticket.reporter_id
    return or_(Ticket.status != Status.DRAFT.value, column == actor.id)


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    if actor.member_id is None:
        return [Ticket.client_id == actor.client_id]
    return [Ticket.handler_id == actor.member_id, Ticket.reporter_id == actor.member_id]


def _states(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    statuses = [wanted.status] if wanted.status else []
    if wanted.stage:
        of_stage = [status for status, stage in STAGE_OF.items() if stage is wanted.stage]
        statuses = [status for status in of_stage if not statuses or status in statuses]
        if not statuses:
            return []
    if not statuses:
        return [true()]
    return [
        and_(
            Ticket.status == literal(status.value, literal_execute=True),
            Ticket.closed_at.is_not(None) if status in TERMINAL else _OPEN,
        )
        for status in statuses
    ]


def _conditions(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.category:
        whole_class = len(wanted.category) == len("05")
        found.append(
            Ticket.category_code.startswith(wanted.category, autoescape=True)
            if whole_class
            else Ticket.category_code == wanted.category
        )
    if wanted.overdue:
        found += [_OPEN, Ticket.due_at < clock.now()]
    if wanted.created_from:
        found.append(Ticket.reported_at >= wanted.created_from)
    if wanted.created_before:
        found.append(Ticket.reported_at < wanted.created_before)
    return found


async def _level_of(session: AsyncSession, actor: Actor, area_id: UUID) -> AreaLevel:
    seen = or_(tree.visible(actor), scope.visible(actor, Dataset.TICKETS, tree.COLUMNS))
    level = await session.scalar(select(Area.level).where(Area.id == area_id, seen))
    if level is None:
        raise NotFound(errors=(tree.unknown("query.area_id"),))
    return AreaLevel(level)
