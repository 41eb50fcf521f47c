"""Taking a ticket's timeline through the service's own rules again, to see whether it could have happened.

Each event becomes the command that would cause it; the workflow, the guards, the effects and the clocks of
the tickets wing decide what follows, and what they say must be what the rows say. Nothing is written.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

from asyncpg import Connection

from app.core import clock
from app.core.writes import Write
from app.models.enums import (
    Action,
    AreaLevel,
    ClockKind,
    Outcome,
    RevisitState,
    Role,
    SlaUnit,
    Stage,
    Status,
    SuperviseLevel,
    Urgency,
)
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor, Dataset, Grant, ScopeKind
from app.services.tickets import (
    actions,
    clock_rows,
    clocks,
    effects,
    sweep_acts,
    sweep_clocks,
    telling,
    thresholds,
    transitions,
    workflow,
)
from app.services.tickets.commands import MODELS, Command
from app.services.tickets.deadlines import Deadlines, Subject
from app.services.tickets.effects import Effect, Step
from app.services.tickets.effects.handling import IMMEDIATE
from app.services.tickets.guards import LEVELS, Case
from app.services.tickets.system import SYSTEM
from app.services.tickets.thresholds import Level
from app.services.tickets.transitions import ByRule
from app.services.tickets.view import TicketView

CHILDREN = (
    "ticket_clock",
    "ticket_assignment",
    "ticket_request",
    "ticket_supervision",
    "ticket_suspension",
    "ticket_outcome",
    "revisit",
    "evaluation",
)
_ACTORS = """
SELECT post.member_id AS id, post.role, area.id AS area_id, area.level, post.org_id
FROM post LEFT JOIN org ON org.id = post.org_id
LEFT JOIN area ON area.id = coalesce(post.area_id, org.area_id)
UNION ALL
SELECT client_id, 'api_client', area_id, level, NULL FROM api_token JOIN area ON area.id = area_id
"""
_SELF_HANDLED = "SELECT code, revisit_percent FROM category WHERE self_handled"
_SHOWN = """
SELECT event_id, attachment_id AS id, purpose, member_id, kind
FROM ticket_attachment JOIN attachment ON attachment.id = attachment_id
"""
_EVENTS = """
SELECT ticket_event.*, ticket_note.opinion
FROM ticket_event LEFT JOIN ticket_note ON ticket_note.event_id = ticket_event.id
ORDER BY ticket_id, seq
"""
Row = dict[str, Any]


@dataclass
class Archive:
    """All tickets of a database with what hangs on them, and who can act."""

    tickets: list[Row]
    events: Mapping[UUID, list[Row]]
    children: Mapping[str, Mapping[UUID, list[Row]]]
    actors: Mapping[UUID, Actor]
    paths: Mapping[UUID, list[UUID]]
    org_areas: Mapping[UUID, UUID]
    rules: Mapping[str, Row]
    self_handled: Mapping[str, int]
    shown: Mapping[UUID, list[Row]]


async def read(connection: Connection) -> Archive:
    """Read everything once."""
    children = {table: await connection.fetch(f"SELECT * FROM {table}") for table in CHILDREN}  # noqa: S608
    return Archive(
        tickets=[dict(row) for row in await connection.fetch("SELECT * FROM ticket ORDER BY no")],
        events=_grouped(await connection.fetch(_EVENTS)),
        children={table: _grouped(rows) for table, rows in children.items()},
        actors={row["id"]: _actor(dict(row)) for row in await connection.fetch(_ACTORS)},
        paths={row["id"]: row["path"] for row in await connection.fetch("SELECT id, path FROM area")},
        org_areas={
            row["id"]: row["area_id"] for row in await connection.fetch("SELECT id, area_id FROM org")
        },
        self_handled=dict(map(tuple, await connection.fetch(_SELF_HANDLED))),
        shown=_grouped(await connection.fetch(_SHOWN), "event_id"),
        rules={str(row["id"]): dict(row) for row in await connection.fetch("SELECT * FROM routing_rule")},
    )


class Replay:
    """One ticket from its report on."""

    def __init__(self, archive: Archive, ticket: Row, deadlines: Deadlines, now: datetime) -> None:
        self._archive, self._ticket, self._deadlines, self._now = archive, ticket, deadlines, now
        self._events = archive.events[ticket["id"]]
        self.row = _as_reported(ticket, self._events, archive.paths[ticket["area_id"]])
        self.children: dict[str, list[Row]] = {table: [] for table in CHILDREN}
        self._owed: list[tuple[Action, str | None, str, str]] = []

    def check(self) -> None:
        """Every step was allowed, by whom it was taken, and left what the rows say now."""
        self._check_report()
        for event in self._events[1:]:
            self._pass_levels(event["at"])
            self._step(event)
        self._pass_levels(self._now)
        assert not self._owed, "the system urges, or gives a card, at every level that calls for it"
        assert {key: value for key, value in self.row.items() if key in self._ticket} == self._ticket
        for table, rows in self.children.items():
            stored = self._archive.children[table].get(self._ticket["id"], [])
            assert _sorted(rows) == _sorted(stored), table

    def _check_report(self) -> None:
        event = self._events[0]
        reporter = self._archive.actors[event["actor_id"]]
        assert event["actor_id"] in {self._ticket["reporter_id"], self._ticket["client_id"]}
        assert event["actor_role"] in workflow.rows_for(None, Action.REPORT)[0].roles & reporter.roles
        assert _sees(reporter, self.row["area_path"])
        action = Action.SAVE_DRAFT if self._draft else Action.REPORT
        assert (event["seq"], event["action"], event["at"]) == (1, action, self._ticket["reported_at"])
        effect = workflow.rows_for(None, action)[0].clocks
        terms = clocks.Terms(self._deadlines, Subject(None, Urgency(self.row["urgency"])))
        made = clocks.change(effect, open_clocks=(), terms=terms, now=event["at"])
        self._apply_clocks(made, event["at"])
        self.row["due_at"] = made.due_at
        told = {
            "source": self._ticket["source"],
            "clocks": made.as_data(event["at"], Action(event["action"])),
        }
        assert json.loads(event["data"]) == _plain(told)

    @property
    def _draft(self) -> bool:
        return bool(self._events[0]["action"] == Action.SAVE_DRAFT)

    def _step(self, event: Row) -> None:
        view, actor = self._view(), self._actor_of(event)
        command = self._command(event, view)
        chosen = actions.choose(Case(actor, view, command, event["at"], self._deadlines))
        step = Step(actor, view, command, chosen, event["at"])
        effect = transitions._completed(step, effects.of(step))
        made = transitions._turned(step, effect, self._deadlines)
        told = {
            **self._of_the_system(event, actor),
            **effect.codes,
            "clocks": made.as_data(event["at"], Action(event["action"])),
        }
        assert json.loads(event["data"]) == _plain(told)
        assert (event["from_status"], event["to_status"]) == (view.status, chosen.to)
        assert (event["seq"], event["actor_role"]) == (
            view.row["version"] + 1,
            telling._acting_role(step),
        )
        assert event["at"] > view.row["updated_at"]
        self._check_named(command, event["at"])
        self._apply(step, effect, made)
        if command.action is Action.ESCALATE and actor is SYSTEM:
            self._mark(self._running(ClockKind.HANDLE), Level.BEYOND, None)

    def _actor_of(self, event: Row) -> Actor:
        return SYSTEM if event["actor_id"] is None else self._archive.actors[event["actor_id"]]

    def _of_the_system(self, event: Row, actor: Actor) -> Row:
        """The rule by which the system dispatched, or the clock because of which it pressed somebody.

        Each level of a clock calls for it once.
        """
        data = json.loads(event["data"])
        if "rule_id" in data:
            rule = self._archive.rules[data["rule_id"]]
            assert actor is SYSTEM
            assert (rule["category_code"], str(rule["org_id"])) == (self.row["category_code"], data["org_id"])
            assert rule["area_id"] in self.row["area_path"]
            return {}
        if actor is not SYSTEM or "clock" not in data:
            return {}
        self._owed.remove((Action(event["action"]), data.get("level"), data["clock"], data["due_at"]))
        return {name: data[name] for name in ("clock", "due_at")}

    def _pass_levels(self, until: datetime) -> None:
        """What the sweep marks until then, each clock up to where the system acts on the one ticket."""
        for row in self._open_clocks():
            if row["paused_at"] is not None or row["next_at"] is None or row["next_at"] > until:
                continue
            kind, level = ClockKind(row["kind"]), self.row["handling_level"]
            limits = thresholds.Limits(kind, SlaUnit(row["unit"]), row["amount"], row["due_at"], level)
            calendar = self._deadlines.calendar(row["org_id"])
            passed, waits = thresholds.passed(
                limits, row["level"], row["next_at"], now=until, calendar=calendar
            )
            for step in passed:
                if (kind, step.level) in sweep_clocks.ALONE:
                    waits = step
                    break
                self._mark(row, step.level, None)
                self._owe(step.level, kind.value, row["due_at"].isoformat())
            row["next_at"] = waits.at if waits else None

    def _owe(self, level: Level, kind: str, due_at: str) -> None:
        if level is Level.RED:
            self._owed.append((Action.URGE, None, kind, due_at))
        card = sweep_clocks.CARDS.get(level)
        if card is not None:
            given = card.value("level")
            owed = [SuperviseLevel(owed[1]) for owed in self._owed if owed[1]]
            highest = max(LEVELS.index(one) for one in (*owed, SuperviseLevel(self.row["supervise_level"])))
            if LEVELS.index(given) > highest:
                self._owed.append((Action.SUPERVISE, given.value, kind, due_at))

    def _mark(self, row: Row, level: Level, next_at: datetime | None) -> None:
        row["level"], row["next_at"] = int(level), next_at

    def _running(self, kind: ClockKind) -> Row:
        return next(row for row in self._open_clocks() if row["kind"] == kind)

    def _command(self, event: Row, view: TicketView) -> Command:
        """What somebody sent to cause this event."""
        data, ticket_id, action = json.loads(event["data"]), view.id, Action(event["action"])
        if "rule_id" in data:
            return ByRule(member_id=None, org_id=data["org_id"], rule_id=data["rule_id"])
        if event["actor_id"] is None and action not in {Action.URGE, Action.SUPERVISE}:
            return sweep_acts.Overdue() if action is Action.ESCALATE else Command(action=action)
        told = {**data, **data.get("changed", {}), "opinion": event["opinion"]}
        told["reached"] = data.get("outcome") == Outcome.REACHED
        told |= {name: int(told[name]) for name in ("amount",) if name in told}  # A timeline keeps texts.
        for table, column in (("ticket_request", "asked_at"), ("ticket_outcome", "at")):
            rows = self._archive.children[table].get(ticket_id, [])
            told |= next(({**row, **told} for row in rows if row[column] == event["at"]), {})
        if action is Action.SELF_RESOLVE:
            shown = self._archive.shown[event["id"]]
            assert {(row["member_id"], row["kind"]) for row in shown} == {(event["actor_id"], "photo")}
            told["attachments"] = [{"id": row["id"], "purpose": row["purpose"]} for row in shown]
        fields = {n.field: told[n.field] for n in workflow.needs_of(action) if told.get(n.field) is not None}
        with patch.object(clock, "now", lambda: event["at"]):
            return MODELS[action](action=action, **fields)

    def _check_named(self, command: Command, at: datetime) -> None:
        for name in ("org_id", "proposed_org_id"):
            org_id = command.value(name)
            assert org_id is None or self._archive.org_areas[org_id] in self.row["area_path"]
        master_id = command.value("master_id")
        if master_id is not None:
            (master,) = (ticket for ticket in self._archive.tickets if ticket["id"] == master_id)
            assert master["status"] not in {Status.DRAFT, Status.MERGED}
            assert master["reported_at"] < at
            assert master["closed_at"] is None or at < master["closed_at"]

    def _view(self) -> TicketView:
        assigned = self.children["ticket_assignment"]
        waiting = [_plain(row) for row in self.children["ticket_request"] if row["state"] == "pending"]
        cards = [_plain(row) for row in self.children["ticket_supervision"] if row["lifted_at"] is None]
        percent = self._archive.self_handled.get(self.row["category_code"])
        mended = {self.row["handler_id"]} if self.row["rectify_mode"] == IMMEDIATE else set()
        joined = {
            "supervision": cards[-1] if cards else None,
            "followers": (),
            "handler_client_id": None,
            "self_handled": percent is not None,
            "revisit_percent": percent,
        }
        return TicketView(
            row={**self.row, **joined},
            clocks=[{**_plain(clock), "given": False} for clock in self.children["ticket_clock"]],
            revisits=[_plain(row) for row in self.children["revisit"]],
            evaluations=[_plain(row) for row in self.children["evaluation"]],
            helpers=(),
            request=waiting[0] if waiting else None,
            handlers=frozenset(row["handler_id"] for row in assigned if row.get("handler_id")) | mended,
        )

    def _open_clocks(self) -> list[Row]:
        return [clock for clock in self.children["ticket_clock"] if clock["stopped_at"] is None]

    def _apply(self, step: Step, effect: Effect, made: clocks.Change) -> None:
        """Do to the copy what the service's statements would do to the database."""
        self._write(effect.updates, effect.inserts)
        self.row.update(transitions._move(step, effect, made, self._deadlines).row)
        self._apply_clocks(made, step.now)

    def _apply_clocks(self, made: clocks.Change, at: datetime) -> None:
        ticket_id = self._ticket["id"]
        self._write(clock_rows.updates(ticket_id, made, now=at), clock_rows.inserts(ticket_id, made))

    def _write(self, updates: Iterable[Write], inserts: Iterable[Write]) -> None:
        for write in updates:
            for row in self.children[write.table.name]:
                if _meets(row, write.where or {}):
                    row.update(write.row)
        for write in inserts:
            self.children[write.table.name].append(_new(write))


