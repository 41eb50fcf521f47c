"""Files that a record names before they are there: linked when they come, given up after two weeks.

A phone reports at once and sends its photos when it has a better network; it made their ids itself. Until
then the record stands without them. Only who named a file can send it. Naming and recording one take
turns (`attachments.hold`), so that neither misses the other.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.attachment import Attachment, TicketAttachment
from app.models.upload import AwaitedFile
from app.models.visit import VisitAttachment
from app.services.platform import outbox
from app.services.platform.actor import Actor

PATIENCE = timedelta(days=14)
MOST = 200
TICKET_TOPIC, VISIT_TOPIC = "ticket.file_came", "visit.file_came"


async def settle(session: AsyncSession, *, attachment: Attachment) -> None:
    """Link a file that has just been recorded to whatever waits for it."""
    came = delete(AwaitedFile).where(
        AwaitedFile.attachment_id == attachment.id,
        AwaitedFile.member_id.is_not_distinct_from(attachment.member_id),
        AwaitedFile.client_id.is_not_distinct_from(attachment.client_id),
    )
    waiting = (await session.scalars(came.returning(AwaitedFile))).all()
    steps = [one for one in waiting if one.event_id is not None]
    visits = [one for one in waiting if one.visit_id is not None]
    await _link(session, TicketAttachment, steps, ("event_id", "attachment_id", "ticket_id", "purpose"))
    await _link(session, VisitAttachment, visits, ("visit_id", "attachment_id"))
    told = {"attachment_id": str(attachment.id)}
    news = [(TICKET_TOPIC, ticket_id) for ticket_id in {one.ticket_id for one in steps}]
    news += [(VISIT_TOPIC, visit_id) for visit_id in {one.visit_id for one in visits}]
    if news:
        await outbox.append_all(session, [(topic, record, told) for topic, record in news if record])


async def mine(session: AsyncSession, *, actor: Actor) -> Sequence[AwaitedFile]:
    """What the caller's records still wait for, the longest first; at most `MOST`."""
    statement = select(AwaitedFile).where(owned(actor)).order_by(AwaitedFile.created_at, AwaitedFile.id)
    return (await session.scalars(statement.limit(MOST))).all()


async def give_up(sessions: Sessions) -> int:
    """Wait no longer for what was named two weeks ago; returns how many files that was."""
    old = delete(AwaitedFile).where(AwaitedFile.created_at < clock.now() - PATIENCE)
    async with transaction(sessions) as session:
        return len((await session.scalars(old.returning(AwaitedFile.id))).all())


def owned(actor: Actor) -> ColumnElement[bool]:
    """What the caller's records wait for, as a condition."""
    if actor.member_id is not None:
        return AwaitedFile.member_id == actor.member_id
    return AwaitedFile.client_id == actor.client_id


async def _link(
    session: AsyncSession, table: Any, rows: Sequence[AwaitedFile], names: tuple[str, ...]
) -> None:
    values = [{name: getattr(row, name) for name in names} for row in rows]
    if values:
        await session.execute(insert(table).on_conflict_do_nothing(), values)
