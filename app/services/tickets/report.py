"""Reporting: a ticket comes into being, with its contact, first event, accept clock and outbox row.

The place is an area of the caller's scope, or a point that a grid contains. A client may give the id, so
that a report made offline and sent twice is one ticket. The number comes from a sequence: no row that
every report would lock.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, null, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.coordinates import CoordType, to_wgs84
from app.core.crypto import Vault
from app.core.errors import Conflict, Forbidden, invalid_field
from app.core.ids import uuid7
from app.core.writes import Formula, Write, insert, together
from app.models.area import Area
from app.models.enums import Action, EventSource, RevisitState, Role, Stage, Status, Urgency
from app.models.registry import Household
from app.models.ticket import Ticket, TicketContact
from app.models.ticket_step import TicketEvent
from app.schemas.attachment import AttachmentName
from app.schemas.ticket import TicketCreate
from app.services.areas import datum, grid_index
from app.services.platform import outbox, scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.scope import ScopeColumns
from app.services.tickets import attachments, clock_rows, clocks, references, view, workflow
from app.services.tickets.clocks import Terms
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.labels import ROLE_ZH
from app.services.tickets.policies import MACHINE_SOURCES
from app.services.tickets.view import TicketView

_TICKET: Any = Ticket.__table__
_CONTACT: Any = TicketContact.__table__
_EVENT: Any = TicketEvent.__table__
_AREAS = ScopeColumns(area=Area.id)
_HOUSEHOLDS = ScopeColumns(
    area=Household.area_id, town=Household.town_id, village=Household.village_id, grid=Household.grid_id
)
_NUMBER = (
    ":prefix || to_char(CAST(:now AS timestamptz) AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || '-' || "
    "to_char(nextval('ticket_no_seq'), 'FM999999000000')"
)


class TicketExists(Conflict):
    """The id is taken by a report of somebody else, or of something else."""

    code = "ticket_exists"
    title_zh, title_en = "该编号的工单已存在且内容不同", "Another ticket has this id"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the point was measured, as the device sent it."""

    lng: float
    lat: float
    coord_type: CoordType


@dataclass(frozen=True, slots=True)
class Contact:
    """The person who complained; the phone is sealed before it is stored."""

    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A report's content; `ticket_id` when the client made the id, `due_at` when it sets its own end."""

    title: str
    content: str
    category_code: str
    source: EventSource
    urgency: Urgency
    area_id: UUID
    address: str
    ticket_id: UUID | None = None
    place: Place | None = None
    household_id: UUID | None = None
    contact: Contact | None = None
    occurred_at: datetime | None = None
    draft: bool = False
    confidential: bool = False
    attachments: Sequence[AttachmentName] = ()
    due_at: datetime | None = None

    @classmethod
    def of(cls, body: TicketCreate) -> "NewTicket":
        """A report as it came over the wire."""
        place, contact = body.location, body.contact
        return cls(
            title=body.title,
            content=body.content,
            category_code=body.category_code,
            source=body.source,
            urgency=body.urgency,
            area_id=body.area_id,
            address=body.address,
            ticket_id=body.id,
            place=Place(place.lng, place.lat, place.coord_type) if place else None,
            household_id=body.household_id,
            contact=Contact(contact.name, contact.phone) if contact else None,
            occurred_at=body.occurred_at,
            draft=body.draft,
            confidential=body.confidential,
            attachments=body.attachments,
        )


async def report(
    session: AsyncSession,
    *,
    actor: Actor,
    new: NewTicket,
    deadlines: Deadlines,
    vault: Vault,
    prefix: str,
) -> tuple[TicketView, bool]:
    """Store a report; returns the ticket and whether it is new (False: the same was reported before).

    `NotFound`, with the field, for an area outside the caller's scope; `TicketExists` for a taken id.
    """
    row = workflow.rows_for(None, Action.SAVE_DRAFT if new.draft else Action.REPORT)[0]
    reporter = _with_posts(actor, row.roles)
    if not reporter.grants:
        names = "、".join(ROLE_ZH[role] for role in sorted(row.roles))
        raise Forbidden(f"只有{names}可以上报", "Your role does not report")
    if new.ticket_id is not None:
        known = await _reported_before(session, actor, new)
        if known is not None:
            return known, False
    where = await references.placed(session, reporter, new.area_id)
    fits = await _check_references(session, actor, new)
    ticket_id, event_id, now = new.ticket_id or uuid7(), uuid7(), clock.now()
    links = await attachments.link(
        session, actor=actor, ticket_id=ticket_id, event_id=event_id, named=new.attachments
    )
    subject = Subject(new.category_code, new.urgency, where.path)
    terms = Terms(deadlines, subject, overall_due=new.due_at)
    made = clocks.change(row.clocks, open_clocks=(), terms=terms, now=now)
    values = _values(actor, new, now) | _placed(new.place) | where.columns
    values |= {"id": ticket_id, "due_at": made.due_at}
    number = Formula(_NUMBER, {"prefix": prefix, "now": now})
    writes = [insert(_TICKET, **values, no=number), *_told(actor, new, ticket_id, event_id, made, now, fits)]
    if new.contact is not None:
        writes.append(insert(_CONTACT, ticket_id=ticket_id, **_sealed(new.contact, vault)))
    await together(session, [*writes, *links.writes])
    return await view.load(session, ticket_id), True


