"""The category list and its administration over HTTP: versions, order of classes, automatic dispatch."""

import asyncio
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.platform import AuditLog
from app.models.ticket import Category
from app.services.tickets import categories
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.tickets import Loop
from tests.support.world import World

URL = "/v1/categories"
RECYCLING = {"code": "0513", "label_zh": "垃圾分类", "label_en": "Waste sorting"}


async def change(api: Api, code: str, **changes: Any) -> Response:
    return await api.as_("system_admin").patch(f"{URL}/{code}", json=changes)


async def codes(api: Api, **params: Any) -> set[str]:
    reply = await api.as_("grid_worker").get(URL, params=params)
    assert reply.status_code == 200, reply.text
    return {item["code"] for item in reply.json()["items"]}


async def test_a_category_that_is_switched_off_is_offered_to_nobody_and_reported_by_nobody(
    api: Api, world: World
) -> None:
    assert "0501" in await codes(api)
    changed = await change(api, "0501", enabled=False)
    assert changed.json()["enabled"] is False
    assert "0501" not in await codes(api)
    assert "0501" in await codes(api, disabled=True)
    body = Loop(api, world).body()
    problem_in(await api.as_("grid_worker").post("/v1/tickets", json=body), 422, "unknown_category")
    await change(api, "0501", enabled=True)
    assert (await api.as_("grid_worker").post("/v1/tickets", json=body)).status_code == 201


async def test_each_change_is_a_version_with_who_and_when(api: Api, world: World) -> None:
    untouched = (await api.as_("system_admin").get(f"{URL}/0501")).json()
    assert (untouched["version"], untouched["revisions"]) == (1, [])
    await change(api, "0501", label_zh="生活垃圾")
    reply = await change(api, "0501", auto_dispatch=True)
    assert reply.headers["ETag"] == '"3"'
    found = (await api.as_("system_admin").get(f"{URL}/0501")).json()
    told = [
        (entry["version"], entry["label_zh"], entry["auto_dispatch"], entry["changed_by"])
        for entry in found["revisions"]
    ]
    admin = str(world["system_admin"].member_id)
    assert told == [
        (3, "生活垃圾", True, admin),
        (2, "生活垃圾", False, admin),
        (1, "暴露垃圾", False, None),
    ]
    assert [entry["changed_at"] is None for entry in found["revisions"]] == [False, False, True]


async def test_the_audit_log_has_the_old_and_the_new_values(api: Api, session: AsyncSession) -> None:
    await change(api, "0501", label_zh="生活垃圾", auto_dispatch=True)
    row = (await session.scalars(select(AuditLog).where(AuditLog.action == "category.change"))).one()
    assert row.data == {
        "code": "0501",
        "fields": ["auto_dispatch", "label_zh"],
        "old": {"auto_dispatch": False, "label_zh": "暴露垃圾"},
        "new": {"auto_dispatch": True, "label_zh": "生活垃圾"},
    }


async def test_a_new_category_belongs_to_the_class_of_its_code(api: Api, world: World) -> None:
    reply = await api.as_("system_admin").post(URL, json=RECYCLING)
    assert reply.status_code == 201, reply.text
    assert reply.headers["Location"] == f"{URL}/0513"
    assert (reply.json()["parent_code"], reply.json()["version"]) == ("05", 1)
    assert reply.json()["revisions"][0]["changed_by"] == str(world["system_admin"].member_id)
    assert "0513" in await codes(api)
    loop = Loop(api, world)
    assert (await loop.report(category_code="0513"))["category_label"] == "垃圾分类"


async def test_a_new_class_comes_before_its_categories(api: Api) -> None:
    client = api.as_("system_admin")
    leaf = {"code": "2001", "label_zh": "古树名木", "label_en": "Old trees"}
    problem_in(await client.post(URL, json=leaf), 409, "category_class_disabled")
    made = await client.post(URL, json={"code": "20", "label_zh": "生态", "label_en": "Nature"})
    assert made.json()["parent_code"] is None
    assert (await client.post(URL, json=leaf)).status_code == 201


