"""The page of figures in a real Chromium against a real server: what it shows, how it takes disturbance."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route, ViewportSize, expect

from app.core.ids import uuid7
from tests.support.browser import PATIENCE_MS, Console, signed_in, violations, waited_for
from tests.support.database import Server
from tests.support.shown_town import ShownTown
from tests.support.world import World

WHO, SCREEN = "leader_viewer", "/v1/stats/screen"
WALL = ViewportSize(width=1366, height=768)
PHONE = ViewportSize(width=390, height=844)
MOST_OPENED = 70
NO_PAST = {"value": None, "numerator": None, "denominator": None}


@pytest.fixture(scope="module")
async def town(
    server: Server, tmp_path_factory: pytest.TempPathFactory, world: World
) -> AsyncIterator[ShownTown]:
    database = await server.create(f"wangge_shown_{uuid7().hex[-8:]}")
    found = ShownTown(database, tmp_path_factory.mktemp("shown"), world)
    found.start()
    await found.fill()
    yield found
    found.kill()


Opening = Callable[..., Awaitable[Page]]


@pytest.fixture
async def opened(browser: Browser, town: ShownTown, world: World) -> AsyncIterator[Opening]:
    """Opens the page as somebody who signs in on it."""
    contexts = []

    async def open_(
        words: str = "screen=command",
        *,
        size: ViewportSize = WALL,
        theme: Any = "light",
        who: str | None = WHO,
    ) -> Page:
        context = await browser.new_context(viewport=size, color_scheme=theme, locale="zh-CN")
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        await page.goto(f"{town.page}#{words}")
        if who is not None:
            await signed_in(page, world[who].username)
        return page

    yield open_
    for context in contexts:
        await context.close()


def stage(page: Page, number: int) -> Locator:
    """How many are open in a stage, as the page shows it."""
    return page.locator(".stages li").nth(number).locator(".open strong")


def open_in(page: Page, number: int, count: int) -> Locator:
    """The figure of a stage, once so many are open there."""
    return stage(page, number).filter(has_text=re.compile(f"^{count}$"))


async def test_it_shows_the_numbers_of_the_api(opened: Opening, town: ShownTown) -> None:
    page = await opened("screen=command&period=month")
    flow = await town.told("flow", period="month")
    for number, each in enumerate(flow["stages"]):
        column = page.locator(".stages li").nth(number)
        await expect(stage(page, number)).to_have_text(str(each["open"]))
        await expect(column).to_contain_text(f"超期 {each['overdue']}")
        await expect(column.locator(".under")).to_contain_text(str(each["entered"]))
    assert sum(each["open"] for each in flow["stages"]) > 5
    for kpi in (await town.told("kpis", period="month", kpis="solved_rate"))["items"]:
        shown = page.locator(f'[data-key="{kpi["code"]}"]')
        await expect(shown.locator(".value")).to_have_text(f"{100 * kpi['value']:.1f}%")
        assert f"{kpi['numerator']} ÷ {kpi['denominator']}" in str(await shown.get_attribute("data-tip"))


async def test_a_leader_begins_with_the_leaders_screen_and_a_dispatcher_with_the_centres(
    opened: Opening,
) -> None:
    for who, title in ((WHO, "镇街领导"), ("dispatcher", "指挥中心")):
        page = await opened("", who=who)
        current = page.get_by_role("navigation").locator("[aria-current]")
        await expect(current).to_have_text(title)


async def test_what_has_nothing_to_divide_by_is_a_dash(opened: Opening, town: ShownTown) -> None:
    page = await opened("screen=command&period=month")
    value = page.locator('[data-key="rework_rate"] .value')
    (kpi,) = (await town.told("kpis", period="last_month", kpis="rework_rate"))["items"]
    assert (kpi["value"], kpi["denominator"]) == (None, 0)
    await expect(value).to_have_text("0.0%")
    await page.get_by_label("时段").select_option("last_month")
    await expect(value).to_have_text("–")


@pytest.mark.parametrize("screen", ["command", "leader"])
async def test_no_screen_says_anything_on_the_console(opened: Opening, screen: str) -> None:
    page = await opened(f"screen={screen}")
    console = Console(page)
    await page.reload()
    await expect(page.locator(".plot .main-svg").first).to_be_visible()
    assert console.said == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", ["command", "leader"])
async def test_nothing_on_the_page_shuts_anybody_out(opened: Opening, screen: str, theme: str) -> None:
    page = await opened(f"screen={screen}", theme=theme)
    await expect(page.locator(".plot .main-svg").first).to_be_visible()
    assert await violations(page) == []


async def test_the_way_in_shuts_nobody_out_and_says_what_is_wrong(opened: Opening) -> None:
    page = await opened(who=None)
    assert await violations(page) == []
    await page.get_by_label("账号或手机号").fill("nobody")
    await page.get_by_label("密码").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).not_to_be_empty()


@pytest.mark.parametrize("screen", ["command", "leader"])
@pytest.mark.parametrize("size", [WALL, ViewportSize(width=1920, height=1080), PHONE])
async def test_everything_has_its_place_on_every_screen(
    opened: Opening, screen: str, size: ViewportSize
) -> None:
    page = await opened(f"screen={screen}", size=size)
    await expect(page.locator(".plot .main-svg").first).to_be_visible()
    boxes = [await panel.bounding_box() for panel in await page.locator(".panel").all()]
    assert len(boxes) == (9 if screen == "command" else 10)
    for number, one in enumerate(boxes):
        assert one is not None
        assert one["x"] >= 0
        assert one["x"] + one["width"] <= size["width"]
        assert size is PHONE or one["y"] + one["height"] <= size["height"]
        assert not any(overlap(one, other) for other in boxes[number + 1 :])


def overlap(one: Any, other: Any) -> bool:
    return all(
        one[side] < other[side] + other[length] - 1 and other[side] < one[side] + one[length] - 1
        for side, length in (("x", "width"), ("y", "height"))
    )


async def test_a_click_on_a_figure_lists_the_tickets_that_it_counts(opened: Opening, town: ShownTown) -> None:
    page = await opened("screen=command&period=month")
    await page.locator('[data-key="solved_rate"]').click()
    rows = page.get_by_role("dialog").locator("tbody tr")
    counted = (await town.told("counted", kpi="solved_rate", period="month"))["items"]
    await expect(rows).to_have_count(len(counted))
    assert [await row.locator(".no").inner_text() for row in await rows.all()] == [
        each["no"] for each in counted
    ]
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("screen", ["command", "leader"])
async def test_every_figure_opens_on_what_it_counts(opened: Opening, screen: str) -> None:
    page = await opened(f"screen={screen}&period=month")
    console = Console(page)
    await page.locator('[data-panel="trend"]').get_by_role("button", name="表格").click()
    figures = page.locator(".panel :is(.body, .note) button")
    for number in range(min(await figures.count(), MOST_OPENED)):
        figure = figures.nth(number)
        await figure.evaluate("figure => figure.click()")
        found = page.get_by_role("dialog").locator(".found")
        await expect(found.locator("table, .empty:not([role=status])")).to_be_visible()
        assert not await found.get_by_role("alert").count(), await figure.inner_text()
        await page.keyboard.press("Escape")
    assert console.said == []


async def test_what_is_late_is_listed_with_who_has_to_act(opened: Opening, town: ShownTown) -> None:
    page = await opened()
    late = await town.told("overdue")
    rows = page.locator(".longest button")
    await expect(rows).to_have_count(len(late["longest"]))
    assert {"梁经办", None} == {one["responsible"]["person"] for one in late["longest"]}
    for number, one in enumerate(late["longest"]):
        who = one["responsible"]
        told = (one["category"], one["area"]["name"], who["org"]["name"], who["person"] or who["role_name"])
        for words in (*told, "26 小时"):
            await expect(rows.nth(number)).to_contain_text(words)
    await page.locator('[data-key="span-1"]').click()
    await expect(page.get_by_role("dialog").locator("tbody tr")).to_have_count(late["overdue_by"][1]["count"])
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="单位", exact=True).click()
    await expect(page.locator(".late-bars li")).to_have_count(len(late["orgs"]))


async def test_a_wall_is_told_which_organisation_has_to_act_and_not_who(
    opened: Opening, town: ShownTown
) -> None:
    page = await opened(f"token={await town.screen_token()}", who=None)
    row = page.locator(".longest button").last
    await expect(row.locator(".who")).to_have_text("九江镇综合行政执法办公室 承办单位经办人")
    assert "梁经办" not in await page.content()


async def test_visits_are_told_with_what_they_reached_and_open_by_area(
    opened: Opening, town: ShownTown, world: World
) -> None:
    page = await opened("screen=leader&period=month")
    told = await town.told("visits", period="month")
    assert told["visits"] == told["covered"]["numerator"] == 1
    covered = page.locator('[data-panel="visits"] [data-key="covered"]')
    await expect(covered.locator(".value")).to_have_text(f"{100 * told['covered']['rate']:.1f}%")
    await covered.click()
    table = page.get_by_role("dialog").get_by_role("table")
    await expect(table.get_by_role("columnheader")).to_have_text(
        ["区域", "走访量", "有效走访率", "走访发现率"]
    )
    village = world.places["village_a"].name
    await expect(table.get_by_role("row", name=village)).to_contain_text("1")
    assert await violations(page) == []
    await table.get_by_role("button", name=village).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(village)


async def test_what_is_so_now_has_no_arrow(opened: Opening, world: World) -> None:
    async def without_past(route: Route) -> None:
        reply = await route.fetch()
        if reply.status != HTTPStatus.OK:
            return await route.fulfill(response=reply)
        body = await reply.json()
        for kpi in body["answers"]["heads"]["items"]:
            if kpi["code"] == "overdue_open":
                kpi |= {"change": None, "change_on_year": None, "previous": NO_PAST, "year_before": NO_PAST}
        return await route.fulfill(response=reply, json=body)

    page = await opened("screen=leader", who=None)
    await page.route(f"**{SCREEN}*", without_past)
    await signed_in(page, world[WHO].username)
    now = page.locator('.heads [data-key="overdue_open"]')
    await expect(now.locator(".way")).to_have_text("现在")
    assert "环比" not in str(await now.get_attribute("data-tip"))


async def test_a_place_can_be_looked_at_alone_and_left_again(
    opened: Opening, town: ShownTown, world: World
) -> None:
    page = await opened("screen=command&period=month")
    village = world.places["village_a"]
    await page.locator(f'.ranks [data-key="{village.id}"]').click()
    await page.get_by_role("button", name="只看此处").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(village.name)
    flow = await town.told("flow", period="month", area_id=str(village.id))
    for number, each in enumerate(flow["stages"]):
        await expect(stage(page, number)).to_have_text(str(each["open"]))
    await page.get_by_role("button", name="返回全部").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(world.places["town"].name)


async def test_the_keyboard_walks_over_the_map_and_opens_a_grid(opened: Opening, world: World) -> None:
    page = await opened()
    grids = page.locator(".map .grid")
    await grids.first.focus()
    names = set()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        await page.keyboard.press(key)
        names.add(await page.evaluate("document.activeElement.getAttribute('aria-label').split('；')[0]"))
    assert names <= {place.name for place in world.places.values()}
    assert len(names) == 4
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_a_new_ticket_is_on_the_wall_without_anybody_touching_it(
    opened: Opening, town: ShownTown
) -> None:
    page = await opened()
    await page.clock.install()
    await page.reload()
    await expect(page.locator(".age")).to_have_attribute("data-state", "fresh")
    before = int(await stage(page, 0).inner_text())
    await town.report()
    await waited_for(page, open_in(page, 0, before + 1))


async def test_it_says_that_the_server_is_away_and_goes_on_when_it_is_back(
    opened: Opening, town: ShownTown
) -> None:
    page = await opened()
    await page.clock.install()
    await page.reload()
    await expect(page.locator(".age")).to_have_attribute("data-state", "fresh")
    before = int(await stage(page, 0).inner_text())
    town.kill()
    await waited_for(page, page.locator(".age[data-state=away]"))
    await expect(stage(page, 0)).to_have_text(str(before))
    town.start()
    await town.report()
    await waited_for(page, open_in(page, 0, before + 1))
    await expect(page.locator(".age")).to_have_attribute("data-state", "fresh")


async def test_a_screen_opens_by_its_token_which_leaves_the_address_at_once(
    opened: Opening, town: ShownTown
) -> None:
    token = await town.screen_token()
    page = await opened(f"screen=leader&token={token}", who=None)
    await expect(page.locator(".stages")).to_be_visible()
    assert token not in page.url
    await expect(page.get_by_role("button", name="退出")).to_have_count(0)
    await page.reload()
    await expect(page.locator(".heads")).to_be_visible()


async def test_a_lost_answer_to_a_refresh_does_not_sign_anybody_out(opened: Opening) -> None:
    page = await opened()
    await page.evaluate(
        "sessionStorage['wangge.session'] = sessionStorage['wangge.session'].replace('eyJ', 'xxx')"
    )
    lost = []

    async def lose(route: Route) -> None:
        """The server answers, and the answer is lost; the second time it arrives."""
        lost.append(route.request.post_data)
        answer = await route.fetch()
        await (route.abort() if len(lost) == 1 else route.fulfill(response=answer))

    await page.route("**/v1/auth/token", lose)
    await page.reload()
    await expect(page.locator(".stages")).to_be_visible()
    assert len(lost) == 2
    assert lost[0] == lost[1]
    assert "attempt=" in str(lost[0])


async def test_a_copy_of_the_tab_signs_in_anew_and_the_original_goes_on(
    opened: Opening, town: ShownTown
) -> None:
    page = await opened()
    kept = await page.evaluate("sessionStorage['wangge.session']")
    copy = await page.context.new_page()
    await copy.goto(f"{town.address}/healthz")
    await copy.evaluate("kept => { sessionStorage['wangge.session'] = kept }", kept)
    await copy.goto(page.url)
    await expect(copy.get_by_label("密码")).to_be_visible()
    assert await page.evaluate("sessionStorage['wangge.session']") == kept


async def test_it_asks_for_news_only_and_not_at_all_while_nobody_looks(opened: Opening) -> None:
    page = await opened()
    asked: list[str] = []
    page.on("request", lambda request: note(asked, request.url))
    await page.clock.install()
    await page.reload()
    await expect(page.locator(".stages")).to_be_visible()
    async with page.expect_response(lambda reply: SCREEN in reply.url) as second:
        await page.clock.run_for(12_000)
    reply = await second.value
    assert "if-none-match" in await reply.request.all_headers()
    assert reply.status in {200, 304}
    await page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    before = len(asked)
    await page.clock.run_for(120_000)
    assert len(asked) == before
    async with page.expect_response(lambda reply: SCREEN in reply.url):
        await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")


def note(asked: list[str], url: str) -> None:
    if SCREEN in url:
        asked.append(url)
