"""Reading tickets in scope: one by id, lists by keyset, the timeline.

A list runs as one statement: for each branch of the caller's scope (and each status asked for) a short
scan of an index that has the order built in, united, then cut to the page; so a page costs the same at a
thousand and at a million tickets. Names are joined to the page only. Statuses and limits stand in the
statement as they are: among any values PostgreSQL would think that many rows are wanted, never keep a plan,
and plan each page anew, which takes longer than to read it.

Statements are made of the tables' columns, not of the models': rows are enough, and cost half of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    and_,
    any_,
    false,
    func,
    literal_column,
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
from app.models.staff import Org
from app.models.ticket import Category, Ticket
from app.models.ticket_step import TicketAssignment
from app.services.areas import tree
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import ScopeColumns
from app.services.tickets.workflow import STAGE_OF, TERMINAL

_TICKET: Any = Ticket.__table__
_T: Any = _TICKET.c
_CATEGORY: Any = Category.__table__
_AREA: Any = Area.__table__
_ORG: Any = Org.__table__


def _helped_by(org_id: UUID) -> ColumnElement[bool]:
    helping = select(TicketAssignment.ticket_id).where(
        TicketAssignment.org_id == org_id,
        ~TicketAssignment.is_lead,
        TicketAssignment.ended_at.is_(None),
    )
    # An array: read once, by its own small index; a semi-join would walk all tickets in the list's order.
    found: ColumnElement[bool] = _T.id == any_(func.array(helping.scalar_subquery(), type_=ARRAY(Uuid)))
    return found


COLUMNS = ScopeColumns(
    area=_T.area_id,
    town=_T.town_id,
    village=_T.village_id,
    grid=_T.grid_id,
    org=_T.lead_org_id,
    own=_T.reporter_id,
    helping=_helped_by,
)


class TicketSort(StrEnum):
    """The orders that a list may have."""

    NEWEST = "-reported_at"
    OLDEST = "reported_at"
    DUE = "due_at"


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list may be narrowed to, all at once; times are [from, before).

    mine: handled or reported; pending: a request waits for somebody's approval.
    """

    stage: Stage | None = None
    status: Status | None = None
    category: str | None = None
    area_id: UUID | None = None
    org_id: UUID | None = None
    mine: bool = False
    overdue: bool = False
    pending: bool = False
    created_from: datetime | None = None
    created_before: datetime | None = None


