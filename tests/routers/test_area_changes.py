"""Areas that move, merge and split: who lives there and what is open follows, what is over stays."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.registry import Household
from app.models.ticket import Ticket
from tests.support import dwellings, ledger
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World

TODAY = clock.today().isoformat()


async def change(api: Api, area_id: object, what: str, body: dict[str, Any]) -> Any:
    reply = await api.as_("system_admin").post(f"/v1/areas/{area_id}/{what}", json=body)
    assert reply.is_success, reply.text
    return reply.json()


async def place_of(session: AsyncSession, table: Any, row_id: str) -> tuple[Any, ...]:
    statement = select(table.area_id, table.grid_id, table.village_id, table.town_id)
    found = await session.execute(statement.where(table.id == UUID(row_id)))
    return tuple(found.one())


async def test_trap_2_a_grid_moves_to_another_village_while_tickets_are_open(
    api: Api, session: AsyncSession, world: World
) -> None:
    places = world.places
    grid, micro, new, town = (places[key].id for key in ("grid_a1", "micro_a1", "village_c", "town_b"))
    home = await dwellings.household(api, "grid_worker", places["micro_a1"])
    over, still = Loop(api, world), Loop(api, world)
    await over.to("closed")
    await still.to("dispatched")
    moved = await change(api, grid, "move", {"parent_id": str(new)})
    assert [area["id"] for area in moved["ancestors"]][-2:] == [str(town), str(new)]
    assert await place_of(session, Household, home["id"]) == (micro, grid, new, town)
    assert await place_of(session, Ticket, still.id) == (grid, grid, new, town)
    await ledger.audit(session, UUID(still.id))
    old = (grid, grid, places["village_a"].id, places["town"].id)
    assert await place_of(session, Ticket, over.id) == old
    problem_in(await api.as_("village_admin").get(f"/v1/households/{home['id']}"), 404, "not_found")
    problem_in(await api.as_("dispatcher").get(f"/v1/tickets/{still.id}"), 404, "not_found")
    assert (await api.as_("dispatcher_c").get(f"/v1/tickets/{still.id}")).status_code == 200
    assert (await api.as_("dispatcher").get(f"/v1/tickets/{over.id}")).status_code == 200
    assert (await api.as_("grid_worker").get(f"/v1/households/{home['id']}")).status_code == 200
    told = (await api.as_("grid_worker").get(f"/v1/areas/{grid}/history")).json()["events"]
    assert [(event["kind"], event["other"]["id"]) for event in told] == [
        ("moved", str(places["village_a"].id))
    ]


async def test_trap_2_merged_villages(api: Api, session: AsyncSession, world: World) -> None:
    places = world.places
    gone, into = places["village_b"], places["village_a"]
    home = await dwellings.household(api, "grid_worker_b", places["grid_b1"])
    loop = Loop(api, world)
    await loop.report("grid_worker_b", area_id=str(places["grid_b1"].id), location=None)
    await change(api, gone.id, "merge", {"into_id": str(into.id)})
    assert (await place_of(session, Household, home["id"]))[1:3] == (places["grid_b1"].id, into.id)
    assert (await api.as_("village_admin").get(f"/v1/households/{home['id']}")).status_code == 200
    # The people of the village that is gone have their posts in the one that took it in.
    assert (await api.as_("village_admin_b").get(f"/v1/households/{home['id']}")).status_code == 200
    assert (await place_of(session, Ticket, loop.id))[1:3] == (places["grid_b1"].id, into.id)
    for who in ("village_admin", "village_admin_b", "grid_worker_b"):
        assert (await api.as_(who).get(f"/v1/tickets/{loop.id}")).status_code == 200
    await ledger.audit(session, UUID(loop.id))
    ended = (await api.as_("system_admin").get(f"/v1/areas/{gone.id}")).json()
    assert ended["valid_to"] == TODAY
    listed = (await api.as_("system_admin").get("/v1/areas", params={"limit": 100})).json()["items"]
    assert str(gone.id) not in {area["id"] for area in listed}
    again = await api.as_("system_admin").post(f"/v1/areas/{gone.id}/merge", json={"into_id": str(into.id)})
    problem_in(again, 409, "area_not_in_force")


async def test_a_grid_goes_into_another_and_its_households_keep_their_past(api: Api, world: World) -> None:
    gone, into = world.places["grid_a2"], world.places["grid_a1"]
    since = {"since": "2024-05-01"}
    home = await dwellings.household(api, "village_admin", gone, **since)
    resident_id = home["people"][0]["resident_id"]
    loop = Loop(api, world)
    await loop.report("grid_worker_a2", area_id=str(gone.id), location=None)
    merged = await change(api, gone.id, "merge", {"into_id": str(into.id)})
    for who in ("grid_worker", "grid_worker_a2", "village_admin"):
        assert (await api.as_(who).get(f"/v1/tickets/{loop.id}")).status_code == 200
    assert (await loop.act("dispatcher", action="accept"))["status"] == "accepted"
    assert len(merged["boundary"]["coordinates"][0]) > 4
    for who in ("grid_worker", "grid_worker_a2"):
        assert (await api.as_(who).get(f"/v1/residents/{resident_id}")).status_code == 200
    stays = (await api.as_("grid_worker").get(f"/v1/households/{home['id']}/history")).json()["stays"]
    assert [(stay["area"]["id"], stay["valid_from"], stay["valid_to"]) for stay in stays] == [
        (str(into.id), TODAY, None),
        (str(gone.id), "2024-05-01", TODAY),
    ]
    assert stays[1]["end_reason"] == "grid_change"


async def test_a_part_of_a_grid_becomes_a_grid_of_its_own(
    api: Api, session: AsyncSession, world: World
) -> None:
    grid = world.places["grid_a1"]
    west, south = 113.0, 22.83
    ring = [[west, south], [west + 0.005, south], [west + 0.005, south + 0.01], [west, south + 0.01]]
    house = await dwellings.building(api, "grid_worker", grid)
    room = await dwellings.room(api, "grid_worker", house)
    inside = await dwellings.household(
        api, "grid_worker", grid, area_id=None, address=None, room_id=room["id"]
    )
    outside = await dwellings.household(api, "grid_worker", grid)
    near, far = Loop(api, world), Loop(api, world)
    await near.report(location={"lng": 113.003, "lat": 22.833, "coord_type": "wgs84"})
    await far.report(location={"lng": 113.008, "lat": 22.833, "coord_type": "wgs84"})
    part = {
        "code": "440605121001009",
        "name": "儒林第九网格",
        "boundary": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "building_ids": [house["id"]],
    }
    (made,) = await change(api, grid.id, "split", {"parts": [part]})
    new = UUID(made["id"])
    assert (await place_of(session, Household, inside["id"]))[:2] == (new, new)
    assert (await place_of(session, Household, outside["id"]))[:2] == (grid.id, grid.id)
    assert (await place_of(session, Ticket, near.id))[:2] == (grid.id, new)
    assert (await place_of(session, Ticket, far.id))[:2] == (grid.id, grid.id)
    await ledger.audit(session, UUID(near.id))
    resident_id = inside["people"][0]["resident_id"]
    listed = await api.as_("village_admin").get("/v1/residents", params={"area_id": made["id"]})
    assert [row["id"] for row in listed.json()["items"]] == [resident_id]
    problem_in(await api.as_("grid_worker").get(f"/v1/rooms/{room['id']}"), 404, "not_found")
    where: dict[str, str | float] = {"lng": 113.003, "lat": 22.833, "coord_type": "wgs84"}
    located = (await api.as_("village_admin").get("/v1/grids/locate", params=where)).json()
    assert located["grid"]["id"] in {made["id"], str(world.places["micro_a1"].id)}
    elsewhere = {**part, "code": "440605121001010", "building_ids": [outside["id"]]}
    refused = await api.as_("system_admin").post(f"/v1/areas/{grid.id}/split", json={"parts": [elsewhere]})
    problem_in(refused, 404, "not_found", "body.parts.0.building_ids")


async def test_only_administrators_change_areas_and_only_to_what_fits(api: Api, world: World) -> None:
    grid, beside, town = (world.places[key].id for key in ("grid_a1", "grid_a2", "town"))
    for what, body in (("move", {"parent_id": str(beside)}), ("merge", {"into_id": str(beside)})):
        reply = await api.as_("village_admin").post(f"/v1/areas/{grid}/{what}", json=body)
        problem_in(reply, 403, "forbidden")
    admin = api.as_("system_admin")
    wrong = await admin.post(f"/v1/areas/{grid}/move", json={"parent_id": str(town)})
    problem_in(wrong, 422, "invalid", "body.parent_id")
    itself = await admin.post(f"/v1/areas/{grid}/merge", json={"into_id": str(grid)})
    problem_in(itself, 422, "invalid", "body.into_id")
    whole = await admin.post(f"/v1/areas/{town}/merge", json={"into_id": str(town)})
    problem_in(whole, 422, "invalid", "path.area_id")
