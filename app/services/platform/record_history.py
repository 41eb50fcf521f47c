"""Reading a record's history out of the audit log: who wrote what of it, and when.

A look at plain values is not a write: it stands in the same log, for auditors, and is left out here.
Writing is each wing's business, through `audit`.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.models.platform import AuditLog
from app.models.staff import Member
from app.schemas.history import ChangeRead
from app.schemas.types import Ref
from app.services.platform.scope import Predicate

LONGEST = 200
_LOOKS = "pii."


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
        .where(
            AuditLog.entity == entity,
            AuditLog.entity_id == row_id,
            ~AuditLog.action.startswith(_LOOKS),
        )
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