def _with_posts(actor: Actor, roles: frozenset[Role]) -> Actor:
    """The caller with those posts alone that report: a leader of the town reports in their own grid."""
    return replace(actor, grants=tuple(grant for grant in actor.grants if grant.role in roles))


async def _reported_before(session: AsyncSession, actor: Actor, new: NewTicket) -> TicketView | None:
    statement = select(
        Ticket.reporter_id, Ticket.client_id, Ticket.title, Ticket.content, Ticket.area_id
    ).where(Ticket.id == new.ticket_id)
    found = (await session.execute(statement)).one_or_none()
    if found is None or new.ticket_id is None:
        return None
    same = (new.title, new.content, new.area_id) == (found.title, found.content, found.area_id)
    if actor.id not in {found.reporter_id, found.client_id} or not same:
        raise TicketExists
    return await view.load(session, new.ticket_id)


async def _check_references(session: AsyncSession, actor: Actor, new: NewTicket) -> CoordType | None:
    """Refuse unknown references; the datum that fits the point better than its own, if one does."""
    if actor.member_id is not None and new.source in MACHINE_SOURCES:
        raise invalid_field(
            "body.source", "该来源只能由系统接口上报", "Only a system reports from this source"
        )
    household: ColumnElement[bool] = true()
    if new.household_id is not None:
        seen = scope.visible(actor, Dataset.REGISTRY, _HOUSEHOLDS)
        household = exists().where(Household.id == new.household_id, seen)
    mark = grid_index.mark() if new.place else null()
    in_use = references.in_use(new.category_code)
    known = (
        await session.execute(
            select(in_use.label("category"), household.label("household"), mark.label("mark"))
        )
    ).one()
    if not known.category:
        raise references.unknown_category()
    if not known.household:
        raise invalid_field(
            "body.household_id", "没有这个户，或不在您的管辖范围内", "No such household in your scope"
        )
    if new.place is None:
        return None
    index = await grid_index.at(session, mark=known.mark)
    return datum.fits(index, **asdict(new.place), area_id=new.area_id)


def _values(actor: Actor, new: NewTicket, now: datetime) -> dict[str, Any]:
    return {
        "title": new.title,
        "content": new.content,
        "category_code": new.category_code,
        "source": new.source.value,
        "urgency": new.urgency.value,
        "stage": Stage.REPORT.value,
        "status": (Status.DRAFT if new.draft else Status.REPORTED).value,
        "address": new.address,
        "household_id": new.household_id,
        "reporter_id": actor.member_id,
        "client_id": actor.client_id,
        "occurred_at": new.occurred_at,
        "reported_at": now,
        "revisit_state": RevisitState.NEEDED.value,
        "confidential": new.confidential,
        "decline_count": 0,
        "rework_count": 0,
        "dispatch_count": 0,
        "version": 1,
        "created_at": now,
        "created_by": actor.member_id or actor.client_id,
        "updated_at": now,
        "updated_by": actor.member_id or actor.client_id,
    }


def _placed(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    point = to_wgs84(place.lng, place.lat, place.coord_type)
    return {
        "lng": point.lng,
        "lat": point.lat,
        "raw_lng": place.lng,
        "raw_lat": place.lat,
        "coord_type": place.coord_type,
    }


def _told(
    actor: Actor,
    new: NewTicket,
    ticket_id: UUID,
    event_id: UUID,
    made: clocks.Change,
    now: datetime,
    fits: CoordType | None,
) -> list[Write]:
    action, to = (Action.SAVE_DRAFT, Status.DRAFT) if new.draft else (Action.REPORT, Status.REPORTED)
    roles = workflow.rows_for(None, action)[0].roles & actor.roles
    data = {"source": new.source.value, "clocks": made.as_data(now, action)}
    if fits is not None:
        data["coord_type_fits"] = fits
    news = {"seq": 1, "from": None, "to": to.value, "area_id": str(new.area_id)}
    return [
        insert(
            _EVENT,
            id=event_id,
            ticket_id=ticket_id,
            seq=1,
            action=action.value,
            from_status=None,
            to_status=to.value,
            at=now,
            device_at=new.occurred_at,
            actor_id=actor.member_id or actor.client_id,
            actor_role=min(roles).value,
            data=data,
        ),
        *clock_rows.inserts(ticket_id, made),
        outbox.append(f"ticket.{action.value}", ticket_id, news),
    ]


def _sealed(contact: Contact, vault: Vault) -> dict[str, Any]:
    if contact.phone is None:
        return {"name": contact.name}
    return {
        "name": contact.name,
        "phone_sealed": vault.seal(contact.phone),
        "phone_index": vault.index(contact.phone),
        "phone_last4": contact.phone[-4:],
    }
