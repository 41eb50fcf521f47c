"""A client's page of itself in a real Chromium against a real server: by its token, for this tab alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from app.core.ids import uuid7
from tests.support.browser import PATIENCE_MS, Console
from tests.support.database import Server
from tests.support.shown_town import ShownTown
from tests.support.third_parties import Registered, register
from tests.support.world import World

DESK, PHONE = ViewportSize(width=1366, height=768), ViewportSize(width=390, height=844)
Opening = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="module")
async def town(
    server: Server, tmp_path_factory: pytest.TempPathFactory, world: World
) -> AsyncIterator[ShownTown]:
    database = await server.create(f"wangge_clients_{uuid7().hex[-8:]}")
    found = ShownTown(database, tmp_path_factory.mktemp("clients"), world)
    found.start()
    yield found
    found.kill()


@pytest.fixture
async def client(town: ShownTown, world: World) -> Registered:
    """A client with three calls, one of which failed, and a message to nobody."""
    found = await register(town.api(), world, owner="12345 热线", fields=["title"], per_minute=300)
    for path in ("areas", "areas", "tickets/none"):
        await found.get(f"/v1/{path}")
    hook = {"url": "https://hooks.example.com/x", "description": "推送"}
    made = await found.api.post("/v1/webhooks", json=hook, headers=found.headers)
    await found.api.post(f"/v1/webhooks/{made.json()['id']}/test", headers=found.headers)
    return found


@pytest.fixture
async def opened(browser: Browser, town: ShownTown) -> AsyncIterator[Opening]:
    """Opens the page, perhaps with a token behind the #."""
    contexts = []

    async def open_(words: str = "", *, size: ViewportSize = DESK, theme: Any = "light") -> Page:
        context = await browser.new_context(viewport=size, color_scheme=theme, locale="zh-CN")
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        await page.goto(f"{town.address}/clients{words}")
        return page

    yield open_
    for context in contexts:
        await context.close()


async def signed_in(page: Page, client: Registered) -> None:
    """Enter the token and wait for the page of figures."""
    await page.get_by_label("接口令牌").fill(client.token["token"])
    await page.get_by_role("button", name="查看").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("接入方 ")


async def test_it_shows_what_the_api_tells_the_client(opened: Opening, client: Registered) -> None:
    told = await counted(client)
    page = await opened()
    await signed_in(page, client)
    await expect(page.get_by_text("12345 热线 · 互联互通")).to_be_visible()
    await expect(page.get_by_label("限额")).to_contain_text("/ 300 次")
    await expect(page.get_by_label("令牌与权限")).to_contain_text(f"wg_{told['token']['key']}")
    await expect(page.get_by_label("最近推送记录")).to_contain_text("webhook.test")
    row = page.get_by_label("按接口统计").get_by_role("row").filter(has_text="ticket_read")
    await expect(row.get_by_role("cell").nth(2)).to_have_text("1")
    assert int(await page.locator("[data-total=errors]").inner_text()) == 1
    calls = page.locator("[data-total=calls]")
    assert int(await calls.inner_text()) >= 5
    before = await calls.inner_text()
    async with page.expect_response(lambda reply: reply.url.endswith("/v1/clients/self")):
        await counted(client, more_than=int(before))
        await page.get_by_role("button", name="刷新").click()
    await expect(calls).not_to_have_text(before)


async def counted(client: Registered, more_than: int = 4) -> dict[str, Any]:
    """What the client is told of itself once its calls are written down, which takes a second."""
    async with asyncio.timeout(60):
        while True:
            told: dict[str, Any] = (await client.get("/v1/clients/self")).json()
            if sum(day["calls"] for day in told["days"]) > more_than:
                return told
            await asyncio.sleep(0.1)


async def test_the_token_behind_the_sign_leaves_the_address_and_stays_in_this_tab(
    opened: Opening, client: Registered
) -> None:
    page = await opened(f"#token={client.token['token']}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("接入方 ")
    assert client.token["token"] not in page.url
    await page.reload()
    await expect(page.get_by_role("button", name="退出")).to_be_visible()
    assert await page.evaluate("localStorage.length") == 0
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_label("接口令牌")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_a_wrong_token_is_told_and_forgotten(opened: Opening) -> None:
    page = await opened("#token=wg_abc.def")
    await expect(page.get_by_role("alert")).to_contain_text("令牌")
    assert await page.evaluate("sessionStorage.length") == 0


async def test_it_says_nothing_on_the_console(opened: Opening, client: Registered) -> None:
    page = await opened()
    console = Console(page)
    await page.reload()
    await signed_in(page, client)
    assert console.said == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_anybody_can_use_it(
    opened: Opening, client: Registered, size: ViewportSize, theme: str
) -> None:
    page = await opened(size=size, theme=theme)
    for step in ("way in", "figures"):
        if step == "figures":
            await signed_in(page, client)
        found = (await Axe().run(page)).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], step
    wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
