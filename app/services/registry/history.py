"""The history of the registry's records: one line a write, in the audit log and on the outbox.

What is kept are ids, codes and the names of changed fields, never a personal value. Temporal links tell
their own history; this one tells who wrote. Reading it is `record_history`'s, for every wing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.writes import together
from app.services.platform import audit, outbox
from app.services.platform.actor import Actor
from app.services.platform.record_history import LONGEST, changes, written

__all__ = ["LONGEST", "Written", "changes", "record", "record_all", "written"]


class Written(NamedTuple):
    """What was done to a record, `building.change`, and ids, codes or names of fields."""

    action: str
    entity_id: UUID
    data: Mapping[str, Any]


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    action: str,
    entity_id: UUID,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Keep that a record was written: `building.change` is the entity and what was done to it."""
    entity = action.partition(".")[0]
    line = audit.line(action=action, entity=entity, entity_id=entity_id, actor_id=actor.id, data=data)
    news = outbox.append(action, entity_id, {"by": str(actor.id), **(data or {})})
    await together(session, [line, news])


async def record_all(session: AsyncSession, *, actor: Actor, lines: Sequence[Written]) -> None:
    """Keep many writes of one caller: two statements, whatever their number."""
    if lines:
        await audit.record_all(session, actor_id=actor.id, lines=lines)
        by = {"by": str(actor.id)}
        news = [(line.action, line.entity_id, {**by, **line.data}) for line in lines]
        await outbox.append_all(session, news)
