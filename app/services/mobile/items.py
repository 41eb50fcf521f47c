"""The records that a phone keeps, read by their ids with the eyes of the caller: lean, and masked.

What is not among the answers, the caller does not see. Who sees what is the wings' own predicate.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.area import Area
from app.models.enums import Action
from app.models.registry import Household, HouseholdMember, Resident
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.schemas.feed import AreaItem, HouseholdItem, TicketItem, VisitItem
from app.services.areas import tree
from app.services.platform import masks
from app.services.platform.actor import Actor
from app.services.registry import reach
from app.services.tickets import actions, view
from app.services.tickets import reads as tickets
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.view import TicketView
from app.services.visits import reads as visits

# Steps that wait for somebody, as against those that are merely open to them.
DUTIES = frozenset(
    {
        Action.SUBMIT,
        Action.ACCEPT,
        Action.DISPATCH,
        Action.SIGN,
        Action.CONTACT,
        Action.RESOLVE,
        Action.FINISH_JOINT,
        Action.APPROVE_DECLINE,
        Action.APPROVE_EXTENSION,
        Action.APPROVE_SUSPEND,
        Action.APPROVE_WITHDRAW,
        Action.APPROVE_REVIEW,
        Action.DECIDE,
        Action.REPLY_SUPERVISION,
        Action.REVISIT,
        Action.EVALUATE,
        Action.CLOSE,
    }
)


async def tickets_of(
    session: AsyncSession, *, actor: Actor, deadlines: Deadlines, ids: Collection[UUID]
) -> list[TicketItem]:
    """Those of some tickets that the caller sees, with the steps open to them."""
    seen = await _seen(session, Ticket.id, ids, tickets.visible(actor))
    if not seen:
        return []
    now = clock.now()
    return [_ticket(actor, ticket, deadlines, now) for ticket in await view.load_all(session, seen)]


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
        select(Household, Resident.name)
        .outerjoin(HouseholdMember, heads)
        .outerjoin(Resident, Resident.id == HouseholdMember.resident_id)
        .where(Household.id.in_(ids), Household.ended_on.is_(None), reach.visible(actor, Household))
    )
    return [_household(*row) for row in await session.execute(statement)]


async def areas_of(session: AsyncSession, *, actor: Actor, ids: Collection[UUID]) -> list[AreaItem]:
    """Those of some areas that the caller sees."""
    statement = select(Area).options(tree.BRIEF).where(Area.id.in_(ids), tree.visible(actor))
    return [AreaItem.model_validate(row) for row in await session.scalars(statement)]


async def _seen(session: AsyncSession, column: Any, ids: Collection[UUID], visible: Any) -> Sequence[UUID]:
    if not ids:
        return []
    return (await session.scalars(select(column).where(column.in_(ids), visible))).all()


def _ticket(actor: Actor, ticket: TicketView, deadlines: Deadlines, now: Any) -> TicketItem:
    row = ticket.row
    open_to = [Action(entry["action"]) for entry in actions.allowed(actor, ticket, now, deadlines)]
    return TicketItem.model_validate(
        {
            **{name: row[name] for name in TicketItem.model_fields if name in row},
            "mine": row["reporter_id"] == actor.member_id,
            "todo": not DUTIES.isdisjoint(open_to),
            "actions": [action.value for action in open_to],
        }
    )


def _household(household: Household, head: str | None) -> HouseholdItem:
    columns = {
        name: getattr(household, name) for name in HouseholdItem.model_fields if hasattr(household, name)
    }
    return HouseholdItem(**columns, head_name=masks.name(head) if head else None)
