"""Several people act on one ticket in any order, and at every step the ticket is in order.

What they are offered works, the rest is refused, and the ticket's rows agree with its timeline.
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
from app.core.errors import Conflict, Forbidden, NotFound
from app.models.enums import Action, EventSource, Urgency
from app.models.ticket import Ticket
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset
from app.services.platform.worktime import Calendar
from app.services.tickets import actions, commands, reads, report, transitions, view, workflow
from app.services.tickets.report import NewTicket
from app.services.tickets.workflow import TERMINAL
from tests.support import ledger
from tests.support.cast import actors_of
from tests.support.settings import SECRET
from tests.support.world import World

REPORTER = "grid_worker"
CAST = (
    REPORTER, "grid_leader", "village_admin", "dispatcher", "dispatcher_2", "dept_handler", "dept_handler_2",
    "dept_head", "dept_handler_fire", "dept_head_fire", "committee_handler", "revisit_agent", "supervisor",
    "leader_viewer", "grid_worker_b", "dispatcher_c", "api_client",
)  # fmt: skip
ORGS = ("urban", "fire", "committee_a", "sanitation")
MONDAY = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
# A walk that turns round or ends as soon as it can teaches little.
WEIGHTS = {"return_for_info": 2, "submit": 4, "reroute": 2, "reject": 1, "withdraw": 1, "void": 1}
WEIGHT = 9
Offer = tuple[str, dict[str, Any]]

# A walk may be led as far as this before it is left to itself, so that the late states get their share.
LED = ("accept", "dispatch", "sign", "resolve", "revisit", "evaluate")
STEPS = 12


class Walk:
    """One ticket, the people round it, and a clock that moves when we say so."""

    def __init__(self, sessions: Sessions, world: World, cast: dict[str, Actor]) -> None:
        self.sessions, self.world, self.cast = sessions, world, cast
        self.now = MONDAY
        self.id = UUID(int=0)

    async def begin(self, source: EventSource, urgency: Urgency) -> None:
        """The grid worker reports."""
        new = NewTicket(
            title="路面破损",
            content="儒林路口路面破损，影响通行。",
            category_code="0601",
            source=source,
            urgency=urgency,
            area_id=self.world.places["grid_a1"].id,
            address="儒林路口",
        )
        async with transaction(self.sessions) as session:
            made, _new = await report.report(
                session,
                actor=self.cast[REPORTER],
                new=new,
                calendar=Calendar(),
                vault=Vault(SECRET),
                prefix="WG",
            )
        self.id = made.id

    async def offers(self, session: AsyncSession) -> list[Offer]:
        """Everything that anybody who sees the ticket is offered."""
        ticket = await view.load(session, self.id)
        sight = [
            scope.visible(actor, Dataset.TICKETS, reads.COLUMNS).label(who)
            for who, actor in self.cast.items()
        ]
        sees = (await session.execute(select(*sight).where(Ticket.id == self.id))).mappings().one()
        return [
            (who, entry)
            for who, actor in self.cast.items()
            if sees[who]
            for entry in actions.allowed(actor, ticket)
        ]

    async def act(self, who: str, body: dict[str, Any]) -> None:
        """Take the step, in a transaction of its own as a request does."""
        async with transaction(self.sessions) as session:
            await transitions.act(
                session,
                actor=self.cast[who],
                ticket_id=self.id,
                command=commands.ADAPTER.validate_python(body),
                expected_version=None,
                calendar=Calendar(),
            )

    async def audit(self) -> tuple[dict[str, Any], list[Offer]]:
        """Check the books; returns the ticket's row and what is offered now."""
        async with self.sessions() as session:
            return await ledger.audit(session, self.id), await self.offers(session)

    def body(self, action: str, dice: Random, lead: UUID | None) -> dict[str, Any]:
        """The action with its needs filled by the dice, the optional ones sometimes."""
        body: dict[str, Any] = {"action": action}
        for need in workflow.needs_of(Action(action)):
            if need.required or dice.random() < 0.5:
                body[need.field] = dice.choice(self._values(need, lead))
        if action == "revisit":
            answers = {"solved": dice.choice(["solved", "unsolved"]), "satisfaction": "basically"}
            body = {key: value for key, value in body.items() if key not in answers}
            body |= answers if body["reached"] else {}
        return body

    def _values(self, need: workflow.Need, lead: UUID | None) -> list[Any]:
        orgs = [self.world.orgs[key].id for key in ORGS if self.world.orgs[key].id != lead]
        plain: dict[str, list[Any]] = {
            "text": ["情况属实。"],
            "org": orgs,
            "category": ["0602", "0501"],
            "flag": [True, False],
        }
        return plain.get(need.kind) or list(commands.TYPES[need.kind].__members__.values())


@pytest.fixture
async def cast(sessions: Sessions, world: World) -> dict[str, Actor]:
    """Everybody who may come across the ticket."""
    async with sessions() as session:
        return await actors_of(session, world, CAST)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(min_value=0),
    led=st.integers(min_value=0, max_value=len(LED)),
    source=st.sampled_from([EventSource.GRID_PATROL, EventSource.PHONE, EventSource.IOT]),
    urgency=st.sampled_from(Urgency),
)
async def test_any_walk_keeps_the_books_and_every_offer_holds(
    sessions: Sessions,
    world: World,
    cast: dict[str, Actor],
    seed: int,
    led: int,
    source: EventSource,
    urgency: Urgency,
) -> None:
    walk, dice = Walk(sessions, world, cast), Random(seed)  # noqa: S311 - a walk, not a secret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: walk.now)
        await walk.begin(source, urgency)
        row, offers = await walk.audit()
        for wanted in (*LED[:led], *[None] * STEPS):
            walk.now += timedelta(minutes=dice.randrange(40 * 60))
            await refuses_what_it_does_not_offer(walk, row, offers, dice)
            if not offers:
                break
            who, entry = pick(offers, wanted, dice)
            before = row["version"]
            await walk.act(who, walk.body(entry["action"], dice, row["lead_org_id"]))
            row, offers = await walk.audit()
            assert row["version"] == before + 1
            assert row["status"] in entry["to"]
        assert bool(offers) == (row["status"] not in TERMINAL)


def pick(offers: list[Offer], wanted: str | None, dice: Random) -> Offer:
    """One of the offers: first what is done, as wanted or by its weight, then who does it."""
    doers: dict[str, list[Offer]] = {}
    for offer in offers:
        doers.setdefault(offer[1]["action"], []).append(offer)
    weights = [WEIGHTS.get(action, WEIGHT) for action in doers]
    (drawn,) = dice.choices(list(doers), weights)
    return dice.choice(doers[wanted if wanted in doers else drawn])


async def refuses_what_it_does_not_offer(
    walk: Walk, before: dict[str, Any], offers: list[Offer], dice: Random
) -> None:
    """Three steps that nobody offered are refused, and change nothing."""
    offered = {(who, entry["action"]) for who, entry in offers}
    others = [pair for pair in product(CAST, commands.ACTIONS) if pair not in offered]
    for who, action in dice.sample(others, 3):
        with pytest.raises((Conflict, Forbidden, NotFound)):
            await walk.act(who, walk.body(action, dice, before["lead_org_id"]))
    async with walk.sessions() as session:
        assert await ledger.audit(session, walk.id) == before
