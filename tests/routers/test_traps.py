"""The field's traps of places, households, phones, duties and secrets, as somebody meets them over HTTP.

The traps that need time to pass stand with the services, those of two at once in `test_concurrency`.
"""

from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import Role
from app.models.ticket_step import TicketClock
from tests.support import ledger
from tests.support.clients import Api
from tests.support.households import body, identity_number, person
from tests.support.problems import problem_in
from tests.support.staff import give_post
from tests.support.tickets import Loop
from tests.support.world import World

AREAS, HOUSEHOLDS = "/v1/areas", "/v1/households"


async def sees(api: Api, who: str, loop: Loop) -> bool:
    """Whether somebody finds the ticket in their list, which must agree with its detail."""
    client = api.as_(who)
    listed = loop.id in {item["id"] for item in (await client.get("/v1/tickets")).json()["items"]}
    assert ((await client.get(f"/v1/tickets/{loop.id}")).status_code == 200) == listed
    return listed


async def dues(session: AsyncSession, loop: Loop) -> dict[str, Any]:
    """When each open clock of the ticket is due."""
    running = select(TicketClock.kind, TicketClock.due_at).where(
        TicketClock.ticket_id == UUID(loop.id), TicketClock.stopped_at.is_(None)
    )
    return {row.kind: row.due_at for row in await session.execute(running)}


async def add_area(api: Api, parent: str, code: str, level: str, kind: str) -> str:
    """The administrator adds a place."""
    new = {"code": code, "name": f"横栏{code[-3:]}", "level": level, "kind": kind, "parent_id": parent}
    reply = await api.as_("system_admin").post(AREAS, json=new)
    assert reply.status_code == 201, reply.text
    area_id: str = reply.json()["id"]
    return area_id


async def test_trap_2_a_town_right_below_its_city_has_tickets_like_any_other(
    api: Api, session: AsyncSession, world: World
) -> None:
    city = str(world.places["city"].id)
    town = await add_area(api, city, "442000106000", "town", "town")
    village = await add_area(api, town, "442000106201", "village", "village")
    grid = await add_area(api, village, "442000106201001", "grid", "base_grid")
    await give_post(session, world, "grid_worker", Role.GRID_WORKER, area_id=UUID(grid))
    await give_post(session, world, "dispatcher_c", Role.DISPATCHER, area_id=UUID(town))
    loop = Loop(api, world)
    await loop.report(area_id=grid, location=None)
    assert await sees(api, "dispatcher_c", loop)
    assert not await sees(api, "dispatcher", loop)
    assert (await loop.act("dispatcher_c", action="accept"))["status"] == "accepted"