async def test_a_code_is_given_once(api: Api) -> None:
    client = api.as_("system_admin")
    problem_in(await client.post(URL, json=RECYCLING | {"code": "0501"}), 409, "category_exists")
    await change(api, "0501", enabled=False)
    problem_in(await client.post(URL, json=RECYCLING | {"code": "0501"}), 409, "category_exists")


async def test_a_class_is_switched_off_after_its_categories_and_on_before_them(api: Api) -> None:
    problem_in(await change(api, "99", enabled=False), 409, "category_class_in_use")
    assert (await change(api, "9999", enabled=False)).status_code == 200
    assert (await change(api, "99", enabled=False)).status_code == 200
    problem_in(await change(api, "9999", enabled=True), 409, "category_class_disabled")
    assert (await change(api, "9999", label_zh="杂项")).status_code == 200
    assert (await change(api, "99", enabled=True)).status_code == 200
    assert (await change(api, "9999", enabled=True)).status_code == 200


@pytest.mark.commits
async def test_a_class_never_goes_while_a_category_of_it_comes(api: Api, session: AsyncSession) -> None:
    await change(api, "9999", enabled=False)
    for _ in range(4):
        await asyncio.gather(change(api, "99", enabled=False), change(api, "9999", enabled=True))
        rows = {row.code: row.enabled for row in await session.scalars(select(Category))}
        assert rows["99"] or not rows["9999"]
        session.expire_all()
        await session.rollback()
        await change(api, "9999", enabled=False)
        await change(api, "99", enabled=True)


async def test_only_what_tickets_carry_is_dispatched_automatically(api: Api) -> None:
    problem_in(await change(api, "05", auto_dispatch=True), 422, "invalid", "body.auto_dispatch")
    await change(api, "0501", auto_dispatch=True)
    items = (await api.as_("dispatcher").get(URL)).json()["items"]
    assert [item["code"] for item in items if item["auto_dispatch"]] == ["0501"]


@pytest.mark.parametrize("who", ["dispatcher", "auditor", "grid_worker", "api_client"])
async def test_only_administrators_administer(api: Api, who: str) -> None:
    client = api.as_(who)
    problem_in(await client.patch(f"{URL}/0501", json={"enabled": False}), 403, "forbidden")
    problem_in(await client.post(URL, json=RECYCLING), 403, "forbidden")
    problem_in(await client.get(f"{URL}/0501"), 403, "forbidden")


async def test_an_unknown_category_is_not_found(api: Api) -> None:
    problem_in(await change(api, "0577", enabled=False), 404, "not_found")
    problem_in(await api.as_("system_admin").get(f"{URL}/x"), 404, "not_found")


async def test_somebody_elses_change_in_between_is_noticed(api: Api) -> None:
    client, late = api.as_("system_admin"), {"If-Match": '"1"'}
    first = await client.patch(f"{URL}/0501", json={"label_zh": "先改"}, headers=late)
    assert first.status_code == 200
    second = await client.patch(f"{URL}/0501", json={"label_zh": "后改"}, headers=late)
    problem_in(second, 412, "stale_version")


async def test_seeding_again_keeps_what_people_changed(api: Api, session: AsyncSession) -> None:
    await change(api, "0501", label_zh="生活垃圾")
    await change(api, "0502", enabled=False)
    row = await session.get_one(Category, "0503")
    row.label_zh = "旧的叫法"
    await session.commit()
    await categories.seed(session)
    session.expire_all()
    found = {row.code: row for row in await session.scalars(select(Category))}
    assert found["0501"].label_zh == "生活垃圾"
    assert found["0502"].enabled is False
    assert found["0503"].label_zh == "建筑垃圾、渣土"


async def test_the_list_costs_two_statements_and_one_category_three(api: Api, statements: Counter) -> None:
    with statements(at_most=2):
        await codes(api)
    with statements(at_most=3):
        await api.as_("system_admin").get(f"{URL}/0501")
