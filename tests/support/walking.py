"""People who take steps on two tickets as the dice fall, with a clock that moves when the walk says so.

Knows what a sensible body of each action is, given the ticket, and what a careless one may look like.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.models.attachment import Attachment
from app.models.enums import Action, EventSource, SuperviseLevel, Urgency
from app.models.ticket import Ticket
from app.services.platform.actor import Actor
from app.services.tickets import (
    actions,
    commands,
    deadlines,
    reads,
    report,
    sweep,
    transitions,
    view,
    workflow,
)
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.policies import MACHINE_SOURCES
from app.services.tickets.report import NewTicket
from tests.support import ledger
from tests.support.cast import actors_of
from tests.support.settings import SECRET
from tests.support.sweeping import TICK
from tests.support.world import World

PEOPLE = (
    "grid_worker", "grid_leader", "village_admin", "dispatcher", "dispatcher_2", "dept_handler",
    "dept_handler_2", "dept_head", "dept_handler_fire", "dept_head_fire", "committee_handler",
    "revisit_agent", "supervisor", "leader_viewer", "grid_worker_b", "dispatcher_c", "api_client",
)  # fmt: skip
# Who may be given a ticket: organisations of the town, and somebody of each.
STAFF = {"urban": "dept_handler", "fire": "dept_handler_fire", "committee_a": "committee_handler"}
MONDAY = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
LEVELS = [level.value for level in SuperviseLevel]
OPINION = "情况属实。"
Offer = tuple[str, dict[str, Any]]
Row = Mapping[str, Any]


class Town:
    """Where walks take place: the database, the people as actors, limits and calendars."""

    def __init__(
        self, sessions: Sessions, world: World, cast: Mapping[str, Actor], deadlines: Deadlines
    ) -> None:
        self.sessions, self.world, self.cast, self.deadlines = sessions, world, cast, deadlines


async def town_of(sessions: Sessions, world: World, people: Sequence[str]) -> Town:
    """The town with these people in it."""
    async with sessions() as session:
        cast = await actors_of(session, world, people)
        return Town(sessions, world, cast, await deadlines.load(session))


class Walk:
    """Two tickets, the people round them, and the time."""

    def __init__(self, town: Town, dice: Random) -> None:
        self.sessions, self.world, self.cast, self.deadlines = (
            town.sessions,
            town.world,
            town.cast,
            town.deadlines,
        )
        self.dice = dice
        self.now = MONDAY
        self.ids: list[UUID] = []
        self.rows: dict[UUID, Row] = {}
        self.offers: dict[UUID, list[Offer]] = {}
        self.seers: dict[UUID, set[str]] = {}
        self._photos: dict[str, list[dict[str, Any]]] = {}

    def tick(self) -> datetime:
        """What the clock shows; a little later each time, so that steps have an order."""
        self.now += TICK
        return self.now

    async def begin(self, source: EventSource, urgency: Urgency, *, draft: bool) -> None:
        """The grid worker reports, perhaps only for themselves; what a machine saw comes from a system."""
        reporter = "api_client" if source in MACHINE_SOURCES else "grid_worker"
        new = NewTicket(
            title="路面垃圾",
            content="儒林路口路面堆放垃圾，影响通行。",
            category_code="0501",
            source=source,
            urgency=urgency,
            area_id=self.world.places["grid_a1"].id,
            address="儒林路口",
            draft=draft,
        )
        async with transaction(self.sessions) as session:
            made, _new = await report.report(
                session,
                actor=self.cast[reporter],
                new=new,
                deadlines=self.deadlines,
                vault=Vault(SECRET),
                prefix="WG",
            )
        self.ids.append(made.id)
        await self.audit(made.id)

    async def photograph(self, people: Sequence[str]) -> None:
        """Each of them has taken a photo before and one after."""
        for who in people:
            self._photos[who] = [{"id": uuid7(), "purpose": purpose} for purpose in ("before", "after")]
        rows = [
            {"id": photo["id"], "member_id": self.cast[who].member_id, "sha256": photo["id"].bytes * 2,
             "object_key": str(photo["id"]), "mime": "image/jpeg", "kind": "photo", "size": 9,
             "created_at": self.now}
            for who in people
            for photo in self._photos[who]
        ]  # fmt: skip
        async with transaction(self.sessions) as session:
            await session.execute(insert(Attachment), rows)

    async def audit(self, ticket_id: UUID) -> None:
        """Check the books; remember the ticket's row."""
        async with self.sessions() as session:
            self.rows[ticket_id] = await ledger.audit(session, ticket_id)

    async def look(self, ticket_id: UUID) -> None:
        """Remember who sees the ticket, and what anybody is offered now."""
        async with self.sessions() as session:
            ticket = await view.load(session, ticket_id)
            sight = [reads.visible(actor).label(who) for who, actor in self.cast.items()]
            sees = (await session.execute(select(*sight).where(Ticket.id == ticket_id))).mappings().one()
        self.seers[ticket_id] = {who for who in self.cast if sees[who]}
        self.offers[ticket_id] = [
            (who, entry)
            for who in sorted(self.seers[ticket_id])
            for entry in actions.allowed(self.cast[who], ticket, self.now, self.deadlines)
        ]

    async def act(self, ticket_id: UUID, who: str, body: Mapping[str, Any]) -> None:
        """Take the step, in a transaction of its own as a request does."""
        async with transaction(self.sessions) as session:
            await transitions.act(
                session,
                actor=self.cast[who],
                ticket_id=ticket_id,
                command=commands.ADAPTER.validate_python(body),
                expected_version=None,
                deadlines=self.deadlines,
            )

    async def sweep(self) -> None:
        """The system does what is due by now."""
        assert (await sweep.run(self.sessions)).broken == 0
        for ticket_id in self.ids:
            await self.audit(ticket_id)

    def careless(self, who: str, action: str) -> dict[str, Any]:
        """The action with its needs filled by the dice alone, the optional ones sometimes."""
        body: dict[str, Any] = {"action": action}
        for need in workflow.needs_of(Action(action)):
            if need.required or self.dice.random() < 0.5:
                body[need.field] = self.dice.choice(self._values(need, who))
        return self._answered(body) if action == "revisit" else body

    def sensible(self, who: str, action: str, ticket: Row) -> dict[str, Any] | None:
        """The action as somebody would take it who knows the ticket; None where nothing is left to name."""
        body = self.careless(who, action)
        fitting = getattr(self, f"_{action}", None)
        body |= fitting(ticket) if fitting else {}
        if action != "self_resolve":
            body.pop("attachments", None)
        if action == "merge" and body["master_id"] is None:
            return None
        return {field: value for field, value in body.items() if value is not None}

    def _answered(self, body: dict[str, Any]) -> dict[str, Any]:
        answers = {"solved": self.dice.choice(["solved", "unsolved"]), "satisfaction": "basically"}
        asked = {key: value for key, value in body.items() if key not in answers}
        return asked | (answers if asked["reached"] else {})

    def _elsewhere(self, ticket: Row) -> str:
        """An organisation that does not have it now."""
        return self.dice.choice([key for key in STAFF if self.world.orgs[key].id != ticket["lead_org_id"]])

    def _dispatch(self, ticket: Row) -> dict[str, Any]:
        org = self._elsewhere(ticket)
        person = self.world[STAFF[org]].member_id if self.dice.random() < 0.3 else None
        return {"org_id": self.world.orgs[org].id, "member_id": person}

    def _transfer_down(self, ticket: Row) -> dict[str, Any]:
        (org,) = [key for key in STAFF if self.world.orgs[key].id == ticket["lead_org_id"]]
        to_person = {"org_id": None, "member_id": self.world[STAFF[org]].member_id}
        return self.dice.choice([to_person, self._dispatch(ticket)])

    def _reroute(self, ticket: Row) -> dict[str, Any]:
        return {"org_id": self.world.orgs[self._elsewhere(ticket)].id}

    def _approve_decline(self, ticket: Row) -> dict[str, Any]:
        return self.dice.choice([{"org_id": None}, self._reroute(ticket)])

    def _merge(self, ticket: Row) -> dict[str, Any]:
        (other,) = [row for row in self.rows.values() if row["id"] != ticket["id"]]
        open_ = other["closed_at"] is None and other["status"] != "draft"
        return {"master_id": other["id"] if open_ else None}

    def _decide(self, ticket: Row) -> dict[str, Any]:
        wanted = ["take_over", "route_anew", *(["send_back", "suspend"] if ticket["handler_id"] else [])]
        decision = self.dice.choice(wanted)
        given = self._reroute(ticket) if decision == "take_over" else {"org_id": None}
        return {"decision": decision, "resume_on": self._some_day(), **given}

    def _supervise(self, ticket: Row) -> dict[str, Any]:
        return {"level": self.dice.choice(LEVELS[LEVELS.index(ticket["supervise_level"]) + 1 :])}

    def _change(self, ticket: Row) -> dict[str, Any]:
        areas = [self.world.places[key].id for key in ("grid_a1", "grid_a2")]
        new = {
            "category_code": "0602" if ticket["category_code"] == "0501" else "0501",
            "urgency": self.dice.choice([word for word in Urgency if word != ticket["urgency"]]),
            "area_id": next(area for area in areas if area != ticket["area_id"]),
        }
        name = self.dice.choice(list(new))
        return {**dict.fromkeys(new), name: new[name]}

    def _rework(self, ticket: Row) -> dict[str, Any]:
        stays = ticket["lead_org_id"] is not None and self.dice.random() < 0.5
        return {"org_id": None} if stays else self._reroute(ticket)

    def _reopen(self, ticket: Row) -> dict[str, Any]:
        handled = ticket["handler_id"] is not None and ticket["lead_org_id"] is not None
        return {"to_handler": handled and self.dice.random() < 0.5}

    def _self_resolve(self, _ticket: Row) -> dict[str, Any]:
        return {"attachments": self._photos["grid_worker"]}

    def _request_extension(self, _ticket: Row) -> dict[str, Any]:
        return {"amount": 1}

    def _some_day(self) -> Any:
        return clock.today() + timedelta(days=self.dice.choice((1, 20, 60)))

    def _values(self, need: workflow.Need, who: str) -> list[Any]:
        photos = self._photos.get(who) or [{"id": uuid7(), "purpose": "before"}]
        values: dict[str, list[Any]] = {
            "text": [OPINION],
            "org": [self.world.orgs[key].id for key in STAFF],
            "orgs": [[self.world.orgs[key].id] for key in STAFF],
            "member": [self.world[key].member_id for key in STAFF.values()],
            "category": ["0602", "0501"],
            "area": [self.world.places[key].id for key in ("grid_a1", "grid_a2")],
            "ticket": self.ids,
            "flag": [True, False],
            "amount": [1, 3, 600],
            "day": [self._some_day()],
            "attachments": [photos, photos[:1]],
            "supervise_level": LEVELS[1:],
        }
        return values.get(need.kind) or list(commands.TYPES[need.kind].__members__.values())
