"""What is public tells of nobody; in no Open311 answer a client of village A finds anything of village B."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.ticket import Ticket
from tests.support.clients import Api
from tests.support.open311 import BASE, City, errors
from tests.support.operations import operations
from tests.support.tickets import Loop
from tests.support.world import World

READS = ("requests.{form}", "servicerequestupdates.{form}", "requests.{form}?extensions=true")
ONE = ("requests/{id}.{form}", "requests/{id}", "requests/{id}.{form}?extensions=true")
# What tells of requests, and what is the same for everybody: what is offered, and what was published.
TELLING = {"requests", "requests/{service_request_id}", "servicerequestupdates"}
SAME = {"discovery", "services", "services/{service_code}", "tokens/{token}", "media/{attachment_id}"}
MARKS = ("关大婶秘", "13811112222", "秘密内容", "秘密地址", "秘密意见", "秘密措施", "秘密标题", "113.0051")


@pytest.fixture
def city(api: Api, world: World) -> City:
    """The server as the world's third party sees it."""
    return City(api, world)


@pytest.fixture
async def told(api: Api, world: World) -> Loop:
    """A ticket that is full of what nobody may know, taken to its end."""
    loop = Loop(api, world)
    await loop.report(
        title="秘密标题",
        content="秘密内容",
        address="秘密地址",
        location={"lng": 113.0051, "lat": 22.835, "coord_type": "wgs84"},
        contact={"name": "关大婶秘", "phone": "13811112222"},
        confidential=False,
    )
    await loop.act("dispatcher", action="accept", opinion="秘密意见")
    await loop.to("processing")
    await loop.act(
        "dept_handler",
        action="resolve",
        resolution_type="solved",
        measures="秘密措施",
        public_reply="秘密意见",
    )
    return loop


def addresses(ticket_id: str) -> Iterator[str]:
    """All that Open311 answers of requests."""
    for path in (*READS, *ONE):
        for form in ("json", "xml"):
            yield f"{BASE}/{path.format(id=ticket_id, form=form)}"


async def answers(city: City, ticket_id: str, **params: str) -> list[httpx.Response]:
    """What they say of a ticket."""
    return [
        await city.api.get(url, params=httpx.URL(url).params.merge(params)) for url in addresses(ticket_id)
    ]


async def test_the_walk_knows_every_address_of_open311(app: FastAPI) -> None:
    paths = {operation.path for operation in operations(app) if operation.path.startswith(BASE)}
    assert {path.removeprefix(f"{BASE}/").removesuffix(".{form}") for path in paths} == TELLING | SAME
    walked = {path.partition(".")[0].replace("{id}", "{service_request_id}") for path in (*READS, *ONE)}
    assert walked == TELLING


async def test_trap_9_a_published_ticket_tells_the_public_only_what_the_dispatcher_wrote(
    city: City, told: Loop
) -> None:
    for reply in await answers(city, told.id):
        assert not [mark for mark in MARKS if mark in reply.text]
        assert told.id not in reply.text or reply.status_code == 404
    await city.publish(told.id, description="路面有垃圾")
    seen = await answers(city, told.id)
    assert all("路面有垃圾" in reply.text for reply in seen if "updates" not in str(reply.url))
    assert all(told.id in reply.text for reply in seen)
    for reply in seen:
        assert not [mark for mark in MARKS if mark in reply.text], reply.url
        assert "关小勤" not in reply.text
        assert "梁经办" not in reply.text


