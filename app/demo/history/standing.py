"""A ticket of the demo as it stands while it is being told, and the one way in which a step changes it.

The workflow table is asked for the next state and the effect on the clocks, the sweep's own arithmetic for
what time does meanwhile: levels, urging, cards, the archive. What differs from the service is only where
the rows go: to sheets for COPY instead of a database. The outbox gets nothing: it is a log of live use, and
its readers have no business with a past that nobody lived.
"""

import json
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from app.demo.content.answers import ResolutionText
from app.demo.history.cast import Person
from app.demo.history.dossier import Dossier, Passed
from app.demo.history.rows import EventRecord, NoteRecord
from app.demo.history.sheets import Sheets
from app.models.enums import (
    Action,
    EventSource,
    Outcome,
    RevisitState,
    Role,
    Satisfaction,
    Solved,
    Stage,
    Status,
    SuperviseLevel,
    Urgency,
)
from app.services.tickets import looks, workflow
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.guards import LEVELS
from app.services.tickets.sweep_clocks import CARDS
from app.services.tickets.telling import REPORTER
from app.services.tickets.thresholds import Level
from app.services.tickets.transitions import HALVED
from app.services.tickets.workflow import STAGE_OF, TERMINAL, Transition

_AT_ONCE = timedelta(microseconds=1)
_UNTOLD = timedelta(seconds=30)  # Until the sweep comes round.


class Standing:
    """The ticket after the steps told so far; each step comes later than the one before."""

    def __init__(
        self, rng: Random, deadlines: Deadlines, sheets: Sheets, source: EventSource, reported_at: datetime
    ) -> None:
        self._sheets, self._calendar = sheets, deadlines.calendar()
        self.dossier = Dossier(rng, deadlines, sheets, reported_at)
        self.id = self.dossier.ticket_id
        self.source, self.urgency = source, Urgency.NORMAL
        self.status, self.stage = Status.REPORTED, Stage.REPORT
        self.version = 0
        self.reporter: Person
        self.updated_by: UUID | None = None
        self.reported_at = self.at = reported_at
        self.occurred_at: datetime | None = None
        self.lead_org_id: UUID | None = None
        self.handler: Person | None = None
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.revisit_state = RevisitState.NEEDED
        self.exempt_policy: str | None = None
        self.rectify_mode: str | None = None
        self.resolution: ResolutionText | None = None
        self.satisfaction: Satisfaction | None = None
        self.solved: Solved | None = None
        self.supervise_level = SuperviseLevel.NONE
        self.handling_level = 1
        self.merged: tuple[UUID, Status] | None = None
        self.resume_on: date | None = None
        self.archived_at: datetime | None = None
        self.next_at: datetime | None = None
        self.extension_count = self.decline_count = self.rework_count = self.dispatch_count = 0

    @property
    def round(self) -> int:
        """Which round of handling this is."""
        return self.rework_count + 1

    def wait(self, until: datetime) -> None:
        """Time passes: clocks turn yellow and red, the system urges and gives cards."""
        for passed in self.dossier.pass_levels(until, self.handling_level):
            self._press(passed)

    def end(self, now: datetime) -> None:
        """Nothing more is told: what time has done until now, the archive, and what is still open."""
        self.wait(now)
        ended = self.status in TERMINAL - {Status.MERGED}
        if ended and self.next_at is not None and self.next_at + _UNTOLD < now:
            self.archived_at = self.next_at + _UNTOLD
            self._take(Action.ARCHIVE, None, self.archived_at, {})
        self.dossier.leave()

    def standing(self) -> dict[str, Any]:
        """The columns of the ticket that its story has made what they are."""
        master_id, merged_from = self.merged or (None, None)
        same = (
            *("source", "urgency", "stage", "status", "lead_org_id", "occurred_at", "reported_at"),
            *("resolved_at", "closed_at", "revisit_state", "exempt_policy", "satisfaction", "solved"),
            *("rectify_mode", "supervise_level", "handling_level", "resume_on", "archived_at", "next_at"),
            *("extension_count", "decline_count", "rework_count", "dispatch_count", "version", "updated_by"),
        )
        return {
            **{name: getattr(self, name) for name in same},
            "handler_id": self.handler.id if self.handler else None,
            "due_at": self.dossier.due_at,
            "resolution_type": self.resolution.resolution_type if self.resolution else None,
            "pending": self.dossier.request.kind if self.dossier.request else None,
            "merged_into_id": master_id,
            "merged_from": merged_from,
            "updated_at": self.at,
        }

    def _press(self, passed: Passed) -> None:
        """What the system does at a level of a clock."""
        at = max(passed.at, self.at + _AT_ONCE)
        codes = {"clock": passed.clock.kind.value, "due_at": passed.clock.due_at.isoformat()}
        if passed.level is Level.RED:
            self._take(Action.URGE, None, at, codes)
        card = CARDS.get(passed.level)
        if card is None:
            return
        level: SuperviseLevel = card.value("level")
        if LEVELS.index(level) > LEVELS.index(self.supervise_level):
            self.supervise_level = level
            self.dossier.press(at, level, self.lead_org_id)
            self._take(Action.SUPERVISE, None, at, {**codes, "level": level})

    def _take(
        self,
        action: Action,
        who: Person | None,
        at: datetime,
        codes: dict[str, Any],
        opinion: str | None = None,
        outcome: Outcome | None = None,
        **more: Any,
    ) -> UUID:
        """Take a step of the table; nobody takes the system's. The id of its event."""
        source = self.status if self.version else None
        row, role = _row(source, action, outcome, who.role if who else Role.SYSTEM)
        to = row.to or self.status
        device_at = more.pop("device_at", None)
        more["halved"] = action in HALVED
        turned = self.dossier.turn(action, row.clocks, at, self.urgency, self.round, self.lead_org_id, **more)
        if source is not None:
            move = looks.Move(action, source, to, at, self.resume_on, self.next_at)
            self.next_at = looks.next_at(move, self._calendar)
        if to in TERMINAL and to is not source:
            self.closed_at = at
        self.status, self.stage, self.at = to, STAGE_OF[to] or self.stage, at
        self.version, self.updated_by = self.version + 1, who.id if who else None
        event_id = self.dossier.new_id(at)
        told = (
            action,
            source,
            to,
            at,
            device_at,
            self.updated_by,
            role,
            json.dumps({**codes, "clocks": turned}),
        )
        self._sheets.events.append(EventRecord(event_id, self.id, self.version, *told))
        if opinion:
            self._sheets.notes.append(NoteRecord(event_id, opinion))
        return event_id


@cache
def _row(
    source: Status | None, action: Action, outcome: Outcome | None, actor: Role
) -> tuple[Transition, str]:
    """The row that a step takes, and the role that the timeline names; LookupError where none admits it."""
    for row in workflow.rows_for(source, action):
        if row.outcome in {None, outcome} and (not row.roles or actor in row.roles):
            return row, actor if row.roles else REPORTER
    raise LookupError(f"{actor} cannot {action} a ticket that is {source}")