async def test_trap_2_a_grid_with_an_open_ticket_is_not_moved_and_everything_stays(
    api: Api, session: AsyncSession, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    before = await dues(session, loop)
    url = f"{AREAS}/{world.places['grid_a1'].id}"
    moved = {"parent_id": str(world.places["village_b"].id)}
    problem_in(await api.as_("system_admin").patch(url, json=moved), 409, "area_in_use")
    assert await dues(session, loop) == before
    assert await sees(api, "village_admin", loop)
    assert not await sees(api, "village_admin_b", loop)


async def test_trap_2_when_villages_merge_open_tickets_go_over_one_by_one_with_the_time_they_have(
    api: Api, session: AsyncSession, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("processing")
    before = await dues(session, loop)
    url = f"{AREAS}/{world.places['grid_a1'].id}/end"
    refused = problem_in(await api.as_("system_admin").post(url, json={}), 409, "area_not_empty")
    assert "ticket" in refused["left"], "what is open is nowhere hidden by an end"
    new = str(world.places["grid_b1"].id)
    change = {"action": "change", "area_id": new, "opinion": "两村合并，转入河清村"}
    assert (await loop.act("dispatcher", **change))["area_id"] == new
    assert await dues(session, loop) == before
    assert not await sees(api, "village_admin", loop)
    assert await sees(api, "village_admin_b", loop)
    assert await sees(api, "dept_handler", loop)
    await ledger.audit(session, UUID(loop.id))


async def test_trap_3_somebody_who_moved_out_is_shown_where_they_live_now_and_another_heads_the_family(
    api: Api, world: World
) -> None:
    family = [person(), person("12", name="李小红", id_number=identity_number(2))]
    left = (
        await api.as_("grid_worker").post(HOUSEHOLDS, json=body(world.places["grid_a1"], residents=family))
    ).json()
    vacant = body(world.places["grid_a2"], household_type="vacant", residence_status="empty", residents=[])
    entered = (await api.as_("grid_worker_a2").post(HOUSEHOLDS, json=vacant)).json()
    head, wife = (someone["resident_id"] for someone in left["people"])
    move = {
        "household": {"household_id": entered["id"], "relation": "02"},
        "head": {"resident_id": wife},
    }
    reply = await api.as_("village_admin").post(f"/v1/residents/{head}/moves", json=move)
    assert reply.status_code == 200, reply.text
    for who, household, one in (("grid_worker", left, wife), ("grid_worker_a2", entered, head)):
        shown = (await api.as_(who).get(f"{HOUSEHOLDS}/{household['id']}")).json()["people"]
        assert [(someone["resident_id"], someone["is_head"]) for someone in shown] == [(one, True)]


async def test_trap_3_a_new_born_without_a_number_belongs_to_the_family_and_to_no_other(
    api: Api, world: World
) -> None:
    baby = person("20", name="欧阳新生", id_number=None, phone=None, birth_on=clock.today().isoformat())
    for grid, who, number in (("grid_a1", "grid_worker", 1), ("grid_c1", "grid_worker_c", 2)):
        family = [person(id_number=identity_number(number)), baby]
        sent = body(world.places[grid], residents=family)
        reply = await api.as_(who).post(HOUSEHOLDS, json=sent)
        assert reply.status_code == 201, reply.text
        assert [someone["id_number"] for someone in reply.json()["people"]][1] is None
        assert reply.json()["people"][1]["age"] == 0


async def test_trap_4_a_report_sent_again_from_a_dead_spot_is_one_ticket(api: Api, world: World) -> None:
    sent = Loop(api, world).body(id=str(uuid7()), occurred_at=clock.now().isoformat())
    first, second = [await api.as_("grid_worker").post("/v1/tickets", json=sent) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["no"] == second.json()["no"]
    listed = (await api.as_("grid_worker").get("/v1/tickets")).json()["items"]
    assert [item["id"] for item in listed] == [sent["id"]]


async def test_trap_4_the_same_key_with_another_body_is_refused_and_takes_no_step(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.to("dispatched")

    async def sign(**more: str) -> Response:
        client, path = api.as_("dept_handler"), f"/v1/tickets/{loop.id}/actions"
        return await client.post(path, json={"action": "sign", **more}, headers={"Idempotency-Key": "tap-1"})

    first = await sign()
    assert (await sign()).json() == first.json()
    other = await sign(opinion="换个说法")
    problem_in(other, 422, "idempotency_key_reused")
    assert (await loop.read())["version"] == first.json()["version"]


@pytest.mark.parametrize("who", ["dept_handler", "dept_handler_fire", "dept_handler_2"])
async def test_trap_8_whoever_had_a_hand_in_it_does_not_revisit_whatever_posts_they_have(
    api: Api, session: AsyncSession, world: World, who: str
) -> None:
    loop, orgs = Loop(api, world), world.orgs
    await loop.to("accepted")
    helpers = [str(orgs["fire"].id)]
    await loop.act("dispatcher", action="dispatch", org_id=str(orgs["urban"].id), helper_org_ids=helpers)
    await loop.act("dept_handler_fire", action="finish_joint", opinion="消防通道已恢复")
    await loop.act("dept_handler_2", action="sign")
    chosen = str(world["dept_handler"].member_id)
    await loop.act("dept_head", action="transfer_down", member_id=chosen)
    await loop.act("dept_handler", action="sign")
    await loop.act("dept_handler", action="resolve", resolution_type="solved", measures="已清运")
    await give_post(session, world, who, Role.REVISIT_AGENT, area_id=world.places["town"].id)
    detail = (await api.as_(who).get(f"/v1/tickets/{loop.id}")).json()
    assert "revisit" not in {entry["action"] for entry in detail["allowed_actions"]}
    answer = {"action": "revisit", "method": "phone", "reached": False}
    problem_in(await loop.try_(who, **answer), 403, "not_your_action")
    assert (await loop.act("revisit_agent", **answer))["revisits"]


async def test_trap_9_a_confidential_report_names_nobody_in_the_handlers_lists_and_timeline(
    api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.report(confidential=True)
    await loop.to("processing")
    await loop.act("dispatcher", action="request_joint", helper_org_ids=[str(world.orgs["fire"].id)],
                   opinion="消防会办")  # fmt: skip
    reporter = world["grid_worker"]
    told = {str(reporter.member_id), reporter.name, "关大婶", "关**", "**5678", "13812345678"}
    for who in ("dept_handler", "dept_head", "dept_handler_fire"):
        for path in ("", f"/{loop.id}", f"/{loop.id}/events", "?mine=true"):
            reply = await api.as_(who).get(f"/v1/tickets{path}")
            assert {word for word in told if word in reply.text} == set(), (who, path)
    assert reporter.name in (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}")).text
