"""Likely duplicates of a report or a ticket, the likeliest first, among those that the caller may see.

Looked at are open tickets of the same class of categories, of the same or a neighbouring grid or of the
village as a whole, reported within seven days; of each place only the newest, so that a flood of reports
costs no more than a busy week. How alike two are is `likeness`' business, merging them the workflow's.
Tickets outside the caller's scope are left out without a word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Uuid,
    and_,
    bindparam,
    column,
    extract,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.coordinates import Point
from app.core.errors import NotFound
from app.models.enums import Action
from app.models.ticket import Ticket
from app.schemas.duplicate import DuplicateRead
from app.services.areas import grid_index
from app.services.platform.actor import Actor
from app.services.tickets import likeness, reads
from app.services.tickets.likeness import MOST_AGE, MOST_METRES, Likeness
from app.services.tickets.view import TicketView

READ_SCOPE = "tickets:read"
SHOWN_AFTER = frozenset({Action.REPORT, Action.SUBMIT, Action.DISPATCH})
NEWEST_OF_A_PLACE = 200
MOST_COMPARED = 100
MOST_TEXT = 1000
_CLASS_DIGITS = 2
_METRES_A_DEGREE = 111_000
_BRIEF = (
    Ticket.id,
    Ticket.no,
    Ticket.title,
    Ticket.category_code,
    Ticket.status,
    Ticket.area_id,
    Ticket.address,
    Ticket.lng,
    Ticket.lat,
    Ticket.reported_at,
)


def _newest(around: str) -> Subquery:
    """The newest reports of each grid and of the place around, whatever became of them."""
    grids = bindparam("grids", type_=ARRAY(Uuid()))
    grid = func.unnest(grids).table_valued(column("id", Uuid()), name="grid").render_derived()
    of_grid = _newest_where(Ticket.grid_id == grid.c.id).lateral()
    beside = _newest_where(Ticket.__table__.c[around] == bindparam("around", type_=Uuid())).subquery()
    return union_all(select(*of_grid.c).select_from(grid.join(of_grid, true())), select(*beside.c)).subquery(
        "newest"
    )


def _newest_where(place: ColumnElement[bool]) -> Select[UUID, datetime | None, str]:
    since, until = (bindparam(name, type_=Ticket.reported_at.type) for name in ("since", "until"))
    return (
        select(Ticket.id, Ticket.closed_at, Ticket.category_code)
        .where(place, Ticket.reported_at.between(since, until))
        .order_by(Ticket.reported_at.desc(), Ticket.id.desc())
        .limit(bindparam("most", type_=Integer()))
    )


_NEWEST = {name: _newest(name) for name in ("area_id", "village_id")}
_MARK = select(grid_index.mark().label("mark")).subquery("mark")


@dataclass(frozen=True, slots=True)
class Draft:
    """What duplicates are looked for: a ticket's facts, whether or not it is stored (then with its id)."""

    title: str
    content: str
    category_code: str
    address: str
    reported_at: datetime
    area_id: UUID
    village_id: UUID | None
    grid_id: UUID | None
    point: Point | None
    id: UUID | None = None


def draft_of(row: Mapping[str, Any]) -> Draft:
    """The facts of a stored ticket, by the names of its columns; degrees in WGS-84."""
    return Draft(
        point=_point(row["lng"], row["lat"]),
        **{name: row[name] for name in Draft.__dataclass_fields__ if name != "point"},
    )


async def find(session: AsyncSession, *, actor: Actor, draft: Draft, limit: int = 5) -> list[DuplicateRead]:
    """The likeliest duplicates of a draft; one statement, three after a change of a grid's boundary.

    A third party without the right to read tickets gets none.
    """
    if actor.client_id is not None and READ_SCOPE not in actor.token_scopes:
        return []
    index = await grid_index.kept(session)
    rows = await _near(session, actor, draft, index)
    if rows[0].mark != index.mark:
        rows = await _near(session, actor, draft, await grid_index.at(session, mark=rows[0].mark))
    return _likeliest(draft, [row for row in rows if row.id is not None], limit)


async def after(
    session: AsyncSession, *, actor: Actor, ticket: TicketView, action: Action
) -> list[DuplicateRead]:
    """The likeliest duplicates after a step that shows them: a report, a dispatch; after others none."""
    if action not in SHOWN_AFTER:
        return []
    return await find(session, actor=actor, draft=draft_of(ticket.row))


