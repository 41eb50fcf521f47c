"""An operation of a phone's queue, as it is once it could be read, and what carrying it out gave.

What may stand in a queue, not how it travels (`schemas/sync`) and not how it is carried out (`carrying`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.errors import Problem
from app.models.enums.sync import OperationKind, SyncOutcome
from app.schemas.sync import Nothing
from app.schemas.team import CheckIn
from app.schemas.ticket import TicketCreate
from app.schemas.visit import VisitCreate, VisitPatch
from app.services.tickets.commands import Command

Body = TicketCreate | Command | VisitCreate | VisitPatch | CheckIn | Nothing


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the queue.

    `record_id`: the ticket or visit, also when the phone makes it; `version`: the one that the phone saw;
    `after`: the operation of the same queue that this one was made on top of; `happened_at`: the phone's
    time, put right by what its clock is off (`skew_s`), never later than now. `names`: the records it names.
    """

    op_id: UUID
    kind: OperationKind
    record_id: UUID | None
    version: int | None
    after: UUID | None
    happened_at: datetime
    skew_s: int
    digest: bytes
    names: frozenset[UUID]
    body: Body


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that is no operation; `op_id` where at least that could be read."""

    op_id: UUID | None
    record_id: UUID | None
    digest: bytes
    names: frozenset[UUID]
    problem: Problem


@dataclass(frozen=True, slots=True)
class Done:
    """What was written: the record, its version after it, the ticket's number."""

    record_id: UUID
    version: int | None = None
    no: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the server remembers of an operation."""

    digest: bytes
    outcome: SyncOutcome
    record_id: UUID | None
    version: int | None
    problem: Mapping[str, Any] | None
