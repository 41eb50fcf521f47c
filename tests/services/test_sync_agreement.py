"""Phones and office work at random over a wire that loses, doubles and delays, until all agree.

Nothing lost: what somebody did is there, or they were told why not. Nothing twice. Nothing foreign: a phone
holds what its owner sees and nothing else.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from tests.support import households
from tests.support.clients import Api
from tests.support.phones import Store, side_by_side
from tests.support.swarm import FATES, OWNERS, Phone, Swarm
from tests.support.world import World

HAPPENINGS = (
    *("report", "act", "act", "act", "act", "visit", "revise", "duty"),
    *("push", "push", "push", "push", "pull", "pull", "pull", "late", "office", "office", "office"),
)
# To shrink a hundred steps would take as many minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
STEP = st.tuples(
    st.sampled_from(HAPPENINGS),
    st.integers(0, len(OWNERS) - 1),
    st.integers(0, 1000),
    st.sampled_from(FATES),
)
# Who sees which tickets, said anew: those of their grid or that they reported, or of their department.
SEEN = {
    "grid_worker": "grid_id = :place OR reporter_id = :me",
    "grid_leader": "grid_id = :place OR reporter_id = :me",
    "grid_worker_a2": "grid_id = :place OR reporter_id = :me",
    "dept_handler": "reporter_id = :me OR lead_org_id = :place",
}
MADE = {
    "ticket.report": "SELECT count(*) FROM ticket WHERE id = CAST(:id AS uuid)",
    "visit.record": "SELECT count(*) FROM visit WHERE id = CAST(:id AS uuid)",
    "ticket.action": "SELECT count(*) FROM ticket_event WHERE ticket_id = CAST(:id AS uuid)"
    " AND action = :action AND actor_id = :me AND (CAST(:opinion AS text) IS NULL"
    " OR EXISTS (SELECT FROM ticket_note WHERE event_id = ticket_event.id AND opinion = :opinion))",
}
CORRECTED = text("SELECT count(*) FROM audit_log WHERE action = 'visit.change'")
_numbers = count(1)
ORDER = text("""
    SELECT opinion FROM ticket_event JOIN ticket_note ON event_id = ticket_event.id
     WHERE actor_id = :me AND action = 'comment' AND ticket_id = CAST(:id AS uuid) ORDER BY seq""")


@pytest.mark.commits
@settings(max_examples=10, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=60, max_size=100))
async def test_phones_and_office_agree_whatever_the_network_does(
    app: FastAPI, api: Api, session: AsyncSession, sessions: Sessions, world: World, steps: Sequence[Any]
) -> None:
    side_by_side(app)
    homes = [
        await households.add(session, world, world.places[grid], next(_numbers))
        for grid in ("grid_a1", "grid_a1", "grid_a2")
    ]
    await session.commit()
    corrected = await session.scalar(CORRECTED)
    swarm = Swarm(api, sessions, world, homes)
    await swarm.begin()
    for step in steps:
        await swarm.step(*step)
    await swarm.settle()
    assert await session.scalar(CORRECTED) - corrected == corrections(swarm)
    for phone in swarm.phones:
        await agrees(phone, Store(api, phone.who))
        await counts_what_the_badges_show(api, phone)
        await holds_nothing_foreign(phone, session, world)
        await lost_nothing_and_did_nothing_twice(phone, session, world)


def corrections(swarm: Swarm) -> int:
    """How many corrections of visits the phones were told to be there."""
    return sum(
        phone.told[op_id] == "applied"
        for phone in swarm.phones
        for op_id, entry in phone.sent.items()
        if entry["kind"] == "visit.change"
    )


async def agrees(phone: Phone, anew: Store) -> None:
    """The phone holds what a new one would."""
    await anew.sync()
    assert phone.store.kept == anew.kept


async def counts_what_the_badges_show(api: Api, phone: Phone) -> None:
    """Its own counts by task are those of the to-do."""
    badges = (await api.as_(phone.who).get("/v1/todo")).json()["tasks"]
    assert phone.store.tasks() == {task: badge["count"] for task, badge in badges.items() if badge["count"]}


async def holds_nothing_foreign(phone: Phone, session: AsyncSession, world: World) -> None:
    """Its tickets are those that its owner sees."""
    person = world[phone.who]
    place = person.area or person.org
    assert place is not None
    rows = await session.scalars(
        text(f"SELECT id FROM ticket WHERE {SEEN[phone.who]}"),  # noqa: S608 - the test's own
        {"place": place.id, "me": person.member_id},
    )
    assert set(phone.store.kept["tickets"]) == {str(row) for row in rows}


async def lost_nothing_and_did_nothing_twice(phone: Phone, session: AsyncSession, world: World) -> None:
    """Every operation was answered; what was applied is there once, what was not is not there."""
    assert phone.told.keys() == phone.sent.keys()
    me = world[phone.who].member_id
    for op_id, entry in phone.sent.items():
        statement = MADE.get(entry["kind"])
        body = entry["body"]
        if statement is None or body.get("action") not in {None, "comment"}:
            continue
        names = {"id": entry["id"], "me": me, "action": body.get("action"), "opinion": body.get("opinion")}
        found = await session.scalar(
            text(statement), {name: names[name] for name in names if f":{name}" in statement}
        )
        assert found == (phone.told[op_id] == "applied"), entry
    for ticket_id in {entry["id"] for entry in phone.sent.values() if entry["body"].get("opinion")}:
        mine = [
            entry["body"]["opinion"]
            for op_id, entry in phone.sent.items()
            if entry.get("id") == ticket_id
            and phone.told[op_id] == "applied"
            and entry["body"].get("action") == "comment"
        ]
        told = (await session.scalars(ORDER, {"me": me, "id": ticket_id})).all()
        assert [opinion for opinion in told if opinion in mine] == mine
