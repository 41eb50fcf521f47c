"""The wire shape of a record's history: who changed what kind of thing, and when; no personal values."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.schemas.types import Output, Ref


class ChangeRead(Output):
    """One write: the action, by whom, and its ids and codes (`fields` names what was changed)."""

    id: UUID
    at: datetime
    action: str
    by: Ref | None
    data: dict[str, Any]