async def test_trap_9_a_confidential_report_is_in_no_public_answer_even_if_it_was_published_before(
    city: City, session: AsyncSession, told: Loop
) -> None:
    await city.publish(told.id, description="路面有垃圾")
    await session.execute(update(Ticket).where(Ticket.id == told.id).values(confidential=True))
    await session.commit()
    for reply in await answers(city, told.id) + await answers(city, told.id, api_key=city.key):
        assert "路面有垃圾" not in reply.text
        assert told.id not in reply.text
    refused = await city.api.as_("dispatcher").put(f"/v1/tickets/{told.id}/publication", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_publishable")


async def test_trap_9_a_resident_may_report_in_confidence(
    session: AsyncSession, api: Api, world: World
) -> None:
    body = {
        "service_code": "0501",
        "description": "路面有垃圾",
        "area_id": str(world.places["grid_a1"].id),
        "name": "关大婶秘",
        "phone": "13811112222",
        "confidential": True,
    }
    taken = (await api.post("/v1/public/reports", json=body)).json()
    (found,) = await session.scalars(text("SELECT ticket_id FROM public_report"))
    loop = Loop(api, world)
    loop.id = str(found)
    await loop.read()
    await loop.to("processing")
    seen = await api.as_("dept_handler").get(f"/v1/tickets/{loop.id}")
    assert (seen.status_code, seen.json()["contact"]) == (200, None)
    assert not [mark for mark in MARKS if mark in seen.text]
    followed = await api.post("/v1/public/follow", json={name: taken[name] for name in ("number", "code")})
    assert followed.json()["label"] == "处理中"
    refused = await api.as_("dispatcher").put(f"/v1/tickets/{loop.id}/publication", json={})
    assert refused.json()["code"] == "not_publishable"


@pytest.mark.parametrize("change", ["category_code = '0102'", "status = 'voided', closed_at = now()"])
async def test_what_is_fit_for_the_public_no_more_is_public_no_more(
    city: City, session: AsyncSession, told: Loop, change: str
) -> None:
    await city.publish(told.id, description="路面有垃圾")
    await session.execute(text(f"UPDATE ticket SET {change} WHERE id = '{told.id}'"))  # noqa: S608 - a test's own
    await session.commit()
    for reply in await answers(city, told.id):
        assert told.id not in reply.text


async def test_a_households_ticket_has_no_place(
    city: City, session: AsyncSession, told: Loop, api: Api, world: World
) -> None:
    home = {"area_id": str(world.places["grid_a1"].id), "address": "一巷 1 号", "household_type": "resident"}
    home["residents"] = [{"name": "关大婶", "relation": "02"}]  # type: ignore[assignment]
    made = (await api.as_("grid_worker").post("/v1/households", json=home)).json()
    await session.execute(update(Ticket).where(Ticket.id == told.id).values(household_id=made["id"]))
    await session.commit()
    await city.publish(told.id, with_point=True)
    (shown,) = (await city.get(f"requests/{told.id}.json")).json()
    assert (shown["lat"], shown["long"], shown["address_id"]) == (None, None, None)


@pytest.mark.parametrize("field", ["description", "address", "reply"])
@pytest.mark.parametrize(
    "number",
    [
        *("13812345678", "138 1234 5678", "138.1234.5678", "138 - 1234 - 5678", "１３８１２３４５６７８"),
        *("+8613812345678", "0086-13812345678", "138\u200b12345678", "1 3 8 1 2 3 4 5 6 7 8"),
        *("440605198001011234", "44060519800101123X", "440605 19800101 123x", "44060519800101123Ｘ"),
    ],
)
async def test_a_public_text_holds_no_number_of_somebody(
    city: City, told: Loop, field: str, number: str
) -> None:
    body = {field: f"请联系 {number} 关"}
    reply = await city.api.as_("dispatcher").put(f"/v1/tickets/{told.id}/publication", json=body)
    assert (reply.status_code, number in reply.text) == (422, False)


@pytest.mark.parametrize(
    "words", ["拨打 12345 或 0757-86331234", "2026.03.15 20:30 至 2026-03-18", "ZX-1380000"]
)
async def test_a_public_text_may_hold_a_hotline_or_a_date(city: City, told: Loop, words: str) -> None:
    await city.publish(told.id, description=words)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("dept_handler", 403),
        ("village_admin", 403),
        ("grid_worker", 403),
        ("api_client", 403),
        ("dispatcher_c", 404),
    ],
)
async def test_nobody_but_its_dispatcher_publishes_a_ticket(
    city: City, told: Loop, who: str, status: int
) -> None:
    for method, body in (("PUT", {}), ("DELETE", None)):
        path = f"/v1/tickets/{told.id}/publication"
        reply = await city.api.as_(who).request(method, path, json=body)
        assert reply.status_code == status, (method, reply.text)


async def test_trap_16_a_client_of_village_a_finds_nothing_of_village_b_in_open311(
    city: City, api: Api, world: World
) -> None:
    loop = Loop(api, world)
    await loop.report("grid_worker_b", area_id=str(world.places["grid_b1"].id), location=None)
    await loop.act("dispatcher", action="accept")
    await city.publish(loop.id)
    for reply in await answers(city, loop.id, api_key=city.key):
        assert loop.id not in reply.text
        if f"requests/{loop.id}" in str(reply.url):
            assert errors(reply)[0][0] == 404
    assert await city.listed(api_key=city.key, service_request_id=loop.id) == []
    lng, lat = world.places["grid_b1"].centre
    for form in ("json", "xml"):
        for place in (
            {"long": str(lng), "lat": str(lat)},
            {"long": None, "lat": None, "address_id": str(world.places["grid_b1"].id)},
        ):
            assert errors(await city.post(f"requests.{form}", **place))[0][0] == 404
        fields = {"service_request_id": loop.id, "description": "还在"}
        assert errors(await city.post(f"servicerequestupdates.{form}", **fields))[0][0] == 404


async def test_trap_16_a_clients_token_reads_only_with_the_scope_for_it(
    city: City, session: AsyncSession
) -> None:
    request_id = await city.report()
    for scopes, reads, writes in (("{tickets:read}", 200, 403), ("{areas:read}", 403, 403)):
        await session.execute(text(f"UPDATE api_token SET scopes = '{scopes}'"))  # noqa: S608 - a test's own
        await session.commit()
        assert (await city.get(f"requests/{request_id}.json", api_key=city.key)).status_code == reads
        assert (await city.post()).status_code == writes


async def test_a_client_sees_no_unpublished_report_of_another(city: City, told: Loop) -> None:
    assert await city.listed(api_key=city.key) == []
    await city.publish(told.id)
    assert await city.listed(api_key=city.key) == [told.id]
    shown: dict[str, Any] = (await city.get(f"requests/{told.id}.json", api_key=city.key)).json()[0]
    assert "秘密" not in json.dumps(shown, ensure_ascii=False)
