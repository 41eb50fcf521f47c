"""The records that a phone keeps, read by their ids with the eyes of the caller: lean, and masked.

What is not among the answers, the caller does not see. Who sees what is the wings' own predicate.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, case, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.area import Area
from app.models.enums.message import Task
from app.models.registry import CareObject, Household, HouseholdMember, Resident, Transfer
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.schemas.feed import AreaItem, CareItem, HouseholdItem, TicketItem, VisitItem
from app.schemas.transfer import TransferRead
from app.services.areas import tree
from app.services.mobile import inbox, tasks
from app.services.platform import masks
from app.services.platform.actor import Actor
from app.services.registry import care, reach, transfer_reads
from app.services.tickets import actions, view
from app.services.tickets import reads as tickets
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.view import TicketView
from app.services.visits import reads as visits

_TICKET: Any = Ticket.__table__
_T: Any = _TICKET.c


async def of(
    session: AsyncSession, *, actor: Actor, deadlines: Deadlines, kind: str, ids: Collection[UUID]
) -> list[Any]:
    """Those of some records of a kind that the caller sees."""
    if not ids:
        return []
    if kind == "tickets":
        return await tickets_of(session, actor=actor, deadlines=deadlines, ids=ids)
    return await _READ[kind](session, actor=actor, ids=ids)


async def tickets_of(
    session: AsyncSession, *, actor: Actor, deadlines: Deadlines, ids: Collection[UUID]
) -> list[TicketItem]:
    """Those of some tickets that the caller sees, with the steps open to them."""
    statement = select(_T.id, _marks(actor, _TICKET)).where(_T.id.in_(ids), tickets.visible(actor))
    seen: dict[UUID, list[str]] = {row[0]: row[1] for row in await session.execute(statement)}
    if not seen:
        return []
    now = clock.now()
    found = await view.load_all(session, list(seen))
    return [_ticket(actor, ticket, seen[ticket.id], deadlines, now) for ticket in found]


async def visits_of(session: AsyncSession, *, actor: Actor, ids: Collection[UUID]) -> list[VisitItem]:
    """Those of some visits that the caller sees."""
    rows = await session.scalars(select(Visit).where(Visit.id.in_(ids), visits.visible(actor)))
    return [VisitItem.model_validate(row) for row in rows]


async def households_of(session: AsyncSession, *, actor: Actor, ids: Collection[UUID]) -> list[HouseholdItem]:
    """Those of some households that the caller sees and that have not ended."""
    heads = and_(
        HouseholdMember.household_id == Household.id,
        HouseholdMember.is_head,
        HouseholdMember.valid_to.is_(None),
    )
    statement = (
        select(Household, Resident.name, _marks(actor, Household.__table__))
        .outerjoin(HouseholdMember, heads)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
        .where(Household.id.in_(ids), Household.ended_on.is_(None), reach.visible(actor, Household))
    )
    return [_household(*row) for row in await session.execute(statement)]


async def care_of(session: AsyncSession, *, actor: Actor, ids: Collection[UUID]) -> list[CareItem]:
    """Those of some care objects that the caller is responsible for."""
    mine = tasks.visible(Task.CARE_DUE, actor)
    rows = await session.execute(care.with_names().where(CareObject.id.in_(ids), mine))
    return [_care(row, actor) for row in rows]


async def areas_of(session: AsyncSession, *, actor: Actor, ids: Collection[UUID]) -> list[AreaItem]:
    """Those of some areas that the caller sees."""
    statement = select(Area).options(tree.BRIEF).where(Area.id.in_(ids), tree.visible(actor))
    return [AreaItem.model_validate(row) for row in await session.scalars(statement)]


async def transfers_of(session: AsyncSession, *, actor: Actor, ids: Collection[UUID]) -> list[TransferRead]:
    """Those of some transfers that wait for the caller."""
    which = Transfer.id.in_(ids) & tasks.visible(Task.TRANSFERS_IN, actor)
    return await transfer_reads.several(session, actor=actor, which=which)


_READ: Mapping[str, Callable[..., Awaitable[list[Any]]]] = MappingProxyType(
    {
        "areas": areas_of,
        "care": care_of,
        "households": households_of,
        "notifications": inbox.several,
        "transfers": transfers_of,
        "visits": visits_of,
    }
)


def _ticket(
    actor: Actor, ticket: TicketView, mine: Sequence[str], deadlines: Deadlines, now: datetime
) -> TicketItem:
    row = ticket.row
    open_to = [entry["action"] for entry in actions.allowed(actor, ticket, now, deadlines)]
    return TicketItem.model_validate(
        {
            **{name: row[name] for name in TicketItem.model_fields if name in row},
            "mine": row["reporter_id"] == actor.member_id,
            "tasks": mine,
            "actions": open_to,
        }
    )


def _household(household: Household, head: str | None, mine: Sequence[str]) -> HouseholdItem:
    columns = {
        name: getattr(household, name) for name in HouseholdItem.model_fields if hasattr(household, name)
    }
    told = {"head_name": masks.name(head) if head else None, "tasks": mine}
    return HouseholdItem.model_validate(columns | told)


def _care(row: Any, actor: Actor) -> CareItem:
    known = care.read(row, actor).model_dump(include=set(CareItem.model_fields))
    return CareItem(**known, area_id=row[0].area_id)


def _marks(actor: Actor, table: Any) -> ColumnElement[Any]:
    """The codes of the tasks that a row of a table is for the caller, or will be from its day on."""
    mine = [(task, kind.rows(actor)) for task, kind in tasks.KINDS.items() if kind.table is table]
    codes: list[ColumnElement[Any]] = [
        case((or_(*rows), literal(task.value, Text())), else_=null()) for task, rows in mine if rows
    ]
    found: ColumnElement[Any] = func.array_remove(array[Any](codes, type_=Text()), null())
    return found
