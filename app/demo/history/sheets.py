"""Where the rows of many tickets gather before they are copied, and who may stand in them.

A sheet a table, in the order in which they may be written; no row is made here.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from app.demo.history.rows import (
    AssignmentRecord,
    ClockRecord,
    ContactRecord,
    EvaluationRecord,
    EventRecord,
    NoteRecord,
    OutcomeRecord,
    RequestRecord,
    RevisitRecord,
    TicketRecord,
)
from app.models.enums import Role


class Person(NamedTuple):
    """Somebody who acts: a member, or a third party, in the one role that they have."""

    id: UUID
    role: Role

    @property
    def member_id(self) -> UUID | None:
        """The member's id; None for a third party."""
        return None if self.role is Role.API_CLIENT else self.id


class Sheets:
    """The rows of some tickets."""

    def __init__(self) -> None:
        self.tickets: list[TicketRecord] = []
        self.contacts: list[ContactRecord] = []
        self.events: list[EventRecord] = []
        self.notes: list[NoteRecord] = []
        self.clocks: list[ClockRecord] = []
        self.assignments: list[AssignmentRecord] = []
        self.requests: list[RequestRecord] = []
        self.outcomes: list[OutcomeRecord] = []
        self.revisits: list[RevisitRecord] = []
        self.evaluations: list[EvaluationRecord] = []

    def all(self) -> Iterator[Sequence[Any]]:
        """The sheets, parents before children."""
        return iter(vars(self).values())
