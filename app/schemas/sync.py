"""Wire shapes of the push: the queue of a phone, and what became of each entry.

The operations' bodies are those of the single calls. An entry that is wrong refuses itself alone, so the
queue is described here and read entry by entry (`api/queue`).
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, SkipValidation

from app.models.enums.sync import OperationKind
from app.schemas.feed import TicketItem, VisitItem
from app.schemas.team import CheckIn
from app.schemas.ticket import TicketCreate
from app.schemas.types import AnyTime, Input, Output
from app.schemas.visit import VisitCreate, VisitPatch

MAX_OPERATIONS = 500
Seen = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class Queued(Input):
    """What every entry has; `occurred_at` is the phone's time and stands for the one of the body."""

    op_id: UUID = Field(description="手机生成的 UUIDv7；同一操作重发时不变")
    occurred_at: AnyTime = Field(description="手机上的时间")
    version: Seen | None = Field(default=None, description="手机上看到的版本；空为不核对")
    after: UUID | None = Field(default=None, description="在本机哪一个操作之后做的（op_id）")


class OfRecord(Queued):
    """An entry about a ticket, a visit or a message; tickets and visits also such as the phone makes."""

    id: UUID = Field(description="工单、走访或消息的编号，离线新建时由手机生成")


class ReportQueued(OfRecord):
    """A report."""

    kind: Literal[OperationKind.TICKET_REPORT]
    body: TicketCreate


class ActionQueued(OfRecord):
    """A step on a ticket; `body` as for `POST /v1/tickets/{id}/actions` (comment and submit are steps)."""

    kind: Literal[OperationKind.TICKET_ACTION]
    body: dict[str, Any] = Field(description="与 POST /v1/tickets/{id}/actions 的请求体相同")


class VisitQueued(OfRecord):
    """A visit."""

    kind: Literal[OperationKind.VISIT_RECORD]
    body: VisitCreate


class VisitChangeQueued(OfRecord):
    """A visit put right."""

    kind: Literal[OperationKind.VISIT_CHANGE]
    body: VisitPatch


class DutyQueued(Queued):
    """Going on duty, or off."""

    kind: Literal[OperationKind.CHECK_IN, OperationKind.CHECK_OUT]
    body: CheckIn = Field(default_factory=CheckIn)


class Nothing(Input):
    """A body without fields."""


class ReadQueued(OfRecord):
    """A message opened."""

    kind: Literal[OperationKind.NOTIFICATION_READ]
    body: Nothing = Field(default_factory=Nothing)


AnyQueued = ReportQueued | ActionQueued | VisitQueued | VisitChangeQueued | DutyQueued | ReadQueued
Entry = Annotated[AnyQueued, Field(discriminator="kind")]


class Push(Input):
    """A phone's queue, oldest first; `sent_at` is the phone's time now, which tells how far it is off."""

    sent_at: AnyTime | None = None
    operations: list[SkipValidation[Entry]] = Field(min_length=1, max_length=MAX_OPERATIONS)


class ResultRead(Output):
    """What became of one entry.

    applied: now; already_applied: by an earlier push; conflict: the record moved on, `record` is how it is
    now; refused: for good, `problem` says why; retry: not now, send it again.
    """

    op_id: UUID | None
    outcome: Literal["applied", "already_applied", "conflict", "refused", "retry"]
    id: UUID | None = None
    version: int | None = None
    no: str | None = None
    problem: dict[str, Any] | None = None
    ticket: TicketItem | None = None
    visit: VisitItem | None = None


class PushRead(Output):
    """One result for each entry, in their order."""

    received_at: datetime
    results: list[ResultRead]
