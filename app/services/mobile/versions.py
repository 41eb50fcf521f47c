"""Which version a record must have for an operation of a phone's queue to be carried out.

What the phone saw; or, since it could not see that, what its own earlier operations made of it. What somebody
else did in between is a conflict, also when an own note, which looks at no version, came after it.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.enums import Action
from app.models.enums.sync import OperationKind
from app.services.mobile.operations import Operation
from app.services.platform.actor import Actor

_SOMEBODY_ELSE = text("""
    SELECT EXISTS (
        SELECT FROM ticket_event
         WHERE ticket_id = :ticket_id AND seq > :seen AND seq <= :made AND actor_id IS DISTINCT FROM :me)
    """)


async def expected(
    session: AsyncSession, *, actor: Actor, operation: Operation, made: int | None
) -> int | None:
    """The version, None for whatever it is; `made`: by the operation that this one was made on top of."""
    seen = operation.version
    if getattr(operation.body, "action", None) is Action.COMMENT:
        return None
    if made is None or seen is None:
        return made or seen
    # The step after the one that was seen is the phone's own.
    if made > seen + 1 and operation.kind is OperationKind.TICKET_ACTION:
        between = {"ticket_id": operation.record_id, "seen": seen, "made": made, "me": actor.member_id}
        if await session.scalar(_SOMEBODY_ELSE, between):
            return seen
    return max(seen, made)
