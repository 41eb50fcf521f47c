"""Several people act on tickets in any order, and at every step the tickets are in order.

What they are offered works or is refused for what the body says, the rest is refused, and the tickets'
rows agree with their timelines.
"""

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.ids import uuid7
from app.models.enums import Action, EventSource, Status, Urgency
from app.models.ticket import Ticket
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.tickets import actions, commands, reads, report, transitions, view, workflow
from app.services.tickets.policies import MACHINE_SOURCES
from app.services.tickets.problems import GuardRefused
from app.services.tickets.report import NewTicket
from tests.support import ledger
from tests.support.cast import actors_of
from tests.support.settings import SECRET
from tests.support.terms import DEADLINES
from tests.support.world import World

REPORTER = "grid_worker"
CAST = (
    REPORTER, "grid_leader", "village_admin", "dispatcher", "dispatcher_2", "dept_handler", "dept_handler_2",
    "dept_head", "dept_handler_fire", "dept_head_fire", "committee_handler", "revisit_agent", "supervisor",
    "leader_viewer", "grid_worker_b", "dispatcher_c", "api_client",
)  # fmt: skip
ORGS = ("urban", "fire", "committee_a")
MEMBERS = ("dept_handler", "dept_handler_2", "dept_handler_fire", "committee_handler")
MONDAY = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
# A walk that only talks, or ends as soon as it can, teaches little.
WEIGHTS = {
    **dict.fromkeys(("reject", "withdraw", "void", "approve_withdraw"), 1),
    **dict.fromkeys(("comment", "urge", "instruct", "progress", "change", "return_for_info"), 3),
}
WEIGHT = 9
WHOLE = ("accept", "dispatch", "sign", "resolve", "revisit", "evaluate", "close")
BEGUN = WHOLE[:3]
# A walk may be led as far as one of these goes before it is left to itself.
PATHS = (
    (),
    WHOLE,
    (*WHOLE, "reopen", "resolve"),
    (*WHOLE, "request_review", "approve_review"),
    (*WHOLE[:5], "rework", "resolve", "revisit", "rework", "resolve"),
    ("self_resolve",),
    ("reject", "appeal"),
    ("return_for_info", "merge", "unmerge"),
    (*WHOLE[:2], "decline", "approve_decline"),
    (*BEGUN, "transfer_down", "merge", "unmerge"),
    (*BEGUN, "request_joint", "supervise", "finish_joint", "reply_supervision", "lift_supervision"),
    (*BEGUN, "escalate", "decide", "escalate"),
    (*BEGUN, "request_extension", "approve_extension", "request_extension"),
    (*BEGUN, "request_suspend", "approve_suspend", "merge", "unmerge"),
)
STEPS = 12
# Whose needs leave open what the ticket then refuses: the guard looks at the body.
ASKS_THE_BODY = {"supervise", "change", "decide", "self_resolve"}
Offer = tuple[str, dict[str, Any]]


class Walk:
    """Two tickets, the people round them, and a clock that moves when we say so."""

    def __init__(self, sessions: Sessions, world: World, cast: dict[str, Actor], dice: Random) -> None:
        self.sessions, self.world, self.cast, self.dice = sessions, world, cast, dice
        self.now = MONDAY
        self.ids: list[UUID] = []

    async def begin(self, source: EventSource, urgency: Urgency, *, draft: bool) -> None:
        """The grid worker reports, perhaps only for themselves; what a machine saw comes from a system."""
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
                actor=self.cast["api_client" if source in MACHINE_SOURCES else REPORTER],
                new=new,
                deadlines=DEADLINES,
                vault=Vault(SECRET),
                prefix="WG",
            )
        self.ids.append(made.id)

    async def offers(self, session: AsyncSession, ticket_id: UUID) -> list[Offer]:
        """Everything that anybody who sees the ticket is offered."""
        ticket = await view.load(session, ticket_id)
        sight = [
            scope.visible(actor, Dataset.TICKETS, reads.COLUMNS).label(who)
            for who, actor in self.cast.items()
        ]
        sees = (await session.execute(select(*sight).where(Ticket.id == ticket_id))).mappings().one()
        return [
            (who, entry)
            for who, actor in self.cast.items()
            if sees[who] and (who == REPORTER or ticket.status is not Status.DRAFT)
            for entry in actions.allowed(actor, ticket, self.now, DEADLINES)
        ]

    async def act(self, ticket_id: UUID, who: str, body: dict[str, Any]) -> None:
        """Take the step, in a transaction of its own as a request does."""
        async with transaction(self.sessions) as session:
            await transitions.act(
                session,
                actor=self.cast[who],
                ticket_id=ticket_id,
                command=commands.ADAPTER.validate_python(body),
                expected_version=None,
                deadlines=DEADLINES,
            )

    async def try_(self, ticket_id: UUID, who: str, body: dict[str, Any]) -> Invalid | GuardRefused | None:
        """Take the step; returns the refusal where the body or the ticket does not allow it."""
        try:
            await self.act(ticket_id, who, body)
        except (Invalid, GuardRefused) as refusal:
            return refusal
        return None

    async def audit(self, ticket_id: UUID) -> tuple[dict[str, Any], list[Offer]]:
        """Check the books; returns the ticket's row and what is offered now."""
        async with self.sessions() as session:
            return await ledger.audit(session, ticket_id), await self.offers(session, ticket_id)

    def body(self, action: str) -> dict[str, Any]:
        """The action with its needs filled by the dice, the optional ones sometimes."""
        body: dict[str, Any] = {"action": action}
        for need in workflow.needs_of(Action(action)):
            if need.required or self.dice.random() < 0.5:
                body[need.field] = self.dice.choice(self._values(need))
        if action == "revisit":
            answers = {"solved": self.dice.choice(["solved", "unsolved"]), "satisfaction": "basically"}
            body = {key: value for key, value in body.items() if key not in answers}
            body |= answers if body["reached"] else {}
        return body

    def _values(self, need: workflow.Need) -> list[Any]:
        photos = [{"id": uuid7(), "purpose": purpose} for purpose in ("before", "after")]
        today = clock.today()
        values: dict[str, list[Any]] = {
            "text": ["情况属实。"],
            "org": [self.world.orgs[key].id for key in ORGS],
            "orgs": [[self.world.orgs[key].id] for key in ORGS],
            "member": [self.world[key].member_id for key in MEMBERS],
            "category": ["0602", "0501"],
            "area": [self.world.places[key].id for key in ("grid_a1", "grid_a2")],
            "ticket": self.ids,
            "flag": [True, False],
            "amount": [1, 3, 600],
            "day": [today + timedelta(days=days) for days in (1, 20)],
            "attachments": [photos, photos, photos[:1]],
            "supervise_level": ["normal", "yellow", "red"],
        }
        return values.get(need.kind) or list(commands.TYPES[need.kind].__members__.values())


