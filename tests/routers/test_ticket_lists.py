"""Lists of tickets: what each filter keeps, how pages follow each other, and who sees what."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import Role
from app.models.staff import Post
from tests.support.clients import Api
from tests.support.tickets import Loop
from tests.support.world import World, claims_of, sign

Item = dict[str, Any]
HOUR = timedelta(hours=1)
# Where each ticket is reported, by whom, as what, and how far it has come.
TICKETS = (
    ("grid_a1", "grid_worker", "0501", "reported"),
    ("grid_a1", "grid_worker", "0502", "accepted"),
    ("grid_a1", "grid_worker", "0601", "dispatched"),
    ("grid_a1", "grid_worker", "0501", "processing"),
    ("micro_a1", "grid_worker", "0501", "resolved"),
    ("grid_a1", "grid_leader", "0301", "evaluating"),
    ("grid_a1", "grid_worker", "0501", "closed"),
    ("grid_a2", "grid_worker_a2", "0501", "dispatched"),
    ("grid_b1", "grid_worker_b", "0501", "processing"),
    ("grid_b1", "grid_worker_b", "0701", "reported"),
    ("village_a", "api_client", "0501", "reported"),
)


@pytest.fixture
async def town(api: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """The tickets of the town, the oldest first, an hour apart, the last two at the same instant."""
    for who in EVERYBODY:
        world.token(who)  # signed before the clock is turned back
    start = clock.now() - len(TICKETS) * HOUR
    for number, (place, who, category, status) in enumerate(TICKETS):
        moment = start + min(number, len(TICKETS) - 2) * HOUR
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda moment=moment: moment)
            await reported(api, world, place, who, category, status)
    return await everything(api, "dispatcher", sort="reported_at")


def in_village_a(item: Item, world: World) -> bool:
    """Whether the ticket lies in village A."""
    return item["area_id"] in ids(world, "village_a", "grid_a1", "grid_a2", "micro_a1")


def ids(world: World, *places: str) -> set[str]:
    """The ids of places."""
    return {str(world.places[place].id) for place in places}


Keeps = Callable[[Item, World], bool]
FILTERS: dict[str, tuple[dict[str, str], Keeps]] = {
    "status": ({"status": "dispatched"}, lambda item, _: item["status"] == "dispatched"),
    "stage": ({"stage": "route"}, lambda item, _: item["stage"] == "route"),
    "stage close": ({"stage": "close"}, lambda item, _: item["stage"] == "close"),
    "stage and status": (
        {"stage": "route", "status": "accepted"},
        lambda item, _: item["status"] == "accepted",
    ),
    "stage without the status": ({"stage": "report", "status": "accepted"}, lambda _item, _: False),
    "class": ({"category": "05"}, lambda item, _: item["category_code"] in {"0501", "0502"}),
    "leaf": ({"category": "0501"}, lambda item, _: item["category_code"] == "0501"),
    "village": ({"area_id": "village_a"}, in_village_a),
    "grid": (
        {"area_id": "grid_a1"},
        lambda item, world: item["area_id"] in ids(world, "grid_a1", "micro_a1"),
    ),
    "micro-grid": ({"area_id": "micro_a1"}, lambda item, world: item["area_id"] in ids(world, "micro_a1")),
    "town": ({"area_id": "town"}, lambda _item, _: True),
    "county above": ({"area_id": "county"}, lambda _item, _: True),
    "organisation": (
        {"org_id": "urban"},
        lambda item, world: item["lead_org_id"] == str(world.orgs["urban"].id),
    ),
    "organisation in a village": (
        {"org_id": "urban", "area_id": "village_b"},
        lambda item, world: item["lead_org_id"] is not None and not in_village_a(item, world),
    ),
    "organisation without tickets": ({"org_id": "fire"}, lambda _item, _: False),
    "mine": ({"mine": "true"}, lambda _item, _: False),
    "created from": ({"created_from": "4"}, lambda item, _: hours(item) >= 4),
    "created before": ({"created_before": "4"}, lambda item, _: hours(item) < 4),
    "created between": (
        {"created_from": "2", "created_before": "6", "category": "0501"},
        lambda item, _: 2 <= hours(item) < 6 and item["category_code"] == "0501",
    ),
}


async def test_each_filter_keeps_exactly_what_it_names(api: Api, world: World, town: list[Item]) -> None:
    first = moment_of(town[0])
    for number, item in enumerate(town):
        item["hours"] = round((moment_of(item) - first) / HOUR)
        assert item["hours"] == min(number, len(town) - 2)
    for name, (query, keeps) in FILTERS.items():
        found = await everything(api, "dispatcher", **spelled(query, world, first))
        kept = [item["id"] for item in town if keeps(item, world)]
        assert sorted(item["id"] for item in found) == sorted(kept), name


MINE: tuple[tuple[str, dict[str, str], int], ...] = (
    ("grid_worker", {}, 6),
    ("grid_worker", {"area_id": "micro_a1"}, 1),
    ("grid_worker", {"status": "processing"}, 1),
    ("dept_handler", {}, 5),
    ("dept_handler", {"area_id": "village_b"}, 1),
    ("dept_handler", {"status": "processing", "area_id": "village_a"}, 1),
    ("dept_handler", {"org_id": "urban", "stage": "close"}, 2),
    ("dept_handler_2", {}, 0),
    ("api_client", {}, 1),
    ("api_client", {"area_id": "grid_a1"}, 0),
    ("village_admin_b", {}, 0),
)


@pytest.mark.usefixtures("town")
async def test_mine_is_what_i_handle_or_reported_and_narrows_with_the_rest(api: Api, world: World) -> None:
    for who, query, count in MINE:
        found = await everything(api, who, mine="true", **spelled(query, world, clock.now()))
        assert len(found) == count, (who, query)
        mine = str(world[who].member_id) if who in world.people else None
        for item in found:
            detail = (await api.as_(who).get(f"/v1/tickets/{item['id']}")).json()
            assert mine in {detail["reporter_id"], detail["handler_id"]}


async def test_overdue_tickets_are_open_past_their_deadline_and_come_by_deadline(
    api: Api, world: World, town: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting = {"Authorization": f"Bearer {sign(claims_of(world['dispatcher'], minutes=60 * 24 * 25))}"}
    dues = sorted(datetime.fromisoformat(item["due_at"]) for item in town if item["due_at"])
    assert len(dues) == len(town) - 2, "all but the closed and the unevaluated one have a deadline"
    for moment in (dues[0], dues[3] + timedelta(seconds=1), dues[-1] + HOUR):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        late = [due for due in dues if due < moment]
        reply = await api.get("/v1/tickets", params={"overdue": "true"}, headers=lasting)
        found = reply.json()["items"]
        assert [datetime.fromisoformat(item["due_at"]) for item in found] == late
        assert all(item["closed_at"] is None for item in found)


async def test_a_list_is_in_the_order_that_was_asked_for(api: Api, town: list[Item]) -> None:
    for sort in ("-reported_at", "reported_at", "due_at"):
        found = await everything(api, "dispatcher", sort=sort)
        column = sort.removeprefix("-")
        keys = [(item[column], item["id"]) for item in found]
        assert keys == sorted(keys, reverse=sort.startswith("-"))
        assert len(keys) == sum(1 for item in town if item[column] is not None)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize("sort", ["-reported_at", "reported_at", "due_at"])
async def test_pages_over_ties_miss_nothing_and_repeat_nothing_while_tickets_come_in(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch, sort: str, limit: int
) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    old = {(await reported(api, world, "grid_a1", "grid_worker", "0501", "reported")) for _ in range(8)}
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"sort": sort, "limit": str(limit), **({"cursor": cursor} if cursor else {})}
        page = (await api.as_("dispatcher").get("/v1/tickets", params=params)).json()
        assert len(page["items"]) == limit or page["next_cursor"] is None
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if len(seen) < 20:
            await reported(api, world, "grid_a1", "grid_worker", "0501", "reported")
    assert len(seen) == len(set(seen))
    assert old <= set(seen)


async def test_somebody_with_overlapping_posts_sees_each_ticket_once(
    api: Api, world: World, session: AsyncSession, town: list[Item]
) -> None:
    for role, area, org in (
        (Role.GRID_LEADER, "grid_a1", None),
        (Role.VILLAGE_ADMIN, "village_a", None),
        (Role.DEPT_HANDLER, None, "urban"),
    ):
        await give_post(session, world, "grid_worker_a2", role, area, org)
    expected = {item["id"] for item in town if in_village_a(item, world) or item["lead_org_id"] is not None}
    for limit in ("3", "100"):
        found = await everything(api, "grid_worker_a2", limit=limit)
        assert [item["id"] for item in found] == [
            item["id"] for item in reversed(town) if item["id"] in expected
        ]


AREA = {
    "grid_worker", "grid_leader", "village_admin", "dispatcher", "dispatcher_2", "revisit_agent",
    "revisit_agent_2", "supervisor", "leader_viewer", "api_client",
}  # fmt: skip
URBAN = {"dept_handler", "dept_handler_2", "dept_head"}
FIRE = {"dept_handler_fire", "dept_head_fire"}
NOT_ASKED = {"statistician", "system_admin", "auditor", "former", "newcomer"}
EVERYBODY = (*World().people, "api_client")


@pytest.mark.parametrize(
    ("status", "more"), [("reported", set()), ("dispatched", URBAN), ("rerouted", FIRE), ("closed", URBAN)]
)
async def test_a_ticket_is_seen_by_its_area_and_by_the_office_that_leads_now(
    api: Api, world: World, status: str, more: set[str]
) -> None:
    loop = Loop(api, world)
    await loop.to("dispatched" if status == "rerouted" else status)
    if status == "rerouted":
        await loop.act("dispatcher", action="reroute", org_id=str(world.orgs["fire"].id), opinion="涉及消防")
    for who in EVERYBODY:
        listed = await api.as_(who).get("/v1/tickets")
        detail = await api.as_(who).get(f"/v1/tickets/{loop.id}")
        if who in NOT_ASKED | {"disabled"}:
            refusal = 401 if who == "disabled" else 403
            assert (listed.status_code, detail.status_code) == (refusal, refusal), who
            continue
        sees = who in AREA | more
        assert [item["id"] for item in listed.json()["items"]] == [loop.id] * sees, who
        assert detail.status_code == (200 if sees else 404), who


async def test_the_token_of_village_a_sees_village_a_alone(api: Api, world: World, town: list[Item]) -> None:
    found = await everything(api, "api_client")
    assert {item["id"] for item in found} == {item["id"] for item in town if in_village_a(item, world)}


async def test_an_assistant_sees_the_micro_grid_and_the_worker_of_its_grid_does_too(
    api: Api, world: World, town: list[Item]
) -> None:
    (inside,) = [item["id"] for item in town if item["area_id"] in ids(world, "micro_a1")]
    assert [item["id"] for item in await everything(api, "grid_assistant")] == [inside]
    assert inside in {item["id"] for item in await everything(api, "grid_worker")}
    assert inside not in {item["id"] for item in await everything(api, "grid_worker_a2")}


async def test_a_post_that_has_ended_shows_nothing_from_that_moment(
    api: Api, world: World, session: AsyncSession, town: list[Item]
) -> None:
    assert await everything(api, "dept_handler")
    await end_post(session, world, "dept_handler")
    assert (await api.as_("dept_handler").get("/v1/tickets")).status_code == 403
    assert (await api.as_("dept_handler").get(f"/v1/tickets/{town[0]['id']}")).status_code == 403


async def test_who_moves_to_another_grid_keeps_sight_of_their_own_reports_alone(
    api: Api, world: World, session: AsyncSession, town: list[Item]
) -> None:
    await end_post(session, world, "grid_worker")
    await give_post(session, world, "grid_worker", Role.GRID_WORKER, "grid_b1", None)
    found = {item["id"] for item in await everything(api, "grid_worker")}
    mine = {item["id"] for item in await everything(api, "grid_worker", mine="true")}
    there = {item["id"] for item in town if item["area_id"] in ids(world, "grid_b1")}
    assert len(mine) == 6
    assert found == mine | there


async def test_a_post_of_the_county_sees_all_its_towns(
    api: Api, world: World, session: AsyncSession, town: list[Item]
) -> None:
    other = await reported(api, world, "grid_c1", "grid_worker_c", "0501", "reported")
    await give_post(session, world, "dispatcher_c", Role.LEADER_VIEWER, "county", None)
    found = {item["id"] for item in await everything(api, "dispatcher_c", limit="4")}
    assert found == {item["id"] for item in town} | {other}


async def reported(api: Api, world: World, place: str, who: str, category: str, status: str) -> str:
    """A ticket of this place, brought to this status; returns its id."""
    loop = Loop(api, world)
    body = loop.body(area_id=str(world.places[place].id), category_code=category, location=None)
    reply = await api.as_(who).post("/v1/tickets", json=body)
    assert reply.status_code == 201, reply.text
    loop.id, loop.status = reply.json()["id"], "reported"
    if status != "reported":
        await loop.to(status)
    return loop.id


async def everything(api: Api, who: str, **query: str) -> list[Item]:
    """All pages of the list that somebody asks for."""
    found: list[Item] = []
    cursor: dict[str, str] = {}
    while True:
        reply = await api.as_(who).get("/v1/tickets", params={**query, **cursor})
        assert reply.status_code == 200, reply.text
        found += reply.json()["items"]
        if reply.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": reply.json()["next_cursor"]}


def spelled(query: dict[str, str], world: World, first: datetime) -> dict[str, str]:
    """Keys of the world as ids, hours since the first ticket as instants."""
    instants = {
        name: (first + int(value) * HOUR).isoformat()
        for name, value in query.items()
        if name.startswith("created")
    }
    places = {"area_id": str(world.places[query["area_id"]].id)} if "area_id" in query else {}
    orgs = {"org_id": str(world.orgs[query["org_id"]].id)} if "org_id" in query else {}
    return {**query, **instants, **places, **orgs}


def hours(item: Item) -> int:
    """Whole hours after the first ticket."""
    return int(item["hours"])


def moment_of(item: Item) -> datetime:
    """When it was reported."""
    return datetime.fromisoformat(item["reported_at"])


async def give_post(
    session: AsyncSession, world: World, who: str, role: Role, area: str | None, org: str | None
) -> None:
    """One more post, from an hour ago."""
    await session.execute(
        insert(Post).values(
            id=uuid7(),
            member_id=world[who].member_id,
            role=role.value,
            area_id=world.places[area].id if area else None,
            org_id=world.orgs[org].id if org else None,
            valid_from=clock.now() - HOUR,
        )
    )
    await session.commit()


async def end_post(session: AsyncSession, world: World, who: str) -> None:
    """The post that somebody holds in the world ends now."""
    ended = update(Post).where(Post.id == world[who].post_id).values(valid_to=clock.now())
    await session.execute(ended)
    await session.commit()


async def test_what_waits_for_an_approval_is_a_list_of_its_own(api: Api, world: World) -> None:
    waiting, other = Loop(api, world), Loop(api, world)
    for loop in (waiting, other):
        await loop.to("processing")
    assert await everything(api, "dispatcher", pending="true") == []
    ask = {"reason": "funds", "resume_on": str(clock.today() + timedelta(days=9)), "opinion": "待立项"}
    await waiting.act("dept_handler", action="request_suspend", **ask)
    (item,) = await everything(api, "dispatcher", pending="true")
    assert (item["id"], item["pending"]) == (waiting.id, "suspend")
    assert await everything(api, "dispatcher_c", pending="true") == []
    await waiting.act("dispatcher", action="deny_suspend", opinion="先办后补")
    assert await everything(api, "dispatcher", pending="true") == []