def _as_reported(ticket: Row, events: list[Row], path: list[UUID]) -> Row:
    """The ticket's row just after the report."""
    accepted = [json.loads(event["data"]) for event in events if event["action"] == Action.ACCEPT]
    urgency = next((data["before"]["urgency"] for data in accepted if "before" in data), ticket["urgency"])
    draft = events[0]["action"] == Action.SAVE_DRAFT
    nothing = ("lead_org_id", "handler_id", "resolved_at", "closed_at", "exempt_policy", "rectify_mode")
    waits = ("pending", "merged_into_id", "merged_from", "resume_on", "archived_at", "next_at")
    unknown = ("satisfaction", "solved", "resolution_type")
    counts = ("decline_count", "rework_count", "dispatch_count", "extension_count", "appeal_count")
    return {
        **ticket,
        **dict.fromkeys((*nothing, *waits, *unknown)),
        **dict.fromkeys((*counts, "reopen_count"), 0),
        "urgency": urgency,
        "status": (Status.DRAFT if draft else Status.REPORTED).value,
        "stage": Stage.REPORT.value,
        "revisit_state": RevisitState.NEEDED.value,
        "supervise_level": SuperviseLevel.NONE.value,
        "handling_level": 1,
        "version": 1,
        "updated_at": ticket["reported_at"],
        "updated_by": ticket["created_by"],
        "area_path": path,
    }


