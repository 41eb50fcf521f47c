"""The wire is lean: a list for a phone is small, and smaller where the phone says what it shows."""

import gzip
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.reports import add_ticket
from tests.support.world import World

MOST = 12 * 1024
PLACES = ("沙龙路", "河滨街", "文昌巷", "市场西路", "旧墟一巷", "学堂前", "祠堂街", "新村三路")
TROUBLES = ("垃圾堆放", "路灯不亮", "井盖破损", "占道经营", "污水外溢", "树枝倒伏", "噪声扰民")


async def compressed(api: Api, **params: Any) -> bytes:
    """A list of 50 as it travels to a phone."""
    client = api.as_("dispatcher")
    headers = {"Accept-Encoding": "gzip"}
    async with client.stream("GET", "/v1/tickets", params={"limit": 50, **params}, headers=headers) as reply:
        assert reply.headers["content-encoding"] == "gzip"
        return b"".join([part async for part in reply.aiter_raw()])


async def fill(session: AsyncSession, world: World) -> None:
    """Fifty tickets that are not all alike."""
    for number in range(50):
        title = f"{PLACES[number % 8]} {number * 7 % 90} 号{TROUBLES[number % 7]}已 {number % 9} 天"
        await add_ticket(session, world, title=title)


async def test_fifty_tickets_are_at_most_twelve_kilobytes(
    api: Api, session: AsyncSession, world: World
) -> None:
    await fill(session, world)
    whole = await compressed(api)
    assert len(whole) <= MOST
    lean = await compressed(api, fields="no,title,status,due_at")
    assert len(lean) < len(whole) * 0.8
    assert gzip.decompress(lean).count(b'"title"') == 50


async def test_a_list_answers_the_fields_asked_for_and_the_id(
    api: Api, session: AsyncSession, world: World
) -> None:
    await add_ticket(session, world)
    page = (await api.as_("dispatcher").get("/v1/tickets", params={"fields": "no, title"})).json()
    assert set(page) == {"items", "next_cursor"}
    assert set(page["items"][0]) == {"id", "no", "title"}


async def test_a_field_that_is_not_there_is_a_problem(api: Api) -> None:
    for fields in ("nothing", "no,content", "\x00", "__class__"):
        reply = await api.as_("dispatcher").get("/v1/tickets", params={"fields": fields})
        problem_in(reply, 422, "invalid", "query.fields")


async def test_who_takes_no_gzip_gets_plain_json(api: Api, session: AsyncSession, world: World) -> None:
    await fill(session, world)
    headers = {"Accept-Encoding": "identity"}
    reply = await api.as_("dispatcher").get("/v1/tickets", headers=headers)
    assert "content-encoding" not in reply.headers
    assert len(reply.json()["items"]) == 50
