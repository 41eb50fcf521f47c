"""What has been overdue for longest, and who has to act on it: an organisation, its office, and the person.

The tickets that `overdue` counts in `facts`, but for the confidential ones, which are counted and not told.
A step that is the command centre's own (accepting, dispatching, calling back, closing) is the centre's of the
town; every other is that of who handles the ticket. The person is named to people who see tickets; a screen
on a wall and a third party are told neither who it is nor what it is about.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.area import Area
from app.models.enums import OrgKind, Role, Status
from app.models.staff import Member, Org
from app.models.ticket import Category, Ticket
from app.schemas.stats_figures import OverdueTicket, Responsible
from app.schemas.types import Ref
from app.services.platform.actor import Actor
from app.services.stats import folding, live, sight
from app.services.stats.whose import Whose
from app.services.tickets.labels import ROLE_ZH, STATUS_ZH

_UNCOUNTED = (Status.DRAFT.value, Status.WITHDRAWN.value, Status.MERGED.value)
# Whose step it is where it is not the handler's.
_CENTRES: Mapping[Status, Role] = MappingProxyType(
    {
        Status.REPORTED: Role.DISPATCHER,
        Status.ACCEPTED: Role.DISPATCHER,
        Status.RESOLVED: Role.REVISIT_AGENT,
        Status.EVALUATING: Role.DISPATCHER,
    }
)
_CENTRE = (
    select(func.jsonb_build_object("id", Org.id, "name", Org.name))
    .where(Org.area_id == Ticket.town_id, Org.kind == OrgKind.COMMAND_CENTRE, Org.ended_at.is_(None))
    .order_by(Org.id)
    .limit(1)
    .correlate(Ticket)
    .scalar_subquery()
)


async def longest(session: AsyncSession, *, actor: Actor, whose: Whose, limit: int) -> list[OverdueTicket]:
    """The tickets that are overdue for longest, the oldest deadline first."""
    seen = sight.closely(actor)
    rows = await session.execute(_statement(whose, limit))
    return [_item(row, seen=seen, named=seen and actor.member_id is not None) for row in rows]


def _statement(whose: Whose, limit: int) -> Any:
    return (
        select(
            Ticket,
            Category.label_zh,
            Area.name.label("area_name"),
            Org.name.label("org_name"),
            Member.name.label("handler_name"),
            _CENTRE.label("centre"),
        )
        .join(Category, Category.code == Ticket.category_code)
        .join(Area, Area.id == Ticket.area_id)
        .outerjoin(Org, Org.id == Ticket.lead_org_id)
        .outerjoin(Member, Member.id == Ticket.handler_id)
        .where(Ticket.id.in_(_first(whose, limit)))
        .order_by(Ticket.due_at, Ticket.id)
    )


def _first(whose: Whose, limit: int) -> Select[UUID]:
    """The tickets alone, in the order of an index, so that names are looked up for the list only."""
    return (
        select(Ticket.id)
        .where(
            live.within(whose),
            Ticket.closed_at.is_(None),
            Ticket.due_at < folding.minute(),
            Ticket.status.not_in(_UNCOUNTED),
            ~Ticket.excluded_from_assessment,
            ~Ticket.confidential,
        )
        .order_by(Ticket.due_at, Ticket.id)
        .limit(limit)
    )


def _item(row: Any, *, seen: bool, named: bool) -> OverdueTicket:
    ticket = row.Ticket
    status = Status(ticket.status)
    return OverdueTicket(
        id=ticket.id,
        no=ticket.no,
        category=row.label_zh if seen else None,
        stage=ticket.stage,
        status=status,
        status_name=STATUS_ZH[status],
        area=Ref(id=ticket.area_id, name=row.area_name),
        responsible=_responsible(row, status, named=named),
        due_at=ticket.due_at,
    )


def _responsible(row: Any, status: Status, *, named: bool) -> Responsible:
    ticket = row.Ticket
    if status in _CENTRES:
        centre = Ref.model_validate(row.centre) if row.centre else None
        return Responsible(org=centre, role_name=ROLE_ZH[_CENTRES[status]], person=None)
    if status is Status.RETURNED:
        return Responsible(org=None, role_name="上报人", person=None)
    org = Ref(id=ticket.lead_org_id, name=row.org_name) if ticket.lead_org_id else None
    person = row.handler_name if named else None
    return Responsible(org=org, role_name=ROLE_ZH[Role.DEPT_HANDLER], person=person)
