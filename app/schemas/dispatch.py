"""Wire shapes of what was dispatched to an organisation, for its own system to follow."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.schemas.ticket import TicketBrief
from app.schemas.types import Output


class DispatchRead(Output):
    """One round of work that the organisation was given, to lead or to help."""

    id: UUID
    ticket_id: UUID
    org_id: UUID
    round: int
    is_lead: bool = Field(description="主办；否则为会办")
    dispatched_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    ticket: TicketBrief | None = Field(description="工单现在的样子；已转给别的单位时为空")


class DispatchNews(Output):
    """In the order of dispatching; `cursor` is where to go on next time, also when nothing came."""

    items: list[DispatchRead]
    cursor: str
    more: bool = Field(description="还有，可立即再取")
