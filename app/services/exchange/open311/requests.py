"""Requests as the public or a client may see them: a page, one, and what a token stands for.

What goes out of a published ticket is what a dispatcher published; of a client's own report, what the client
was given of tickets, too. A household's ticket has no place, and nobody who complained stands anywhere in it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.models.enums import ClockKind, Status
from app.models.enums.third_party import ClientField, ServiceKind
from app.models.public import Publication, PublicReport, PublicService
from app.models.staff import Org
from app.models.ticket import Category, Ticket
from app.models.ticket_step import TicketClock
from app.schemas.open311 import Open311Note, Open311Request, Open311RequestExtended, Open311Token
from app.services.exchange.open311 import states, steps
from app.services.exchange.open311.asked import Asked, Span
from app.services.exchange.open311.states import CLOSED, OPEN
from app.services.exchange.public import follow_codes
from app.services.exchange.public import tickets as sight
from app.services.platform.actor import Actor
from app.services.tickets.labels import STATUS_ZH
from app.services.tickets.workflow import TERMINAL

_WAITING = (Status.REPORTED.value, Status.RETURNED.value)
_EXPECTED = (
    select(func.max(TicketClock.due_at))
    .where(TicketClock.ticket_id == Ticket.id, TicketClock.kind == ClockKind.HANDLE)
    .scalar_subquery()
)
_ROWS = (
    select(
        *(Ticket.id, Ticket.client_id, Ticket.status, Ticket.content, Ticket.address, Ticket.lng, Ticket.lat),
        *(Ticket.reported_at, Ticket.updated_at, Ticket.category_code, Ticket.household_id, Ticket.grid_id),
        Ticket.confidential,
        Category.label_zh.label("service_name"),
        Org.name.label("org_name"),
        _EXPECTED.label("expected_at"),
        Publication,
        sight.fit().label("is_fit"),
        PublicReport.answers,
    )
    .join(Category, Category.code == Ticket.category_code)
    .outerjoin(Org, Org.id == Ticket.lead_org_id)
    .outerjoin(Publication, Publication.ticket_id == Ticket.id)
    .outerjoin(PublicReport, PublicReport.ticket_id == Ticket.id)
    .order_by(Ticket.reported_at.desc(), Ticket.id.desc())
)


async def page(
    session: AsyncSession, *, actor: Actor | None, asked: Asked, base: str
) -> list[Open311Request]:
    """One page, newest first; ids that the caller does not see are left out. Base: where media are."""
    if asked.ids is not None:
        narrowed = _ROWS.where(Ticket.id.in_(asked.ids), sight.seen(actor))
    else:
        narrowed = _ROWS.where(Ticket.id.in_(_ids(actor, asked)))
    rows = (await session.execute(narrowed.limit(asked.size))).all()
    return await _shown(session, actor, rows, base, extended=asked.extended)


async def one(
    session: AsyncSession, *, actor: Actor | None, request_id: str, base: str, extended: bool
) -> Open311Request:
    """One request; `NotFound` for what the caller does not see."""
    found = _ROWS.where(Ticket.id == _id(request_id), sight.seen(actor))
    rows = (await session.execute(found)).all()
    if not rows:
        raise NotFound
    return (await _shown(session, actor, rows, base, extended=extended))[0]


async def of_token(session: AsyncSession, *, token: str) -> Open311Token:
    """The id of the request that a token was given for, once there is one; `NotFound`.

    Only a client was given one: the number that somebody follows their own report by stands for nothing here.
    """
    statement = (
        select(Ticket.id, Ticket.status, PublicService.kind)
        .join(PublicReport, PublicReport.ticket_id == Ticket.id)
        .outerjoin(PublicService, PublicService.category_code == Ticket.category_code)
        .where(PublicReport.number == follow_codes.read(token), Ticket.client_id.is_not(None))
    )
    known = follow_codes.is_number(follow_codes.read(token))
    found = (await session.execute(statement)).one_or_none() if known else None
    if found is None:
        raise NotFound
    waits = found.kind == ServiceKind.BATCH and found.status in _WAITING
    return Open311Token(service_request_id=None if waits else str(found.id), token=token)


def _ids(actor: Actor | None, asked: Asked) -> Select[UUID]:
    """The ids of the page: each way to see a request is a scan of its own index, cut to the page."""
    until = asked.page * asked.size
    ways = [
        _way(asked, sight.published(actor), Publication.reported_at).join(
            Publication, Publication.ticket_id == Ticket.id
        )
    ]
    if actor is not None:
        ways.append(_way(asked, sight.own(actor), Ticket.reported_at))
    found = union(*(way.limit(until) for way in ways)).subquery()
    return (
        select(found.c.id)
        .order_by(found.c.at.desc(), found.c.id.desc())
        .limit(asked.size)
        .offset(until - asked.size)
    )


def _way(asked: Asked, seen: ColumnElement[bool], at: Any) -> Select[UUID, datetime]:
    conditions = [seen]
    if asked.reported is not None:
        conditions.append(_within(at, asked.reported))
    if asked.updated is not None:
        conditions.append(_within(Ticket.updated_at, asked.updated))
    if asked.codes is not None:
        conditions.append(Ticket.category_code.in_(asked.codes))
    if set(asked.states) != {OPEN, CLOSED}:
        ended = Ticket.status.in_([status.value for status in TERMINAL])
        conditions.append(ended if CLOSED in asked.states else ~ended)
    statement: Select[UUID, datetime] = select(Ticket.id, at.label("at"))
    return statement.where(*conditions).order_by(at.desc(), Ticket.id.desc())


def _within(column: Any, span: Span) -> ColumnElement[bool]:
    return and_(column >= span.start, column <= span.end)


async def _shown(
    session: AsyncSession, actor: Actor | None, rows: Sequence[Any], base: str, *, extended: bool
) -> list[Open311Request]:
    if not extended:
        return [Open311Request(**_fields(actor, row, base)) for row in rows]
    notes = await steps.notes(session, [row.id for row in rows])
    return [
        Open311RequestExtended(
            **_fields(actor, row, base),
            extended_attributes=_answers(actor, row),
            notes=[Open311Note.model_validate(note) for note in notes[row.id]],
        )
        for row in rows
    ]


def _fields(actor: Actor | None, row: Any, base: str) -> dict[str, Any]:
    status, told = Status(row.status), row.Publication if row.is_fit else None
    return {
        "service_request_id": str(row.id),
        "status": states.of(status),
        "status_notes": told.reply if told and told.reply else STATUS_ZH[status],
        "service_name": row.service_name,
        "service_code": row.category_code,
        "agency_responsible": row.org_name,
        "service_notice": None,
        "requested_datetime": row.reported_at,
        "updated_datetime": row.updated_at,
        "expected_datetime": row.expected_at,
        "zipcode": None,
        "media_url": f"{base}/{told.photo_ids[0]}" if told and told.photo_ids else None,
        **(_as_own(actor, row, told) if actor and _owns(actor, row) else _as_published(row, told)),
    }


def _as_published(row: Any, told: Publication | None) -> dict[str, Any]:
    if told is None:
        return dict.fromkeys(("description", "address", "address_id", "lat", "long"))
    somewhere = told.with_point and row.household_id is None
    return {
        "description": told.description,
        "address": told.address,
        "address_id": str(row.grid_id) if row.grid_id and somewhere else None,
        "lat": row.lat if somewhere else None,
        "long": row.lng if somewhere else None,
    }


def _as_own(actor: Actor, row: Any, told: Publication | None) -> dict[str, Any]:
    given = partial(actor.given, confidential=row.confidential)
    own = _as_published(row, told)
    if given(ClientField.CONTENT):
        own["description"] = row.content
    if given(ClientField.ADDRESS):
        own["address"] = row.address
    if given(ClientField.LOCATION):
        grid = str(row.grid_id) if row.grid_id else None
        own |= {"address_id": grid, "lat": row.lat, "long": row.lng}
    return own


def _answers(actor: Actor | None, row: Any) -> dict[str, Any]:
    if actor is None or not _owns(actor, row):
        return {}
    return (row.answers or {}) if actor.given(ClientField.CONTENT, confidential=row.confidential) else {}


def _owns(actor: Actor | None, row: Any) -> bool:
    return actor is not None and row.client_id == actor.client_id


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
