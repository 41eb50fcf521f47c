"""A third party of village A at every address: of village B it finds nothing, reads nothing, counts nothing.

That a record is not found by its id, on any route and by any method, is `test_client_records`'s.
"""

import json
from typing import Any

from fastapi import FastAPI

from tests.support.clients import Api
from tests.support.operations import Operation, operations
from tests.support.records import all_of, lists, populate
from tests.support.third_parties import Registered, register, wanted
from tests.support.tickets import Loop
from tests.support.uploads import uploaded
from tests.support.world import World

WHO = "api_client"
# What changes by itself: clocks, marks, and what is left of the caller's own allowance.
MOVING = {"as_of", "at", "now", "allowances", "last_used_at", "folded_at", "behind_s", "lag_s", "seconds"}
# Grids and who works in them are public by regulation.
DIRECTORY = "public_grids"
FAR = ("village_b", "grid_b1", "grid_b2")


async def told(app: FastAPI, api: Api, world: World) -> dict[str, Any]:
    """What every read without an id answers the client: as it is, and of its own area."""
    found: dict[str, Any] = {}
    for operation in operations(app):
        if operation.method == "GET" and "{" not in operation.path and operation.path.startswith("/v1/"):
            for query in queries(operation, world):
                reply = await api.as_(WHO).get(operation.path, params=query)
                assert reply.status_code < 500, (operation.name, reply.text)
                body = still(reply.json()) if reply.status_code == 200 else reply.status_code
                found[f"{operation.name} {sorted(query.items())}"] = body
    return found


def queries(operation: Operation, world: World) -> list[dict[str, str]]:
    """Ways to ask: with what must be there, and for the client's own area."""
    asked = [operation.query()]
    if operation.takes("query", "area_id"):
        asked.append(operation.query(area_id=str(world.places["village_a"].id)))
    return asked


def still(value: Any) -> Any:
    """An answer without what moves by itself."""
    if isinstance(value, dict):
        return {name: still(each) for name, each in value.items() if name not in MOVING}
    return [still(each) for each in value] if isinstance(value, list) else value


async def ids_of(app: FastAPI, api: Api, world: World) -> set[str]:
    """The ids of what the admin of village B sees and the one of village A does not, and of B's places."""
    found = {str(world.places[place].id) for place in FAR}
    for listed in lists(app):
        theirs = await all_of(api, "village_admin_b", listed)
        found |= theirs.keys() - (await all_of(api, "village_admin", listed)).keys()
    return found


async def test_trap_16_what_happens_in_village_b_changes_no_answer_to_a_client_of_village_a(
    app: FastAPI, api: Api, world: World
) -> None:
    await populate(api, world, "village_a")
    before = await told(app, api, world)
    await populate(api, world, "village_b")
    after = await told(app, api, world)
    assert [name for name, body in after.items() if body != before[name]] == []
    read = {name.split()[0] for name, body in after.items() if not isinstance(body, int)}
    assert read >= {"tickets_list", "areas_list", "stats_overview", "stats_kpis", "stats_counted"}
    assert read >= {"webhooks_list", "webhook_deliveries_list", "client_self", "stats_map", "stats_live"}
    theirs = [*await ids_of(app, api, world), "河清第一网格", "河清第二网格"]
    assert len(theirs) > 10
    for name, body in after.items():
        if not name.startswith(DIRECTORY):
            text = json.dumps(body, ensure_ascii=False)
            assert [mark for mark in theirs if mark in text] == [], name


async def test_trap_16_a_client_writes_nothing_into_village_b(app: FastAPI, api: Api, world: World) -> None:
    body = Loop(api, world).body(area_id=str(world.places["grid_b1"].id), location=None)
    refused = [await api.as_(WHO).post("/v1/tickets", json=body)]
    hook = {"url": "https://hooks.example.com/x", "description": "b"}
    for place in FAR:
        sent = hook | {"area_id": str(world.places[place].id)}
        refused.append(await api.as_(WHO).post("/v1/webhooks", json=sent))
    near = await api.as_(WHO).post("/v1/webhooks", json=hook | {"area_id": str(world.places["grid_a1"].id)})
    assert near.status_code == 201
    assert [reply.status_code for reply in refused] == [404] * 4
    for operation in operations(app):
        if operation.name in {"search", "exports_create", "export_create", "sync_pull", "sync_push"}:
            reply = await api.as_(WHO).request(operation.method, operation.url, json={})
            assert reply.status_code in {403, 422}, operation.name


async def test_trap_16_an_answer_that_is_kept_is_not_repeated_to_another_token_of_the_client(
    api: Api, world: World
) -> None:
    near = await register(api, world, area="village_a")
    token = await api.as_("system_admin").post(f"{near.address}/tokens", json=wanted(world, area="village_b"))
    far = Registered(api, near.address, token.json())
    body = Loop(api, world).body(area_id=str(world.places["grid_a1"].id), location=None)
    statuses = []
    for one in (near, near, far):
        headers = one.headers | {"Idempotency-Key": "once"}
        statuses.append((await api.post("/v1/tickets", json=body, headers=headers)).status_code)
    assert statuses == [201, 201, 404]


async def test_trap_16_a_file_of_village_b_is_nobodys_to_a_client_of_village_a(
    api: Api, world: World
) -> None:
    for worker, grid, status in (("grid_worker", "grid_a1", 200), ("grid_worker_b", "grid_b1", 404)):
        attachment_id = (await uploaded(api, worker))["id"]
        named = [{"id": attachment_id, "purpose": "before"}]
        body = Loop(api, world).body(area_id=str(world.places[grid].id), location=None, attachments=named)
        made = await api.as_(worker).post("/v1/tickets", json=body)
        assert made.status_code == 201, made.text
        for path in ("", "/content", "/thumbnail"):
            reply = await api.as_(WHO).get(f"/v1/attachments/{attachment_id}{path}")
            assert reply.status_code == status, (grid, path)
        link = await api.as_(WHO).post(f"/v1/attachments/{attachment_id}/links", json={})
        assert link.status_code == status, grid
