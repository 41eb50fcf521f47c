"""The history of the registry's records: one line a write, in the audit log and on the outbox.

What is kept are ids, codes and the names of changed fields, never a personal value. Temporal links tell
their own history; this one tells who wrote.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.writes import together
from app.models.platform import AuditLog
from app.models.staff import Member
from app.schemas.history import ChangeRead
from app.schemas.types import Ref
from app.services.platform import audit, outbox
from app.services.platform.actor import Actor
from app.services.platform.scope import Predicate

LONGEST = 200


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


async def changes(session: AsyncSession, *, table: Any, row_id: UUID, within: Predicate) -> list[ChangeRead]:
    """The latest writes to a record, the newest first; `NotFound` where the caller does not see it."""
    if await session.scalar(select(table.id).where(table.id == row_id, within)) is None:
        raise NotFound
    return await written(session, entity=table.__tablename__, row_id=row_id)


async def written(session: AsyncSession, *, entity: str, row_id: UUID) -> list[ChangeRead]:
    """The latest writes to a record that the caller was found to see."""
    statement = (
        select(AuditLog, Member.name)
        .outerjoin(Member, Member.id == AuditLog.actor_id)
        .where(AuditLog.entity == entity, AuditLog.entity_id == row_id)
        .order_by(AuditLog.at.desc(), AuditLog.id.desc())
        .limit(LONGEST)
    )
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return [
        ChangeRead(
            id=line.id,
            at=line.at,
            action=line.action,
            by=Ref(id=line.actor_id, name=name) if line.actor_id and name else None,
            data=line.data,
        )
        for line, name in rows
    ]
