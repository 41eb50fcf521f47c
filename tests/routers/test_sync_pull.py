"""What a phone is told of the server: all at first, then what changed, and what to forget."""

import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.services.mobile import pull
from tests.support import households, visits
from tests.support.clients import Api
from tests.support.phones import KINDS, PULL, Store
from tests.support.problems import problem_in
from tests.support.reports import add_ticket
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.waiting import until_all_have_ended
from tests.support.world import World


async def fresh(api: Api, who: str) -> dict[str, dict[Any, dict[str, Any]]]:
    """What a new phone of somebody would hold now."""
    store = Store(api, who)
    await store.sync()
    return store.kept


async def test_a_first_sync_brings_all_that_the_caller_sees_and_nothing_else(
    api: Api, session: AsyncSession, world: World
) -> None:
    homes = [await households.add(session, world, world.places["grid_a1"], number) for number in range(7)]
    await households.add(session, world, world.places["grid_b1"], 8)
    await households.add(session, world, world.places["grid_a1"], 9, ended_on=clock.today())
    seen = {str(await add_ticket(session, world)) for _number in range(5)}
    await add_ticket(session, world, "grid_b1")
    visit = await visits.recorded(api, "grid_worker", visits.body(world, homes[0]))
    store = Store(api, "grid_worker")
    pages = await store.sync(limit=4)
    assert all(page["first"] for page in pages)
    assert [page["more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert all(sum(len(page.get(kind, {}).get("items", ())) for kind in KINDS) <= 4 for page in pages)
    assert set(store.kept["tickets"]) == seen
    assert set(store.kept["households"]) == {str(home.id) for home in homes}
    assert set(store.kept["visits"]) == {visit["id"]}
    assert store.kept["households"][str(homes[0].id)]["head_name"] == "欧阳*修"
    places = {str(world.places[key].id) for key in ("province", "city", "county", "town", "village_a")}
    assert set(store.kept["areas"]) >= places | {str(world.places["micro_a1"].id)}
    assert str(world.places["grid_a2"].id) not in store.kept["areas"]
    assert store.memory.store("categories")["0501"]["label_zh"] == "暴露垃圾"
    assert {"status", "action", "visit_result"} <= set(store.memory.store("codes"))
    assert [post["role"] for post in store.posts] == ["grid_worker"]


async def test_a_ticket_says_what_is_open_to_the_caller(api: Api, world: World) -> None:
    loop = Loop(api, world)
    await loop.to("dispatched")
    mine = (await fresh(api, "grid_worker"))["tickets"][loop.id]
    theirs = (await fresh(api, "dept_handler"))["tickets"][loop.id]
    assert (mine["mine"], mine["tasks"]) == (True, [])
    assert (theirs["mine"], theirs["tasks"]) == (False, ["to_sign", "overdue"])
    assert {"sign", "decline"} <= set(theirs["actions"])


@pytest.mark.commits
async def test_changes_bring_what_changed_and_forget_what_left(
    api: Api, world: World, sessions: Sessions
) -> None:
    staying, leaving = Loop(api, world), Loop(api, world)
    await staying.report()
    await leaving.report("grid_leader")
    worker, neighbour, office = (
        Store(api, "grid_worker", sessions),
        Store(api, "grid_worker_a2", sessions),
        Store(api, "dept_handler", sessions),
    )
    for store in (worker, neighbour, office):
        await store.sync()
    assert {leaving.id, staying.id} <= set(worker.kept["tickets"])
    await leaving.act(
        "dispatcher", action="change", area_id=str(world.places["grid_a2"].id), opinion="地点有误"
    )
    await staying.to("dispatched")
    for store in (worker, neighbour, office):
        await store.sync()
    assert worker.gone == [("tickets", leaving.id)]
    assert worker.kept["tickets"][staying.id]["status"] == "dispatched"
    assert leaving.id in neighbour.kept["tickets"]
    assert staying.id not in neighbour.kept["tickets"]
    assert neighbour.gone == []
    assert set(office.kept["tickets"]) == {staying.id}
    await staying.act("dispatcher", action="reroute", org_id=str(world.orgs["fire"].id), opinion="属消防职责")
    await office.sync()
    assert office.gone == [("tickets", staying.id)]


@pytest.mark.commits
async def test_a_household_changes_moves_and_ends_on_the_phone(
    api: Api, world: World, sessions: Sessions
) -> None:
    store, other = Store(api, "grid_worker", sessions), Store(api, "grid_worker_a2", sessions)
    leader = api.as_("village_admin")
    sent = [
        households.body(
            world.places["grid_a1"],
            address=f"沙头水南街 {number} 号",
            residents=[households.person(id_number=households.identity_number(number))],
        )
        for number in (1, 2)
    ]
    made = [(await leader.post("/v1/households", json=body)).json()["id"] for body in sent]
    await store.sync()
    await other.sync()
    assert set(store.kept["households"]) == set(made)
    patched = await leader.patch(f"/v1/households/{made[0]}", json={"address": "沙头水南街 3 号"})
    assert patched.status_code == 200, patched.text
    moved = await leader.post(
        f"/v1/households/{made[1]}/move",
        json={"area_id": str(world.places["grid_a2"].id), "address": "水北街 9 号"},
    )
    assert moved.status_code == 200, moved.text
    await store.sync()
    await other.sync()
    assert store.kept["households"][made[0]]["address"] == "沙头水南街 3 号"
    assert store.gone == [("households", made[1])]
    assert set(other.kept["households"]) == {made[1]}
    assert store.kept["households"] == (await fresh(api, "grid_worker"))["households"]


@pytest.mark.commits
async def test_a_visit_reaches_the_phones_of_the_grid_with_the_households_next_date(
    api: Api, session: AsyncSession, world: World, sessions: Sessions
) -> None:
    home = await households.add(session, world, world.places["grid_a1"], 1)
    await session.commit()
    store = Store(api, "grid_leader", sessions)
    await store.sync()
    before = store.kept["households"][str(home.id)]
    visit = await visits.recorded(api, "grid_worker", visits.body(world, home))
    await store.sync()
    assert store.kept["visits"][visit["id"]]["content"] == visit["content"]
    after = store.kept["households"][str(home.id)]
    assert (before["last_visit_on"], after["last_visit_on"]) == (None, clock.today().isoformat())


@pytest.mark.commits
async def test_what_commits_late_is_not_skipped(api: Api, sessions: Sessions, world: World) -> None:
    store = Store(api, "grid_worker")
    slow = Loop(api, world)
    await slow.report()
    await store.sync()
    async with sessions() as late:
        await late.execute(text("UPDATE ticket SET title = '改过的标题' WHERE id = :id"), {"id": slow.id})
        await late.execute(
            text(
                "INSERT INTO outbox (topic, entity_id, data) "
                "VALUES ('ticket.comment', :id, jsonb_build_object('area_id', CAST(:area AS text)))"
            ),
            {"id": slow.id, "area": str(world.places["grid_a1"].id)},
        )
        quick = Loop(api, world)
        await quick.report()
        await store.sync()
        anew = Store(api, "grid_worker")
        await anew.sync()
        await late.commit()
    await until_all_have_ended(sessions)
    for phone in (store, anew):
        await phone.sync()
        assert phone.kept["tickets"][slow.id]["title"] == "改过的标题"
        assert quick.id in phone.kept["tickets"]


@pytest.mark.commits
async def test_a_phone_that_was_away_is_spared_pages_that_tell_it_nothing(
    api: Api, world: World, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(api, "grid_worker", sessions)
    await store.sync()
    away = {"area_id": str(world.places["grid_b1"].id)}
    for _number in range(5):
        await Loop(api, world).report("grid_worker_b", **away)
    mine = Loop(api, world)
    await mine.report()
    monkeypatch.setattr(pull, "WINDOW", 1)
    pages = await store.sync()
    assert mine.id in store.kept["tickets"]
    assert len(pages) < 5


@pytest.mark.commits
async def test_a_post_that_ended_takes_its_records_off_the_phone(
    api: Api, session: AsyncSession, world: World, sessions: Sessions
) -> None:
    home = await households.add(session, world, world.places["grid_a1"], 1)
    await session.commit()
    loop = Loop(api, world)
    await loop.report("grid_leader")
    store = Store(api, "grid_worker", sessions)
    await store.sync()
    assert store.kept["households"]
    ended = await api.as_("system_admin").post(f"/v1/posts/{world['grid_worker'].post_id}/end", json={})
    assert ended.status_code == 200, ended.text
    pages = await store.sync(limit=1)
    assert not any(page["first"] for page in pages)
    assert ("households", str(home.id)) in store.gone
    assert ("tickets", loop.id) in store.gone
    assert store.kept == {kind: {} for kind in KINDS}
    assert store.posts == []
    assert (await store.sync())[-1]["more"] is False


@pytest.mark.commits
async def test_a_new_post_makes_the_phone_begin_anew(api: Api, world: World, sessions: Sessions) -> None:
    store = Store(api, "grid_worker", sessions)
    await store.sync()
    given = await api.as_("system_admin").post(
        "/v1/posts",
        json={
            "member_id": str(world["grid_worker"].member_id),
            "role": "grid_worker",
            "area_id": str(world.places["grid_a2"].id),
        },
    )
    assert given.status_code == 201, given.text
    problem_in(await store.page(), 410, "sync_cursor_stale")
    pages = await store.sync()
    assert pages[0]["first"] is True
    assert str(world.places["grid_a2"].id) in store.kept["areas"]


@pytest.mark.commits
async def test_borders_that_move_make_the_phones_there_begin_anew_and_no_others(
    api: Api, world: World, sessions: Sessions
) -> None:
    here, there = Store(api, "grid_worker_a2", sessions), Store(api, "grid_worker_c", sessions)
    await here.sync()
    await there.sync()
    merged = await api.as_("system_admin").post(
        f"/v1/areas/{world.places['grid_a2'].id}/merge",
        json={"into_id": str(world.places["grid_a1"].id)},
    )
    assert merged.status_code in {200, 201}, merged.text
    problem_in(await here.page(), 410, "sync_cursor_stale")
    assert (await there.page()).status_code == 200


@pytest.mark.commits
async def test_a_changed_category_and_a_renamed_area_come_as_changes(
    api: Api, world: World, sessions: Sessions
) -> None:
    store = Store(api, "grid_worker", sessions)
    await store.sync()
    admin = api.as_("system_admin")
    assert (await admin.patch("/v1/categories/0501", json={"label_zh": "垃圾暴露"})).status_code == 200
    renamed = await admin.patch(f"/v1/areas/{world.places['grid_a1'].id}", json={"name": "儒林一网格"})
    assert renamed.status_code == 200, renamed.text
    (page,) = await store.sync()
    assert [category["code"] for category in page["categories"]] == ["0501"]
    assert store.kept["areas"][str(world.places["grid_a1"].id)]["name"] == "儒林一网格"
    (page,) = await store.sync()
    assert not set(page) & {"categories", "codes", *KINDS}


@pytest.mark.parametrize("cursor", ["x", "e30", "W10", "bnVsbA", "%00", "eyJtIjoiYyJ9"])
async def test_a_broken_cursor_is_a_problem(api: Api, cursor: str) -> None:
    reply = await api.as_("grid_worker").get(PULL, params={"cursor": cursor})
    problem_in(reply, 422, "invalid", "query.cursor")


async def test_a_cursor_of_a_month_ago_or_of_another_database_is_stale(api: Api) -> None:
    store = Store(api, "grid_worker")
    await store.sync()
    assert store.cursor is not None
    for changed in (
        {"w": int((clock.now() - timedelta(days=31)).timestamp() * 1000)},
        {"t": 2**60},
        {"s": "0" * 16},
    ):
        held = json.loads(_opened(store.cursor)) | changed
        reply = await api.as_("grid_worker").get(PULL, params={"cursor": _closed(json.dumps(held))})
        problem_in(reply, 410, "sync_cursor_stale")


async def test_an_unchanged_pull_is_two_statements_and_a_page_few(
    api: Api, session: AsyncSession, world: World, statements: Counter
) -> None:
    for number in range(3):
        await households.add(session, world, world.places["grid_a1"], number)
        await add_ticket(session, world)
    store = Store(api, "grid_worker")
    with statements(at_most=17):
        await store.page()
    await store.sync()
    with statements(at_most=2):
        assert (await store.page()).json()["more"] is False


@pytest.mark.commits
async def test_a_page_of_changes_costs_few_statements(
    api: Api, session: AsyncSession, sessions: Sessions, world: World, statements: Counter
) -> None:
    home = await households.add(session, world, world.places["grid_a1"], 1)
    await session.commit()
    store = Store(api, "grid_worker", sessions)
    await store.sync()
    await Loop(api, world).report()
    await visits.recorded(api, "grid_worker", visits.body(world, home))
    await until_all_have_ended(sessions)
    with statements(at_most=15):
        page = (await store.page()).json()
    assert {"tickets", "visits", "households"} <= set(page)


async def test_a_first_sync_travels_compressed(api: Api, session: AsyncSession, world: World) -> None:
    for _number in range(50):
        await add_ticket(session, world)
    async with api.as_("grid_worker").stream("GET", PULL, headers={"Accept-Encoding": "gzip"}) as reply:
        raw = b"".join([part async for part in reply.aiter_raw()])
    assert reply.headers["content-encoding"] == "gzip"
    assert len(gzip.decompress(raw)) > 4 * len(raw)


async def test_no_third_party_and_nobody_without_work_syncs(api: Api) -> None:
    problem_in(await api.as_("api_client").get(PULL), 403, "forbidden")
    page = (await api.as_("auditor").get(PULL)).json()
    assert all(not page[kind]["items"] for kind in KINDS)


def _opened(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def _closed(told: str) -> str:
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")
