"""The last steps of tickets, for a feed that runs on a wall: without persons, free text or secrets.

Read from the newest steps of all on, and of a town and below, or of organisations, also from the tickets
there that were moved last, so that a quiet town beside a busy city is not silent, however old its tickets:
of a town by an index of its own, further below by that and from what is open. Confidential tickets, drafts
and what was withdrawn do not appear.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Subquery, false, func, or_, select, true, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.area import Area
from app.models.enums import Action, AreaLevel, Stage, Status
from app.models.staff import Org
from app.models.ticket import Category, Ticket
from app.models.ticket_step import TicketEvent
from app.schemas.stats_shown import LiveItem, LiveRead
from app.schemas.types import Ref
from app.services.platform.actor import Actor
from app.services.stats import sight
from app.services.stats.asked import Asked
from app.services.stats.kpis import VERSION
from app.services.stats.whose import Whose
from app.services.tickets import reads
from app.services.tickets.labels import ACTION_ZH

_LOOKED_AT, _LAST_MOVED, _OF_THE_TOWN = 2000, 50, 300
_MOST_PLACES = 20
_BELOW_TOWN = frozenset({AreaLevel.VILLAGE, AreaLevel.GRID, AreaLevel.MICRO_GRID})
_UNTOLD = (Status.DRAFT.value, Status.WITHDRAWN.value)


async def steps(session: AsyncSession, *, actor: Actor, asked: Asked, limit: int) -> LiveRead:
    """The last steps within the caller's figures, newest first."""
    whose = await asked.whose(session, actor)
    rows = (await session.execute(_statement(whose, limit))).all()
    now, named = clock.now(), sight.closely(actor)
    return LiveRead(
        as_of=now, definition_version=VERSION, items=[_item(row, named=named, now=now) for row in rows]
    )


def within(whose: Whose) -> ColumnElement[bool]:
    """The tickets that lie in the areas, or that the organisations have now."""
    if not whose.places:
        return false()
    places = or_(
        *(
            true() if place.level is None else reads.COLUMNS.of_area(place.id, place.level)
            for place in whose.places
        )
    )
    return places & Ticket.lead_org_id.in_([org.id for org in whose.orgs]) if whose.orgs else places


def _statement(whose: Whose, limit: int) -> Any:
    told = within(whose) & ~Ticket.confidential & Ticket.status.not_in(_UNTOLD)
    newest = (
        select(TicketEvent.id, TicketEvent.ticket_id, TicketEvent.at)
        .order_by(TicketEvent.at.desc(), TicketEvent.id.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    # In their order, so that reading ends with the first that are wanted.
    latest = (
        select(newest.c.id)
        .join(Ticket, Ticket.id == newest.c.ticket_id)
        .where(told)
        .order_by(newest.c.at.desc(), newest.c.id.desc())
        .limit(limit)
        .subquery()
    )
    ids = union(
        select(latest.c.id),
        *(
            select(TicketEvent.id).join(moved, moved.c.id == TicketEvent.ticket_id)
            for moved in _moved_last(whose, told)
        ),
    )
    # Cut before anything is joined to it.
    last = (
        select(TicketEvent.id)
        .where(TicketEvent.id.in_(ids))
        .order_by(TicketEvent.at.desc(), TicketEvent.id.desc())
        .limit(limit)
    )
    return (
        select(
            TicketEvent, Ticket, Category.label_zh, Area.name.label("area_name"), Org.name.label("org_name")
        )
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .join(Category, Category.code == Ticket.category_code)
        .join(Area, Area.id == Ticket.area_id)
        .outerjoin(Org, Org.id == Ticket.lead_org_id)
        .where(TicketEvent.id.in_(last))
        .order_by(TicketEvent.at.desc(), TicketEvent.id.desc())
    )


def _moved_last(whose: Whose, told: ColumnElement[bool]) -> Iterator[Subquery]:
    """The tickets of small scopes with the last steps: some for each area, or of what organisations have."""
    if whose.orgs:
        yield _latest(told & Ticket.closed_at.is_(None))
        return
    for place in whose.places[:_MOST_PLACES]:
        if place.level is AreaLevel.TOWN:
            yield _latest(told & (Ticket.town_id == place.id))
        elif place.level in _BELOW_TOWN:
            here = reads.COLUMNS.of_area(place.id, place.level)
            yield _latest(told & here & Ticket.closed_at.is_(None))
            above = select(func.unnest(Area.path)).where(Area.id == place.id)
            town = select(Area.id).where(Area.id.in_(above), Area.level == AreaLevel.TOWN)
            lately = _latest(Ticket.town_id == town.scalar_subquery(), _OF_THE_TOWN)
            yield select(Ticket.id).join(lately, lately.c.id == Ticket.id).where(told & here).subquery()


def _latest(which: ColumnElement[bool], most: int = _LAST_MOVED) -> Subquery:
    return select(Ticket.id).where(which).order_by(Ticket.updated_at.desc()).limit(most).subquery()


def _item(row: Any, *, named: bool, now: Any) -> LiveItem:
    step, ticket = row.TicketEvent, row.Ticket
    return LiveItem(
        id=step.id,
        at=step.at,
        ticket_id=ticket.id,
        no=ticket.no,
        action=step.action,
        action_name=ACTION_ZH[Action(step.action)],
        stage=Stage(ticket.stage),
        status=step.to_status,
        category=row.label_zh if named else None,
        area=Ref(id=ticket.area_id, name=row.area_name),
        org=Ref(id=ticket.lead_org_id, name=row.org_name) if ticket.lead_org_id else None,
        overdue=ticket.closed_at is None and ticket.due_at is not None and ticket.due_at < now,
    )
