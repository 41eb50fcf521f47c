"""The audit log: administrative writes and sign-ins, as ids and codes, append-only.

The request id comes from the logging context, so that a log line and an audit row find each other.
Sealing the rows against tampering is done in batches elsewhere, not under every writer.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, logging
from app.core.ids import uuid7
from app.core.writes import Write, insert, together
from app.models.platform import AuditLog

_TABLE: Any = AuditLog.__table__
_MANY = text("""
    INSERT INTO audit_log (id, at, actor_id, action, entity, entity_id, data, request_id)
    SELECT new.id, CAST(:at AS timestamptz), CAST(:actor AS uuid), new.action,
        split_part(new.action, '.', 1), new.entity_id, CAST(new.data AS jsonb), CAST(:request AS text)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:actions AS text[]), CAST(:entity_ids AS uuid[]),
        CAST(:data AS text[])) AS new (id, action, entity_id, data)
    """)


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


async def record_all(
    session: AsyncSession, *, actor_id: UUID | None, lines: Sequence[tuple[str, UUID, Mapping[str, Any]]]
) -> None:
    """Append many rows in one statement: action, record and data; the entity is the action's first part."""
    values = {
        "ids": [uuid7() for _line in lines],
        "actions": [action for action, _entity_id, _data in lines],
        "entity_ids": [entity_id for _action, entity_id, _data in lines],
        "data": [json.dumps(data) for _action, _entity_id, data in lines],
        "at": clock.now(),
        "actor": actor_id,
        "request": logging.request_id(),
    }
    await session.execute(_MANY, values)


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
        request_id=logging.request_id(),
    )
