"""What the public, or a client, may see of tickets: the one place where that becomes a predicate.

Seen by everybody is what a dispatcher published and what is still fit for it: not confidential, not void, in
a category that is open to the public. A client sees of that what lies in its areas, and besides what it
reported itself.
"""

from datetime import datetime

from sqlalchemy import CTE, ColumnElement, and_, exists, or_, select, true, union
from sqlalchemy.orm import aliased

from app.models.enums import Status
from app.models.public import Publication
from app.models.ticket import Ticket
from app.services.exchange.public import services
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.tickets import reads

_PUBLISHED = aliased(Publication)
NEVER = (Status.DRAFT.value, Status.VOIDED.value)


def fit() -> ColumnElement[bool]:
    """The tickets that may be public, if a dispatcher says so."""
    return and_(~Ticket.confidential, Ticket.status.not_in(NEVER), services.is_open())


def published(actor: Actor | None) -> ColumnElement[bool]:
    """The published tickets: all of them for the public, those in its areas for a client."""
    seen = true() if actor is None else scope.visible(actor, Dataset.TICKETS, reads.COLUMNS)
    return and_(exists().where(_PUBLISHED.ticket_id == Ticket.id), fit(), seen)


def own(actor: Actor) -> ColumnElement[bool]:
    """What a client reported itself, where it still reaches."""
    return and_(
        Ticket.client_id == actor.client_id,
        Ticket.status != Status.DRAFT.value,
        scope.visible(actor, Dataset.TICKETS, reads.COLUMNS),
    )


def lately(actor: Actor | None, since: datetime) -> CTE:
    """The ids of what the caller may see and what has changed since; as a part of a statement.

    What dispatchers published is little beside all tickets, and read first: it costs the same in any town.
    """
    changed = select(Ticket.id).where(Ticket.updated_at >= since)
    ways = [changed.join(Publication, Publication.ticket_id == Ticket.id).where(published(actor))]
    if actor is not None:
        ways.append(changed.where(own(actor)))
    return union(*ways).cte("seen").prefix_with("MATERIALIZED")


def seen(actor: Actor | None) -> ColumnElement[bool]:
    """All that the caller may see, as a condition on tickets that are known by their id."""
    return published(None) if actor is None else or_(published(actor), own(actor))
