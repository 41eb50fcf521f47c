"""Where the rows of many tickets gather before they are copied: a sheet a table. No row is made here."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.demo.history.rows import (
    AssignmentRecord,
    AttachmentRecord,
    ClockRecord,
    ContactRecord,
    EvaluationRecord,
    EventRecord,
    LinkRecord,
    NoteRecord,
    OutcomeRecord,
    RequestRecord,
    RevisitRecord,
    SupervisionRecord,
    SuspensionRecord,
    TicketRecord,
)


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
        self.supervisions: list[SupervisionRecord] = []
        self.suspensions: list[SuspensionRecord] = []
        self.outcomes: list[OutcomeRecord] = []
        self.revisits: list[RevisitRecord] = []
        self.evaluations: list[EvaluationRecord] = []
        self.attachments: list[AttachmentRecord] = []
        self.links: list[LinkRecord] = []

    def all(self) -> Iterator[Sequence[Any]]:
        """The sheets, parents before children."""
        return iter(vars(self).values())
