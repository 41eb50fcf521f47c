"""Records that lists and details can be asked for, and which detail belongs to which list."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from app.core import clock
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.operations import Operation, operations
from tests.support.tickets import Loop
from tests.support.world import World

# What came since a cursor is no page of records: it goes on for ever.
FEEDS = {"sync_pull", "dispatches_list"}
VILLAGES = {"grid_a1": "village_a", "grid_b1": "village_b"}


async def populate(api: Api, world: World, *villages: str) -> None:
    """A ticket, homes, a shop, a plan, a visit, a team and a quota in each of two villages, or in these."""
    chosen = villages or ("village_a", "village_b")
    for village, keeper in (("village_a", "village_admin"), ("village_b", "village_admin_b")):
        if village not in chosen:
            continue
        team = {"name": "巡防队", "kind": "patrol", "area_id": str(world.places[village].id)}
        assert (await api.as_(keeper).post("/v1/teams", json=team)).status_code == 201
        quota = {"area_id": str(world.places[village].id), "rank": "party_member", "most": 9}
        assert (await api.as_(keeper).post("/v1/contact-quotas", json=quota)).status_code == 201
    for grid, worker in (("grid_a1", "grid_worker"), ("grid_b1", "grid_worker_b")):
        if VILLAGES[grid] not in chosen:
            continue
        area_id = str(world.places[grid].id)
        household = {"area_id": area_id, "address": f"{grid} 一巷 1 号", "household_type": "resident"}
        household["residents"] = [{"name": "关大婶", "relation": "02", "phone": "13812345678"}]  # type: ignore[assignment]
        reply = await api.as_(worker).post("/v1/households", json=household)
        assert reply.status_code == 201, reply.text
        home = reply.json()
        resident = home["people"][0]["resident_id"]
        offer = {"household_id": home["id"], "to_code": world.places["village_c"].code}
        reply = await api.as_(worker).post("/v1/transfers", json=offer)
        assert reply.status_code == 201, reply.text
        care = {"resident_id": resident, "category": "disabled", "care_level": "red"}
        reply = await api.as_(worker).post("/v1/care-objects", json=care)
        assert reply.status_code == 201, reply.text
        shop = {"area_id": area_id, "name": "小卖部", "kind": "shop", "address": "一巷 2 号"}
        reply = await api.as_(worker).post("/v1/places", json=shop)
        assert reply.status_code == 201, reply.text
        house = await dwellings.building(api, worker, world.places[grid])
        await dwellings.room(api, worker, house, owner_name="关大婶", owner_phone="13812345678")
        await _visited(api, world, grid, worker, home["id"])
        contact = {"member_id": str(world[worker].member_id), "household_id": home["id"]}
        keeper = {"grid_a1": "village_admin", "grid_b1": "village_admin_b"}[grid]
        linked = await api.as_(keeper).post("/v1/contact-links", json=contact | {"rank": "party_member"})
        assert linked.status_code == 201, linked.text
        hook = {"url": "https://hooks.example.com/wangge", "description": grid, "area_id": area_id}
        hook["client_id"] = str(world.client.id)
        made = await api.as_("system_admin").post("/v1/webhooks", json=hook)
        assert made.status_code == 201, made.text
        tested = await api.as_("system_admin").post(f"/v1/webhooks/{made.json()['id']}/test")
        assert tested.status_code == 202, tested.text
        loop = Loop(api, world)
        reply = await api.as_(worker).post("/v1/tickets", json=loop.body(area_id=area_id, location=None))
        assert reply.status_code == 201, reply.text
        loop.id, loop.status = reply.json()["id"], "reported"
        await loop.to("dispatched")


async def _visited(api: Api, world: World, grid: str, worker: str, household_id: str) -> None:
    """The worker's visit to a household, for a plan of their village."""
    village = VILLAGES[grid]
    today = clock.today().isoformat()
    plan = {"title": "冬季走访", "programme": "grid", "area_id": str(world.places[village].id)}
    plan |= {"starts_on": today, "due_on": today}
    maker = {"village_a": "village_admin", "village_b": "village_admin_b"}[village]
    made = await api.as_(maker).post("/v1/visit-plans", json=plan)
    assert made.status_code == 201, made.text
    visit = {"household_id": household_id, "plan_id": made.json()["id"], "result": "met"}
    visit |= {"occurred_at": clock.now().isoformat()}
    reply = await api.as_(worker).post("/v1/visits", json=visit)
    assert reply.status_code == 201, reply.text


def lists(app: FastAPI) -> Iterator[Operation]:
    """The operations that answer a page of records."""
    paged = (found for found in operations(app) if found.method == "GET" and found.takes("query", "cursor"))
    return (found for found in paged if found.name not in FEEDS)


def reads_below(app: FastAPI, listed: Operation) -> Iterator[Operation]:
    """The operations that read one record of a list, or something of that record."""
    one = re.compile(re.escape(listed.path) + r"/\{[^}]+\}(/[a-z_-]+)*")
    return (found for found in operations(app) if found.method == "GET" and one.fullmatch(found.path))


def address_of(operation: Operation, record: dict[str, Any]) -> str:
    """The operation's address for a record of its list."""
    return re.sub(r"\{[^}]+\}", record["id"], operation.path, count=1)


async def all_of(api: Api, who: str, listed: Operation, **query: str) -> dict[str, dict[str, Any]]:
    """All records of a list that somebody sees, by id; none where the role may not ask."""
    found: dict[str, dict[str, Any]] = {}
    cursor: dict[str, str] = {}
    while True:
        params = {"limit": "100", **query, **cursor}
        reply = await api.as_(who).get(listed.path, params=params)
        if reply.status_code == 403:
            return {}
        page = reply.json()
        found |= {record["id"]: record for record in page["items"]}
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}