_SORTS = {
    TicketSort.NEWEST: Sort.by_time(_T.reported_at, _T.id, descending=True),
    TicketSort.OLDEST: Sort.by_time(_T.reported_at, _T.id, descending=False),
    TicketSort.DUE: Sort.by_time(_T.due_at, _T.id, descending=False),
}
_OPEN = _T.closed_at.is_(None)
_BRIEF = (
    _T.id,
    _T.no,
    _T.title,
    _T.category_code,
    _T.source,
    _T.urgency,
    _T.stage,
    _T.status,
    _T.area_id,
    _T.lead_org_id,
    _T.handler_id,
    _T.reported_at,
    _T.due_at,
    _T.closed_at,
    _T.pending,
    _T.supervise_level,
    _T.version,
    _T.confidential,
)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The tickets that the caller may see: those of their scope, and of drafts their own."""
    return and_(scope.visible(actor, Dataset.TICKETS, COLUMNS), _no_draft_of_others(actor))


async def require_visible(
    session: AsyncSession, *, actor: Actor, ticket_id: UUID, lock: bool = False
) -> None:
    """Raise `NotFound` unless the caller may see the ticket; with `lock`, hold its row until the end."""
    statement = select(_T.id).where(_T.id == ticket_id, visible(actor))
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
) -> Page[Mapping[str, Any]]:
    """One page of the tickets that the caller sees, with the names of category, area and organisation.

    `NotFound`, with the field, for an area that the caller does not see.
    """
    level = await _level_of(session, actor, wanted.area_id) if wanted.area_id else None
    if wanted.overdue and sort is TicketSort.NEWEST:
        sort = TicketSort.DUE
    conditions = [_no_draft_of_others(actor), *_conditions(wanted)]
    branches = _branches(actor, wanted, level)
    return await page_of_branches(
        session, branches=branches, conditions=conditions, sort=sort, cursor=cursor, limit=limit
    )


async def page_of_branches(
    session: AsyncSession,
    *,
    branches: Sequence[ColumnElement[bool]],
    conditions: Sequence[ColumnElement[bool]] = (),
    sort: TicketSort,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """One page of the tickets of any of the branches, each of which is a short scan of an index.

    Whoever makes the branches begins with the caller's scope.
    """
    order = _SORTS[sort]
    if not branches:
        return Page((), None)
    conditions = list(conditions)
    if cursor:
        conditions.append(order.after(cursor))
    if sort is TicketSort.DUE:
        conditions += [_OPEN, _T.due_at.is_not(None)]
    found = await session.execute(_united(branches, conditions, order, limit + 1))
    names = tuple(found.keys())
    rows = [dict(zip(names, row, strict=True)) for row in found]
    name = "due_at" if sort is TicketSort.DUE else "reported_at"
    return page_of(rows, limit, lambda row: (row[name], row["id"]))


def _united(
    branches: Sequence[ColumnElement[bool]],
    conditions: Sequence[ColumnElement[bool]],
    order: Sort,
    limit: int,
) -> Any:
    most: ColumnElement[int] = literal_column(str(limit))
    parts = [select(_T.id).where(branch, *conditions) for branch in branches]
    pages = [part.order_by(*order.order()).limit(most) for part in parts]
    ids = (union(*pages) if len(pages) > 1 else pages[0]).subquery()
    return (
        select(
            *_BRIEF,
            _CATEGORY.c.label_zh.label("category_label"),
            _AREA.c.name.label("area_name"),
            _ORG.c.name.label("org_name"),
        )
        .select_from(ids)
        .join(_TICKET, _T.id == ids.c.id)
        .join(_CATEGORY, _CATEGORY.c.code == _T.category_code)
        .join(_AREA, _AREA.c.id == _T.area_id)
        .outerjoin(_ORG, _ORG.c.id == _T.lead_org_id)
        .order_by(*order.order())
        .limit(most)
    )


def _branches(actor: Actor, wanted: TicketFilter, level: AreaLevel | None) -> Sequence[ColumnElement[bool]]:
    """The conditions whose union is the list; the narrowest index-friendly side drives the scan."""
    narrowed: list[ColumnElement[bool]] = []
    if wanted.org_id is not None:
        narrowed.append(_T.lead_org_id == wanted.org_id)
    if wanted.area_id is not None and level is not None:
        narrowed.append(COLUMNS.of_area(wanted.area_id, level))
    if wanted.pending:
        narrowed.append(_T.pending.is_not(None))
    if wanted.mine or narrowed:
        # Wrapped, because it only filters what the driver's index finds in order: a plan that is kept for
        # any values takes the bare condition for a rare one, and would read and sort all it finds.
        narrowed.append(func.coalesce(scope.visible(actor, Dataset.TICKETS, COLUMNS), false()))
        owns = _own(actor) if wanted.mine else [true()]
        drivers: Sequence[ColumnElement[bool]] = [and_(own, *narrowed) for own in owns]
    else:
        drivers = scope.branches(actor, Dataset.TICKETS, COLUMNS)
    return [and_(driver, state) for driver in drivers for state in _states(wanted)]


def _no_draft_of_others(actor: Actor) -> ColumnElement[bool]:
    column = Ticket.client_id if actor.member_id is None else Ticket.reporter_id
    return or_(Ticket.status != Status.DRAFT.value, column == actor.id)


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    if actor.member_id is None:
        return [_T.client_id == actor.client_id, _T.handler_client_id == actor.client_id]
    return [_T.handler_id == actor.member_id, _T.reporter_id == actor.member_id]


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
            _T.status == literal_column(f"'{status.value}'"),
            _T.closed_at.is_not(None) if status in TERMINAL else _OPEN,
        )
        for status in statuses
    ]


def _conditions(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.category:
        whole_class = len(wanted.category) == len("05")
        found.append(
            _T.category_code.startswith(wanted.category, autoescape=True)
            if whole_class
            else _T.category_code == wanted.category
        )
    if wanted.overdue:
        found += [_OPEN, _T.due_at < clock.now()]
    if wanted.created_from:
        found.append(_T.reported_at >= wanted.created_from)
    if wanted.created_before:
        found.append(_T.reported_at < wanted.created_before)
    return found


async def _level_of(session: AsyncSession, actor: Actor, area_id: UUID) -> AreaLevel:
    seen = or_(tree.visible(actor), scope.visible(actor, Dataset.TICKETS, tree.COLUMNS))
    level = await session.scalar(select(_AREA.c.level).where(_AREA.c.id == area_id, seen))
    if level is None:
        raise NotFound(errors=(tree.unknown("query.area_id"),))
    return AreaLevel(level)
