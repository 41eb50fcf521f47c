"""What was given to the caller's organisations, in the order of the transactions that gave it.

Whoever asks again from where they stopped misses nothing: what was given by a transaction that committed late
comes late and is not left out. Of a ticket that is with somebody else now only this is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.paging import Sort, encode_cursor
from app.models.ticket import Ticket
from app.models.ticket_step import TicketAssignment
from app.services.platform.actor import Actor, Dataset
from app.services.tickets import reads, view
from app.services.tickets.view import TicketView

_A: Any = TicketAssignment.__table__.c
_T: Any = Ticket.__table__.c
_ENDED = _A.txid < literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_NOWHERE = UUID(int=0)


def _transaction(told: str) -> int:
    number = int(told)
    if not 0 <= number < 2**63:
        raise ValueError(told)
    return number


_IN_ORDER = Sort(_A.txid, _A.id, descending=False, read=_transaction)


@dataclass(frozen=True, slots=True)
class Given:
    """One assignment; `ticket` is None where the caller may not see it any more."""

    row: Mapping[str, Any]
    ticket: TicketView | None


@dataclass(frozen=True, slots=True)
class News:
    """Assignments in their order, and where to go on, now if there is `more`, else later."""

    items: Sequence[Given]
    cursor: str
    more: bool


async def since(
    session: AsyncSession, *, actor: Actor, cursor: str | None, limit: int, running: bool
) -> News:
    """What was given since the cursor, or ever; with `running`, what has not ended. Two statements."""
    orgs = [grant.org_id for grant in actor.grants_of(Dataset.TICKETS) if grant.org_id]
    seen = reads.visible(actor).label("seen")
    statement = (
        select(*TicketAssignment.__table__.c, seen)
        .join(Ticket.__table__, _T.id == _A.ticket_id)
        .where(_A.org_id.in_(orgs), _ENDED)
        .order_by(*_IN_ORDER.order())
        .limit(limit + 1)
    )
    if cursor is not None:
        statement = statement.where(_IN_ORDER.after(cursor))
    if running:
        statement = statement.where(_A.ended_at.is_(None))
    found = [dict(row) for row in (await session.execute(statement)).mappings()]
    rows = found[:limit]
    ids = {row["ticket_id"] for row in rows if row["seen"]}
    tickets = {one.id: one for one in await view.load_all(session, list(ids))} if ids else {}
    items = [Given(row, tickets.get(row["ticket_id"])) for row in rows]
    last = encode_cursor(rows[-1]["txid"], rows[-1]["id"]) if rows else cursor
    return News(items, last or encode_cursor(0, _NOWHERE), len(found) > limit)
