"""All that somebody's posts open, kind by kind in pages by id: for a first sync, and for a farewell to posts.

A page costs the same wherever it is. What is written meanwhile comes again as a change, because the cursor's
place in the outbox was taken before the first page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.area import Area
from app.models.enums.message import Task
from app.models.message import Notification
from app.models.registry import CareObject, Household, Transfer
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.services.areas import tree
from app.services.mobile import inbox, tasks
from app.services.mobile.cursors import RECENT
from app.services.platform.actor import Actor
from app.services.registry import reach
from app.services.tickets import reads as tickets
from app.services.visits import reads as visits

KINDS = ("areas", "households", "care", "transfers", "tickets", "visits", "notifications")
# What posts open, and what leaves the phone with them; messages are one's own.
OF_POSTS = KINDS[:-1]


@dataclass(frozen=True, slots=True)
class _Kind:
    table: Any
    visible: Callable[[Actor], ColumnElement[bool]]
    wanted: Callable[[], ColumnElement[bool]]


def recent_tickets() -> ColumnElement[bool]:
    """The tickets that a phone keeps."""
    return or_(Ticket.closed_at.is_(None), Ticket.closed_at > clock.now() - RECENT)


def _recent_visits() -> ColumnElement[bool]:
    return Visit.occurred_at > clock.now() - RECENT


def _recent_messages() -> ColumnElement[bool]:
    return Notification.created_at > clock.now() - RECENT


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "areas": _Kind(Area, tree.visible, true),
        "households": _Kind(
            Household, lambda actor: reach.visible(actor, Household), lambda: Household.ended_on.is_(None)
        ),
        "tickets": _Kind(Ticket, tickets.visible, recent_tickets),
        "visits": _Kind(Visit, visits.visible, _recent_visits),
        "care": _Kind(CareObject, partial(tasks.visible, Task.CARE_DUE), true),
        "transfers": _Kind(Transfer, partial(tasks.visible, Task.TRANSFERS_IN), true),
        "notifications": _Kind(Notification, inbox.own, _recent_messages),
    }
)


async def ids_after(
    session: AsyncSession, *, actor: Actor, kind: str, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """The next ids of a kind that an actor sees."""
    of = _KINDS[kind]
    statement = select(of.table.id).where(of.visible(actor), of.wanted()).order_by(of.table.id).limit(limit)
    if after is not None:
        statement = statement.where(of.table.id > after)
    return (await session.scalars(statement)).all()
