"""Tickets of third parties over the wire: by their own reference, in their own words, within their area."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core.crypto import Vault
from tests.support.clients import Api
from tests.support.orders import ORDER, POINT, TICKETS, order, push, read, try_push
from tests.support.problems import problem_in
from tests.support.settings import vault_of_tests
from tests.support.third_parties import mapped, registered_as, token
from tests.support.tickets import Loop
from tests.support.uploads import uploaded
from tests.support.world import World

FIELD = "body.category_code"
IN_VILLAGE_B = {"lng": 113.005, "lat": 22.845, "coord_type": "wgs84"}


async def area_of(api: Api, ref: str) -> str:
    """The name of the area in which an order was placed."""
    name: str = (await read(api, ref))["area"]["name"]
    return name


async def test_the_same_order_again_is_the_same_ticket(api: Api, session: AsyncSession) -> None:
    first = await push(api)
    assert first["status"] == "reported"
    assert await push(api, status=200) == first
    assert await read(api) == first
    assert await session.scalar(text("SELECT count(*) FROM ticket")) == 1
    listed = (await api.as_("api_client").get(TICKETS)).json()["items"]
    assert [(one["external_ref"], one["no"], one["status_word"]) for one in listed] == [
        (ORDER["external_ref"], first["no"], "已上报待受理")
    ]


async def test_other_contents_under_a_reference_are_refused_with_what_to_do(api: Api) -> None:
    await push(api)
    problem = problem_in(
        await try_push(api, content="另一件事"), 409, "external_ref_reused", "body.external_ref"
    )
    assert "补充" in problem["detail"]


async def test_a_reference_is_its_clients_own(api: Api, world: World) -> None:
    await registered_as(api, world, "城市热线", "village_a")
    first = await push(api)
    own, more = f"{TICKETS}/{ORDER['external_ref']}", {"supplement_ref": "1", "content": "补充"}
    stranger = api.as_("城市热线")
    problem_in(await stranger.get(own), 404, "not_found")
    problem_in(await stranger.post(f"{own}/supplements", json=more), 404, "not_found")
    problem_in(await stranger.post(f"{own}/withdrawal", json={"reason": "不用了"}), 404, "not_found")
    other = await push(api, "城市热线", content="别的热线的同号工单")
    assert first["id"] != other["id"]
    assert (await read(api))["id"] == first["id"]
    assert (await read(api, who="城市热线"))["id"] == other["id"]


async def test_a_key_and_a_reference_agree_on_what_was_sent(api: Api) -> None:
    client, headers = api.as_("api_client"), {"Idempotency-Key": "call-1"}
    first = await client.post(TICKETS, json=order(), headers=headers)
    again = await client.post(TICKETS, json=order(), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other_key = await client.post(TICKETS, json=order(), headers={"Idempotency-Key": "call-2"})
    assert (other_key.status_code, other_key.json()) == (200, first.json())
    changed = await client.post(TICKETS, json=order(title="改了标题"), headers=headers)
    assert changed.status_code in {409, 422}


async def test_codes_are_mapped_by_the_clients_table(api: Api, world: World) -> None:
    table = [{"code": "城管-垃圾", "category_code": "0501"}, {"code": "A17", "category_code": "0602"}]
    words = {"reported": "待受理", "dispatched": "办理中"}
    await mapped(api, world.client.id, source="hotline_12345", categories=table, statuses=words)
    made = await push(api, category_code="城管-垃圾")
    assert (made["category_code"], made["sent_category_code"]) == ("0501", "城管-垃圾")
    assert made["status_word"] == "待受理"
    ticket = (await api.as_("dispatcher").get(f"/v1/tickets/{made['id']}")).json()
    assert ticket["source"] == "hotline_12345"
    loop = Loop(api, world)
    loop.id = made["id"]
    await loop.to("dispatched")
    assert (await read(api))["status_word"] == "办理中"


async def test_an_unknown_code_is_refused_or_goes_into_the_clients_default(api: Api, world: World) -> None:
    table = [{"code": "A17", "category_code": "0602"}]
    problem_in(await try_push(api, category_code="A17"), 422, "unknown_category", FIELD)
    problem_in(await try_push(api, category_code="05"), 422, "unknown_category", FIELD)
    await mapped(api, world.client.id, categories=table)
    problem_in(await try_push(api, category_code="0501"), 422, "unknown_category", FIELD)
    problem_in(await try_push(api, category_code=None), 422, "invalid", FIELD)
    for number, pairs in enumerate((table, [])):
        await mapped(api, world.client.id, categories=pairs, default_category_code="9999")
        assert (await push(api, external_ref=f"{number}-1", category_code="B99"))["category_code"] == "9999"
        assert (await push(api, external_ref=f"{number}-2", category_code=None))["category_code"] == "9999"
    assert (await push(api, category_code="0501"))["category_code"] == "0501"


async def test_a_code_whose_category_was_switched_off_is_as_one_that_is_not_there(
    api: Api, world: World
) -> None:
    async def switch(*, on: bool) -> None:
        reply = await api.as_("system_admin").patch("/v1/categories/0602", json={"enabled": on})
        assert reply.status_code == 200, reply.text

    table = [{"code": "A17", "category_code": "0602"}]
    await mapped(api, world.client.id, categories=table)
    known = await push(api, category_code="A17")
    await switch(on=False)
    refused = await try_push(api, external_ref="2", category_code="A17")
    assert "停用" in problem_in(refused, 422, "unknown_category", FIELD)["detail"]
    assert (await push(api, status=200, category_code="A17"))["id"] == known["id"]
    path = f"/v1/clients/{world.client.id}/intake"
    named = await api.as_("system_admin").put(path, json={"categories": table})
    problem_in(named, 422, "invalid", "body.categories.0.category_code")
    await switch(on=True)
    await mapped(api, world.client.id, categories=table, default_category_code="9999")
    await switch(on=False)
    assert (await push(api, external_ref="2", category_code="A17"))["category_code"] == "9999"


async def test_the_table_of_a_client_is_replaced_as_a_whole_and_versioned(api: Api, world: World) -> None:
    admin, path = api.as_("system_admin"), f"/v1/clients/{world.client.id}/intake"
    empty = await admin.get(path)
    assert (empty.json()["version"], empty.json()["source"]) == (0, "third_party")
    table = {"categories": [{"code": "A17", "category_code": "0602"}], "statuses": {"closed": "办结"}}
    first = await admin.put(path, json=table, headers={"If-Match": empty.headers["etag"]})
    assert (first.json()["version"], first.json()["categories"]) == (1, table["categories"])
    stale = await admin.put(path, json={}, headers={"If-Match": empty.headers["etag"]})
    problem_in(stale, 412, "stale_version")
    assert (await admin.put(path, json={})).json()["categories"] == []
    wrong = {"categories": [{"code": "A", "category_code": "0501"}, {"code": "A", "category_code": "0000"}]}
    problem = problem_in(await admin.put(path, json=wrong), 422, "invalid", "body.categories.1.category_code")
    assert {error["code"] for error in problem["errors"]} == {"repeated", "unknown"}
    problem_in(await api.as_("dispatcher").get(path), 403, "forbidden")


async def test_a_place_is_found_by_point_by_code_or_is_the_tokens_own(api: Api, world: World) -> None:
    codes = {key: place.code for key, place in world.places.items()}
    await push(api)
    assert await area_of(api, ORDER["external_ref"]) == "儒林第一网格"
    await push(api, external_ref="2", location=None, area_code=codes["grid_a2"])
    assert await area_of(api, "2") == "儒林第二网格"
    await push(api, external_ref="3", location=None)
    assert await area_of(api, "3") == "儒林社区"
    await push(api, external_ref="4", area_code=codes["village_a"])
    assert await area_of(api, "4") == "儒林第一网格"
    await push(api, external_ref="5", area_code=codes["grid_a2"])
    assert await area_of(api, "5") == "儒林第二网格"


async def test_a_place_outside_the_clients_area_is_not_there(api: Api, world: World) -> None:
    village_b = world.places["village_b"].code
    for where, changed in (
        ("location", {"location": IN_VILLAGE_B}),
        ("location", {"location": POINT | {"lng": 114.5}}),
        ("area_code", {"area_code": village_b}),
        ("area_code", {"area_code": "000000000000"}),
    ):
        problem_in(await try_push(api, **changed), 404, "not_found", f"body.{where}")


async def test_a_token_above_towns_says_where(api: Api, world: World) -> None:
    await registered_as(api, world, "市热线", "city")
    problem_in(await try_push(api, "市热线", location=None), 422, "invalid", "body.area_code")
    assert (await push(api, "市热线", location=IN_VILLAGE_B))["area"]["name"] == "河清第一网格"


async def test_whom_to_call_is_sealed_and_in_no_answer(api: Api, session: AsyncSession) -> None:
    made = await push(api)
    sealed = await session.scalar(text("SELECT phone_sealed FROM ticket_contact"))
    assert vault_of_tests().open(sealed) == "0757-86551234"
    answers = [
        str(made),
        str(await read(api)),
        (await api.as_("api_client").get(TICKETS)).text,
        (await try_push(api, content="别的")).text,
    ]
    kept = "".join(await session.scalars(text("SELECT t::text FROM external_ref AS t")))
    for told in (*answers, kept):
        assert "关大婶" not in told
        assert "86551234" not in told


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "", None),
        ("POST", "/supplements", {"supplement_ref": "1", "content": "补充"}),
        ("POST", "/withdrawal", {"reason": "不用了"}),
    ],
)
async def test_trap_9_a_token_for_village_a_finds_nothing_of_village_b_by_its_own_reference(
    api: Api, world: World, call: tuple[str, str, Any]
) -> None:
    await token(api, world, str(world.client.id), "乙村", "village_b")
    await push(api, "乙村", location=IN_VILLAGE_B)
    method, path, body = call
    reply = await api.as_("api_client").request(method, f"{TICKETS}/{ORDER['external_ref']}{path}", json=body)
    problem_in(reply, 404, "not_found")
    problem_in(await try_push(api, location=IN_VILLAGE_B), 404, "not_found")
    assert (await api.as_("api_client").get(TICKETS)).json()["items"] == []


async def test_only_third_parties_with_the_scope_send_tickets(api: Api, world: World) -> None:
    problem_in(await try_push(api, "dispatcher"), 403, "forbidden")
    await registered_as(api, world, "只读", "village_a", "tickets:read")
    problem_in(await try_push(api, "只读"), 403, "forbidden")
    problem_in(await try_push(api, external_ref="有 空格"), 422, "invalid", "body.external_ref")


async def test_files_that_the_client_uploaded_come_with_the_ticket(api: Api) -> None:
    photo = await uploaded(api, "api_client")
    made = await push(api, attachments=[{"id": photo["id"], "purpose": "before"}])
    ticket = (await api.as_("dispatcher").get(f"/v1/tickets/{made['id']}")).json()
    assert [one["id"] for one in ticket["attachments"]] == [photo["id"]]
    strangers = await uploaded(api, "grid_worker")
    refused = await try_push(
        api, external_ref="2", attachments=[{"id": strangers["id"], "purpose": "before"}]
    )
    problem_in(refused, 404, "not_found", "body.attachments.0.id")


@pytest.mark.parametrize("confidential", [False, True])
async def test_staff_see_the_senders_number_but_not_whoever_handles_a_confidential_ticket(
    api: Api, world: World, confidential: bool
) -> None:
    loop = Loop(api, world)
    loop.id = (await push(api, confidential=confidential))["id"]
    await loop.to("dispatched")
    assert (await loop.read())["source_ref"] == ORDER["external_ref"]
    seen = (await api.as_("dept_handler").get(f"/v1/tickets/{loop.id}")).json()
    assert seen["source_ref"] == (None if confidential else ORDER["external_ref"])


@pytest.mark.parametrize("retired", [True, False], ids=["both at hand", "the old one gone"])
async def test_the_same_order_is_known_again_after_the_secret_was_changed(
    app: FastAPI, api: Api, settings: Settings, retired: bool
) -> None:
    first = await push(api)
    old = settings.secret_key.get_secret_value()
    app.state.vault = Vault("another-secret-of-the-tests-0123456789", *([old] if retired else []))
    assert await push(api, status=200) == first
    changed = await try_push(api, content="另一件事")
    assert changed.status_code == (409 if retired else 200)
    await push(api, external_ref="2")
    problem_in(await try_push(api, external_ref="2", content="另一件事"), 409, "external_ref_reused")


async def test_the_public_reply_goes_to_a_client_that_is_given_it(api: Api, world: World) -> None:
    made, loop = await push(api), Loop(api, world)
    loop.id = made["id"]
    await loop.to("resolved")
    replies = []
    for given in ([], ["public_reply"]):
        await api.as_("system_admin").patch(f"/v1/clients/{world.client.id}", json={"fields": given})
        found = await read(api)
        replies.append(found["public_reply"])
    assert replies == [None, "已清运并冲洗路面"]
    assert (found["public_reply"], found["resolution_type"]) == ("已清运并冲洗路面", "solved")
