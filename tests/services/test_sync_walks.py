"""Tickets go their way, led by the dice and the clock, while phones pull: phones and server agree.

A phone holds what a new one would, and counts on its own the tasks that the badges show.
"""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.db import Sessions
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.models.enums import EventSource, Urgency
from app.services.mobile import pull, todo
from app.services.mobile.cursors import CursorStale
from tests.support.clients import Api
from tests.support.phones import KINDS, Store
from tests.support.waiting import until_all_have_ended
from tests.support.walking import Town, Walk, town_of
from tests.support.world import World

pytestmark = pytest.mark.commits
OWNERS = (
    *("grid_worker", "grid_leader", "village_admin", "dispatcher", "dept_handler", "dept_handler_2"),
    *("dept_head", "dept_handler_fire", "committee_handler", "revisit_agent", "supervisor", "leader_viewer"),
)
PEOPLE = (*OWNERS, "dispatcher_2", "dept_head_fire", "api_client")
WHOLE = ("accept", "dispatch", "sign", "resolve", "revisit", "evaluate", "close")
BEGUN = WHOLE[:3]
PATHS = (
    WHOLE,
    (*WHOLE, "reopen", "resolve"),
    (*WHOLE[:5], "rework", "resolve"),
    ("return_for_info", "merge", "unmerge"),
    (*WHOLE[:2], "decline", "approve_decline", "dispatch"),
    (*BEGUN, "transfer_down", "escalate", "decide"),
    (*BEGUN, "request_joint", "supervise", "finish_joint", "reply_supervision"),
    (*BEGUN, "request_extension", "approve_extension", "change", "request_extension"),
    (*BEGUN, "request_suspend", "approve_suspend", "change", "resume"),
    (*BEGUN, "progress", "reroute", "merge"),
)
# Minutes: an hour, a night, a week.
PACES = (90, 90, 90, 40 * 60, 7 * 24 * 60)
# Steps that end by the clock alone; a phone keeps them until the ticket comes again.
TIMED = {"decline", "request_extension", "reopen"}


class Pocket(Store):
    """A phone that pulls from the service, because the walk's clock is not the tokens'."""

    def __init__(self, api: Api, town: Town, who: str) -> None:
        super().__init__(api, who)
        self._town, self._actor = town, town.cast[who]

    async def catch_up(self, limit: int) -> None:
        """Pull to the last page."""
        more = True
        while more:
            async with self._town.sessions() as session:
                try:
                    page = await pull.pull(
                        session,
                        actor=self._actor,
                        deadlines=self._town.deadlines,
                        cursor=self.cursor,
                        limit=limit,
                    )
                except CursorStale:
                    self.memory.begin_anew()
                    continue
            self.take(page.model_dump(mode="json", exclude_unset=True))
            more = page.more

    async def badges(self) -> dict[str, int]:
        """What the server counts."""
        async with self._town.sessions() as session:
            told = await todo.counts(session, actor=self._actor)
        return {task.value: badge.count for task, badge in told.tasks.items() if badge.count}

    def lasting(self) -> dict[str, Any]:
        """What it keeps, without what the clock alone ends."""
        kept = {kind: dict(self.kept[kind]) for kind in KINDS}
        kept["tickets"] = {
            one: ticket | {"actions": [name for name in ticket["actions"] if name not in TIMED]}
            for one, ticket in kept["tickets"].items()
        }
        return kept


@pytest.fixture
async def town(sessions: Sessions, world: World) -> Town:
    """Everybody who may come across the tickets."""
    return await town_of(sessions, world, PEOPLE)


@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(min_value=0), path=st.sampled_from(PATHS), urgency=st.sampled_from(Urgency))
async def test_phones_hold_what_the_server_has_and_count_what_the_badges_show(
    api: Api, town: Town, seed: int, path: tuple[str, ...], urgency: Urgency
) -> None:
    walk = Walk(town, Random(seed))  # noqa: S311 - a walk, not a secret
    phones = [Pocket(api, town, who) for who in OWNERS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", walk.tick)
        await walk.photograph(["grid_worker"])
        await walk.begin(EventSource.GRID_PATROL, urgency, draft=walk.dice.random() < 0.2)
        await walk.begin(EventSource.PHONE, urgency, draft=False)
        for wanted in (*path, *[None] * 4):
            await something_happens(walk, wanted)
            for phone in walk.dice.sample(phones, 3):
                await phone.catch_up(limit=walk.dice.choice((1, 3, 100)))
        await until_all_have_ended(town.sessions)
        for phone in phones:
            await phone.catch_up(limit=100)
            await agrees(phone, Pocket(api, town, phone.who))


async def agrees(phone: Pocket, anew: Pocket) -> None:
    """The phone holds what a new one would, and its counts are the badges'."""
    await anew.catch_up(limit=100)
    assert phone.lasting() == anew.lasting(), phone.who
    assert phone.tasks() == await phone.badges(), phone.who


async def something_happens(walk: Walk, wanted: str | None) -> None:
    """Time passes, the sweep comes by at times, and somebody takes a step that they are offered."""
    walk.now += timedelta(minutes=1 + walk.dice.randrange(walk.dice.choice(PACES)))
    if walk.dice.random() < 0.3:
        await walk.sweep()
    ticket_id = walk.dice.choice(walk.ids) if wanted is None else walk.ids[0]
    await walk.look(ticket_id)
    offers = walk.offers[ticket_id]
    if not offers:
        return
    wished = [offer for offer in offers if offer[1]["action"] == wanted]
    who, entry = walk.dice.choice(wished or offers)
    body = walk.sensible(who, entry["action"], walk.rows[ticket_id])
    try:
        if body is not None:
            await walk.act(ticket_id, who, body)
    except (Conflict, Forbidden, Invalid, NotFound):
        return
    await walk.audit(ticket_id)