@pytest.fixture
async def cast(sessions: Sessions, world: World) -> dict[str, Actor]:
    """Everybody who may come across the tickets."""
    async with sessions() as session:
        return await actors_of(session, world, CAST)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(min_value=0),
    path=st.sampled_from(PATHS),
    draft=st.booleans(),
    source=st.sampled_from([EventSource.GRID_PATROL, EventSource.PHONE, EventSource.IOT]),
    urgency=st.sampled_from(Urgency),
)
async def test_any_walk_keeps_the_books_and_every_offer_holds(
    sessions: Sessions,
    world: World,
    cast: dict[str, Actor],
    seed: int,
    path: tuple[str, ...],
    draft: bool,
    source: EventSource,
    urgency: Urgency,
) -> None:
    walk = Walk(sessions, world, cast, Random(seed))  # noqa: S311 - a walk, not a secret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: walk.now)
        await walk.begin(source, urgency, draft=draft)
        await walk.begin(EventSource.PHONE, urgency, draft=False)
        for wanted in (*path, *[None] * STEPS):
            walk.now += timedelta(minutes=walk.dice.randrange(walk.dice.choice([90, 90, 40 * 60])))
            first = wanted is not None or walk.dice.random() < 0.8
            await one_step(walk, walk.ids[0] if first else walk.ids[1], wanted)
        for ticket_id in walk.ids:
            await walk.audit(ticket_id)


async def one_step(walk: Walk, ticket_id: UUID, wanted: str | None) -> None:
    """Somebody takes a step that they are offered, and before that three try what they are not."""
    row, offers = await walk.audit(ticket_id)
    await refuses_what_it_does_not_offer(walk, row, offers)
    assert offers, "a ticket always has somebody who may do something"
    who, entry = pick(offers, wanted, walk.dice)
    refusal = await walk.try_(ticket_id, who, walk.body(entry["action"]))
    after, _offers = await walk.audit(ticket_id)
    if refusal is not None:
        assert refused_for_its_body(refusal, entry), (entry["action"], refusal.detail_zh)
        assert after == row
    else:
        assert after["version"] == row["version"] + 1
        assert after["status"] in entry["to"]


def refused_for_its_body(refusal: Invalid | GuardRefused, entry: dict[str, Any]) -> bool:
    """Whether what was filled in is to blame: a field that the refusal names, or what a guard looks at."""
    if isinstance(refusal, GuardRefused):
        return entry["action"] in ASKS_THE_BODY
    fields = {f"body.{need['field']}" for need in entry["needs"]}
    return bool(refusal.errors) and {error.where for error in refusal.errors} <= fields


def pick(offers: list[Offer], wanted: str | None, dice: Random) -> Offer:
    """One of the offers: first what is done, as wanted or by its weight, then who does it."""
    doers: dict[str, list[Offer]] = {}
    for offer in offers:
        doers.setdefault(offer[1]["action"], []).append(offer)
    weights = [WEIGHTS.get(action, WEIGHT) for action in doers]
    (drawn,) = dice.choices(list(doers), weights)
    return dice.choice(doers[wanted if wanted in doers else drawn])


async def refuses_what_it_does_not_offer(walk: Walk, before: dict[str, Any], offers: list[Offer]) -> None:
    """Three steps that nobody offered are refused, and change nothing."""
    offered = {(who, entry["action"]) for who, entry in offers}
    others = [pair for pair in product(CAST, commands.ACTIONS) if pair not in offered]
    for who, action in walk.dice.sample(others, 3):
        with pytest.raises((Conflict, Forbidden, NotFound)):
            await walk.act(before["id"], who, walk.body(action))
    async with walk.sessions() as session:
        assert await ledger.audit(session, before["id"]) == before