async def find_for(
    session: AsyncSession, *, actor: Actor, ticket_id: UUID, limit: int = 5
) -> list[DuplicateRead]:
    """The likeliest duplicates of a ticket; `NotFound` outside the scope. Two statements.

    Three after a change of a grid's boundary.
    """
    statement = select(
        *_BRIEF, Ticket.content, Ticket.village_id, Ticket.grid_id, grid_index.mark().label("mark")
    ).where(Ticket.id == ticket_id, reads.visible(actor))
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound
    await grid_index.at(session, mark=row["mark"])
    return await find(session, actor=actor, draft=draft_of(dict(row)), limit=limit)


def _likeliest(draft: Draft, rows: Sequence[Any], limit: int) -> list[DuplicateRead]:
    asked = likeness.told(_text(draft.title, draft.content), draft.address, draft.point)
    found = []
    for row in rows:
        told = likeness.told(_text(row.title, row.content), row.address, _point(row.lng, row.lat))
        alike = likeness.likeness(asked, told, abs(draft.reported_at - row.reported_at))
        if alike is not None:
            found.append((-alike.score, alike.age, row.id, alike, row))
    return [_read(row, alike) for *_order, alike, row in sorted(found)[:limit]]


def _read(row: Any, alike: Likeness) -> DuplicateRead:
    return DuplicateRead(
        id=row.id,
        no=row.no,
        title=row.title,
        category_code=row.category_code,
        status=row.status,
        area_id=row.area_id,
        address=row.address,
        reported_at=row.reported_at,
        score=round(alike.score, 3),
        distance_m=None if alike.distance_m is None else round(alike.distance_m, 1),
        age_hours=round(alike.age / timedelta(hours=1), 1),
        similarity=round(alike.similarity, 3),
    )


async def _near(
    session: AsyncSession, actor: Actor, draft: Draft, index: grid_index.GridIndex
) -> Sequence[Any]:
    """The tickets to compare with, each with the mark of the grids; one row without a ticket if none."""
    name, around = _around(draft)
    newest = _NEWEST[name]
    found = newest.join(Ticket, Ticket.id == newest.c.id)
    statement = (
        select(_MARK.c.mark, *_BRIEF, func.left(Ticket.content, MOST_TEXT).label("content"))
        .select_from(_MARK.outerjoin(found, and_(*_wanted(actor, draft, newest))))
        .order_by(func.abs(extract("epoch", Ticket.reported_at - draft.reported_at)), Ticket.id)
        .limit(MOST_COMPARED)
    )
    given = {
        "grids": [draft.grid_id, *index.neighbours(draft.grid_id)] if draft.grid_id else [],
        "around": around,
        "since": draft.reported_at - MOST_AGE,
        "until": draft.reported_at + MOST_AGE,
        "most": NEWEST_OF_A_PLACE,
    }
    return (await session.execute(statement, given)).all()


def _around(draft: Draft) -> tuple[str, UUID]:
    """Beside a grid, what was reported for its village; without a grid, all of the village or place."""
    if draft.village_id is None:
        return "area_id", draft.area_id
    return "area_id" if draft.grid_id else "village_id", draft.village_id


def _wanted(actor: Actor, draft: Draft, newest: Subquery) -> Sequence[ColumnElement[bool]]:
    return (
        newest.c.closed_at.is_(None),
        newest.c.category_code.startswith(draft.category_code[:_CLASS_DIGITS], autoescape=True),
        newest.c.id.is_distinct_from(draft.id),
        # IS TRUE: no index can serve it, so that it only filters what the newest of each place are.
        reads.visible(actor).is_(true()),
        true() if actor.client_id is None else ~Ticket.confidential,
        _within_reach(draft.point),
    )


def _within_reach(point: Point | None) -> ColumnElement[bool]:
    """A square that holds the circle round the point; what has no point is within reach."""
    if point is None:
        return true()
    lat_span = MOST_METRES / _METRES_A_DEGREE
    lng_span = lat_span / cos(radians(point.lat))
    return or_(
        Ticket.lng.is_(None),
        and_(
            Ticket.lng.between(point.lng - lng_span, point.lng + lng_span),
            Ticket.lat.between(point.lat - lat_span, point.lat + lat_span),
        ),
    )


def _text(title: str, content: str) -> str:
    return f"{title}\n{content[:MOST_TEXT]}"


def _point(lng: float | None, lat: float | None) -> Point | None:
    return None if lng is None or lat is None else Point(lng, lat)
