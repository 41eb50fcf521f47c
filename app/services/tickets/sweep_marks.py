"""What a batch of the sweep writes: gathered ticket by ticket, written in a handful of statements.

A step taken here goes by the same table, guards, effects and words as anybody's step (`transitions`);
only its writing is shared with hundreds of others. It is for steps that neither move a ticket nor touch its
clocks: an effect that wants more than the columns of `CHANGED` and rows of its own is refused.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, insert, literal, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.enums import Role, Status
from app.models.platform import Outbox
from app.models.ticket import Ticket
from app.models.ticket_step import TicketClock, TicketEvent
from app.services.tickets import effects, guards, looks, telling, workflow
from app.services.tickets.commands import Command
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.effects import Effect, Step
from app.services.tickets.guards import Case
from app.services.tickets.system import SYSTEM
from app.services.tickets.view import TicketView

_TICKET: Any = Ticket.__table__
_CLOCK: Any = TicketClock.__table__
_EVENT: Any = TicketEvent.__table__
_OUTBOX: Any = Outbox.__table__
CHANGED = ("version", "updated_at", "updated_by", "supervise_level", "archived_at", "next_at")
KEPT = ("id", "status", "area_id", "lead_org_id", "handler_id", "handling_level", "resume_on")
COLUMNS = tuple(_TICKET.c[name] for name in (*KEPT, *CHANGED))

_UPDATE_TICKET = (
    update(_TICKET)
    .where(_TICKET.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in CHANGED})
)
_UPDATE_CLOCK = (
    update(_CLOCK)
    .where(_CLOCK.c.id == bindparam("of"))
    .values(level=bindparam("new_level"), next_at=bindparam("new_next_at"))
)

Row = Mapping[str, Any]


@dataclass(slots=True)
class Marks:
    """The writes of one transaction; tickets are known by their rows as they become."""

    now: datetime
    deadlines: Deadlines
    _tickets: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    _clocks: list[dict[str, Any]] = field(default_factory=list)
    _rows: defaultdict[Any, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def ticket(self, row: Row) -> Row:
        """A ticket of the batch as it has become so far; `row` is how it was read."""
        return self._tickets.get(row["id"], row)

    def take(self, row: Row, command: Command, codes: Mapping[str, Any]) -> bool:
        """Take a step as the system; False where the table does not admit it."""
        ticket = _view(self.ticket(row))
        step = self._step(ticket, command)
        if step is None:
            return False
        effect = Effect(codes=dict(codes)) + effects.of(step)
        event = telling.event(step, effect, event_id=uuid7(), to=ticket.status, clocks={})
        self._rows[_EVENT].append(event)
        self.tell(f"ticket.{command.action.value}", ticket.id, telling.news(step, effect, to=ticket.status))
        for added in effect.inserts:
            self._rows[added.table].append(dict(added.row))
        self._change(step, effect, version=event["seq"])
        return True

    def tell(self, topic: str, ticket_id: UUID, data: Mapping[str, Any]) -> None:
        """Append to the outbox."""
        self._rows[_OUTBOX].append({"topic": topic, "entity_id": ticket_id, "data": dict(data)})

    def wait(self, row: Row, next_at: datetime | None) -> None:
        """Look at a ticket again then, or not at all."""
        self._tickets[row["id"]] = {**self.ticket(row), "next_at": next_at}

    def level(self, clock_id: UUID, level: int, next_at: datetime | None) -> None:
        """A clock has reached a level, and reaches the next one then."""
        self._clocks.append({"of": clock_id, "new_level": level, "new_next_at": next_at})

    async def write(self, session: AsyncSession) -> None:
        """Write all of it: one statement for each table, whatever the number of tickets."""
        if self._clocks:
            await session.execute(_UPDATE_CLOCK, self._clocks)
        if self._tickets:
            changes = [
                {"of": ticket_id, **{f"new_{name}": row[name] for name in CHANGED}}
                for ticket_id, row in self._tickets.items()
            ]
            await session.execute(_UPDATE_TICKET, changes)
        for table, rows in self._rows.items():
            await session.execute(insert(table), rows)

    def _step(self, ticket: TicketView, command: Command) -> Step | None:
        # Later than the step before, so that two cards of one moment still have an order.
        at = max(self.now, ticket.row["updated_at"] + timedelta(microseconds=1))
        case = Case(SYSTEM, ticket, command, at, self.deadlines)
        for row in workflow.rows_for(ticket.status, command.action):
            if Role.SYSTEM in row.roles and not guards.refusals(row, case):
                return Step(SYSTEM, ticket, command, row, at)
        return None

    def _change(self, step: Step, effect: Effect, *, version: int) -> None:
        ticket, action = step.ticket, step.command.action
        if effect.updates or not effect.values.keys() <= set(CHANGED):
            raise ValueError(f"{action} is not a step that many tickets can take at once")
        move = looks.Move(action, ticket.status, ticket.status, step.now, None, ticket.row["next_at"])
        self._tickets[ticket.id] = {
            **ticket.row,
            **effect.values,
            "version": version,
            "updated_at": step.now,
            "updated_by": None,
            "next_at": looks.next_at(move, self.deadlines.calendar()),
        }


def among(column: Any, ids: Sequence[UUID]) -> Any:
    """The rows with these ids: one statement to prepare, however many there are."""
    return column == any_(literal(list(ids), ARRAY(Uuid())))


def _view(row: Row) -> TicketView:
    """A ticket without its clocks and outcomes: what the steps of a batch look at."""
    return TicketView({**row, "status": Status(row["status"])}, (), (), (), (), None, frozenset())
