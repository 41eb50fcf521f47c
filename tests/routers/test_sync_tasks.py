"""What is whose task on the phone: said with each record, counted offline, the same as the badges."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.models.enums import Role
from app.models.registry import CareObject, Household
from app.models.ticket import Ticket
from tests.support import households, visits
from tests.support.clients import Api
from tests.support.phones import Store
from tests.support.staff import give_post
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits


async def badges(api: Api, who: str) -> dict[str, int]:
    """What the to-do counts for somebody."""
    found = (await api.as_(who).get("/v1/todo")).json()["tasks"]
    return {task: badge["count"] for task, badge in found.items() if badge["count"]}


async def agree(api: Api, *phones: Store) -> None:
    """Each phone holds what a new one would, and counts what the badges show."""
    for phone in phones:
        anew = Store(api, phone.who)
        await phone.sync()
        await anew.sync()
        assert phone.kept == anew.kept, phone.who
        assert phone.tasks() == await badges(api, phone.who), phone.who


async def cared_for(api: Api, world: World, **changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A household of grid A1 with somebody in it whom its worker looks after."""
    worker = api.as_("grid_worker")
    sent = households.body(world.places["grid_a1"], residents=[households.person()], **changed)
    home = (await worker.post("/v1/households", json=sent)).json()
    care = {"resident_id": home["people"][0]["resident_id"], "category": "disabled", "care_level": "red"}
    care["responsible_id"] = str(world["grid_worker"].member_id)
    reply = await worker.post("/v1/care-objects", json=care)
    assert reply.status_code == 201, reply.text
    return home, reply.json()


async def test_whom_somebody_looks_after_is_on_their_phone_and_on_nobody_elses(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    mine, leader = Store(api, "grid_worker", sessions), Store(api, "grid_leader", sessions)
    await agree(api, mine, leader)
    _home, care = await cared_for(api, world)
    await agree(api, mine, leader)
    assert mine.kept["care"][care["id"]]["resident"]["name"] == care["resident"]["name"]
    assert leader.kept["care"] == {}
    await session.execute(update(CareObject).values(next_visit_due=clock.today()))
    await session.commit()
    given = {"responsible_id": str(world["grid_leader"].member_id)}
    patched = await api.as_("grid_worker").patch(f"/v1/care-objects/{care['id']}", json=given)
    assert patched.status_code == 200, patched.text
    await agree(api, mine, leader)
    assert mine.gone == [("care", care["id"])]
    assert leader.tasks()["care_due"] == 1


async def test_a_visit_and_a_death_reach_the_phone_of_whoever_looks_after_them(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    home, care = await cared_for(api, world)
    phone = Store(api, "grid_worker", sessions)
    await agree(api, phone)
    before = phone.kept["care"][care["id"]]["next_visit_due"]
    row = await session.get_one(Household, UUID(home["id"]))
    await visits.recorded(api, "grid_leader", visits.body(world, row))
    await agree(api, phone)
    assert phone.kept["care"][care["id"]]["last_visit_on"] == clock.today().isoformat()
    assert phone.kept["care"][care["id"]]["next_visit_due"] > before
    died = await api.as_("grid_worker").post(
        f"/v1/residents/{care['resident']['id']}/death", json={"on": clock.today().isoformat()}
    )
    assert died.status_code == 200, died.text
    await agree(api, phone)
    assert ("care", care["id"]) in phone.gone


async def test_what_is_offered_to_ones_area_is_on_the_phone_until_it_is_decided(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    await give_post(
        session, world, "village_admin_b", Role.VILLAGE_ADMIN, area_id=world.places["village_c"].id
    )
    await session.commit()
    home, _care = await cared_for(api, world)
    giver, taker = Store(api, "grid_worker", sessions), Store(api, "village_admin_b", sessions)
    await agree(api, giver, taker)
    offer = {"household_id": home["id"], "to_code": world.places["village_c"].code}
    for decision in ("withdraw", "refuse"):
        made = await api.as_("grid_worker").post("/v1/transfers", json=offer)
        assert made.status_code == 201, made.text
        await agree(api, giver, taker)
        assert set(taker.kept["transfers"]) == {made.json()["id"]}
        assert taker.tasks()["transfers_in"] == 1
        assert giver.kept["transfers"] == {}
        who, body = (
            ("grid_worker", {}) if decision == "withdraw" else ("village_admin_b", {"refusal": "not_here"})
        )
        done = await api.as_(who).post(f"/v1/transfers/{made.json()['id']}/{decision}", json=body)
        assert done.status_code == 200, done.text
        await agree(api, giver, taker)
        assert taker.gone[-1] == ("transfers", made.json()["id"])
        assert giver.gone == []


async def test_what_comes_due_while_there_is_no_network_counts_without_another_pull(
    api: Api, session: AsyncSession, sessions: Sessions, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(api, world)
    await loop.to("dispatched")
    await cared_for(api, world)
    office, worker = Store(api, "dept_handler", sessions), Store(api, "grid_worker", sessions)
    await agree(api, office, worker)
    assert "overdue" not in office.tasks()
    assert worker.tasks() == {}
    now = clock.now() + timedelta(days=40)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert office.tasks() == {"to_sign": 1, "overdue": 1}
    assert worker.tasks() == {"visits_due": 1, "care_due": 1}
    monkeypatch.undo()
    for table in (Household, CareObject):
        await session.execute(update(table).values(next_visit_due=clock.today()))
    await session.execute(update(Ticket).values(due_at=clock.now() - timedelta(minutes=1)))
    await session.execute(text("DELETE FROM outbox"))
    await session.commit()
    assert await badges(api, "dept_handler") == {"to_sign": 1, "overdue": 1}
    assert await badges(api, "grid_worker") == {"visits_due": 1, "care_due": 1}


async def test_what_another_post_still_shows_is_told_anew_when_one_post_ends(
    api: Api, session: AsyncSession, sessions: Sessions, world: World
) -> None:
    await give_post(session, world, "grid_leader", Role.DISPATCHER, area_id=world.places["town"].id)
    await session.commit()
    here, elsewhere = Loop(api, world), Loop(api, world)
    await here.report()
    await elsewhere.report("grid_worker_b", area_id=str(world.places["grid_b1"].id))
    phone = Store(api, "grid_leader", sessions)
    await agree(api, phone)
    assert phone.tasks()["to_accept"] == 2
    post = await session.scalar(
        text("SELECT id FROM post WHERE member_id = :me AND role = 'dispatcher'"),
        {"me": world["grid_leader"].member_id},
    )
    ended = await api.as_("system_admin").post(f"/v1/posts/{post}/end", json={})
    assert ended.status_code == 200, ended.text
    pages = await phone.sync(limit=1)
    assert not any(page["first"] for page in pages)
    assert ("tickets", elsewhere.id) in phone.gone
    assert "accept" not in phone.kept["tickets"][here.id]["actions"]
    await agree(api, phone)
