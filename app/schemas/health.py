"""Wire shapes of the operator's addresses."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """The server can do its work."""

    status: Literal["ok"]
    schema_revision: str | None
    worker_seen_at: datetime | None