def _actor(row: Mapping[str, Any]) -> Actor:
    role = Role(row["role"])
    spec = ROLES[role]
    datasets = frozenset({Dataset.TICKETS}) if role is Role.API_CLIENT else spec.datasets
    level = AreaLevel(row["level"]) if row["level"] else None
    grant = Grant(role, spec.kind, datasets, row["area_id"], level, row["org_id"])
    ids = {"client_id" if role is Role.API_CLIENT else "member_id": row["id"]}
    return Actor(id=row["id"], grants=(grant,), **ids)


def _sees(actor: Actor, path: list[UUID]) -> bool:
    return any(
        grant.kind is ScopeKind.AREA and grant.area_id in path for grant in actor.grants_of(Dataset.TICKETS)
    )


def _meets(row: Row, conditions: Mapping[str, Any]) -> bool:
    return all(
        row[name] in value if isinstance(value, list) else row[name] == value
        for name, value in conditions.items()
    )


def _new(write: Write) -> Row:
    """The row that an insert makes."""
    return {**dict.fromkeys(write.table.c.keys()), **write.row}


def _grouped(rows: Iterable[Any], column: str = "ticket_id") -> Mapping[UUID, list[Row]]:
    found: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(dict(row))
    return found


def _sorted(rows: Iterable[Row]) -> list[Row]:
    """Without ids and transactions of their own and without what is empty, in a stable order."""
    own = {"id", "txid"}
    plain = [
        {name: value for name, value in row.items() if name not in own and value is not None} for row in rows
    ]
    return sorted(plain, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def _plain(row: Mapping[str, Any]) -> Row:
    """As it comes back from JSON."""
    plain: Row = json.loads(json.dumps(dict(row), default=_text))
    return plain


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
