"""The audit log: administrative writes and sign-ins, as ids and codes, append-only.

The request id comes from the logging context, so that a log line and an audit row find each other.
Sealing the rows against tampering is done in batches elsewhere, not under every writer.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.core.writes import Write, insert, together
from app.models.platform import AuditLog

_TABLE: Any = AuditLog.__table__


async def record(
    session: AsyncSession,
    *,
    action: str,
    entity: str,
    entity_id: UUID | None,
    actor_id: UUID | None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Append one row; `data` must hold no personal data."""
    await together(
        session,
        [line(action=action, entity=entity, entity_id=entity_id, actor_id=actor_id, data=data)],
    )


def line(
    *,
    action: str,
    entity: str,
    entity_id: UUID | None,
    actor_id: UUID | None,
    data: Mapping[str, Any] | None = None,
) -> Write:
    """The write of one row, to run together with others; `data` must hold no personal data."""
    return insert(
        _TABLE,
        id=uuid7(),
        at=clock.now(),
        actor_id=actor_id,
        action=action,
        entity=entity,
        entity_id=entity_id,
        data=dict(data or {}),
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
