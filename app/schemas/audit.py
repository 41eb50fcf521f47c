"""Wire shape of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.schemas.types import Output


class AuditRead(Output):
    """Who did what to which record; `seq` is the row's place in the chain, null until it is sealed."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str | None
    action: str
    entity: str
    entity_id: UUID | None
    data: dict[str, Any]
    request_id: str | None
    seq: int | None
