"""What a small cell would tell: withheld from who sees no tickets, with whatever would give it away."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from app.core import clock
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World

STATS = "/v1/stats"
MANY, FEW = "0501", "0101"
CATEGORIES = {"by": "category", "kpis": ["reports", "valid_report_rate"]}


@pytest.fixture
async def town(api: Api, world: World) -> None:
    """Twelve tickets of two frequent categories and two of rare ones."""
    for code, count in ((MANY, 6), ("0601", 6), (FEW, 1), ("0201", 1)):
        for _number in range(count):
            await Loop(api, world).report(category_code=code)


@pytest.fixture
async def screen(api: Api, world: World) -> str:
    """The token of a screen for the town."""
    until = (clock.now() + timedelta(days=9)).isoformat()
    body = {"name": "大厅", "area_id": str(world.places["town"].id), "expires_at": until}
    reply = await api.as_(LEADER).post("/v1/screens", json=body)
    assert reply.status_code == 201, reply.text
    token: str = reply.json()["token"]
    return token


LEADER = "leader_viewer"


async def shown(api: Api, token: str, path: str, **params: Any) -> Response:
    """A question of a screen."""
    return await api.get(f"{STATS}/{path}", params=params, headers={"Authorization": f"Bearer {token}"})


def cells(reply: Response) -> dict[str, int | None]:
    """How many reports each category has, as far as it is told."""
    assert reply.status_code == 200, reply.text
    return {row["key"]: row["figures"][0]["numerator"] for row in reply.json()["rows"]}


@pytest.mark.usefixtures("town")
async def test_who_sees_the_tickets_is_told_every_cell(api: Api) -> None:
    for who in (LEADER, "dispatcher", "village_admin"):
        reply = await api.as_(who).get(f"{STATS}/breakdown", params=CATEGORIES)
        assert cells(reply) == {MANY: 6, "0601": 6, FEW: 1, "0201": 1}


@pytest.mark.usefixtures("town")
async def test_a_screen_and_a_statistician_are_told_large_cells_and_no_rest_that_gives_away(
    api: Api, screen: str
) -> None:
    statistician = await api.as_("statistician").get(f"{STATS}/breakdown", params=CATEGORIES)
    for reply in (statistician, await shown(api, screen, "breakdown", **CATEGORIES)):
        told = cells(reply)
        assert told[FEW] is told["0201"] is None
        known = [count for count in told.values() if count is not None]
        assert known
        assert set(known) == {6}
        rest = 14 - sum(known)
        assert rest >= 5, "what is withheld must not follow from the whole"
        for row in reply.json()["rows"]:
            if row["figures"][0]["numerator"] is None:
                assert row["figures"][0] == {"value": None, "numerator": None, "denominator": None}


@pytest.mark.usefixtures("town")
async def test_withheld_rows_come_last_and_in_an_order_that_says_nothing(api: Api, screen: str) -> None:
    rows = (await shown(api, screen, "breakdown", **CATEGORIES)).json()["rows"]
    keys = [row["key"] for row in rows if row["figures"][0]["numerator"] is None]
    assert keys == sorted(keys)
    assert [row["key"] for row in rows][-len(keys) :] == keys


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("path", ["breakdown", "ranking", "counted"])
async def test_nobody_but_a_person_is_told_of_single_workers(
    api: Api, screen: str, world: World, path: str
) -> None:
    params = (
        {"by": "worker", "key": str(world["grid_worker"].member_id)}
        if path == "counted"
        else {"by": "worker"}
    )
    problem_in(await shown(api, screen, path, **params), 403, "forbidden")
    problem_in(await api.as_("api_client").get(f"{STATS}/{path}", params=params), 403, "forbidden")
    assert (await api.as_(LEADER).get(f"{STATS}/{path}", params=params)).status_code == 200


@pytest.mark.usefixtures("town")
async def test_a_screen_reads_the_figures_of_its_own_area_and_no_personal_data(
    api: Api, screen: str, world: World
) -> None:
    mine = await shown(api, screen, "kpis", kpis="reports")
    assert mine.json()["items"][0]["value"] == 14
    elsewhere = world.places["town_b"].id
    problem_in(await shown(api, screen, "kpis", area_id=elsewhere), 404, "not_found")
    told = [await shown(api, screen, path) for path in ("screen", "live", "counted", "map", "overdue")]
    for reply in told:
        assert reply.status_code == 200, reply.text
        for hidden in ("关大婶", "关小勤", "13812345678", "建筑垃圾", "沙龙路"):
            assert hidden not in reply.text, (reply.request.url, hidden)
    assert {row["title"] for row in told[2].json()["items"]} == {None}


@pytest.mark.usefixtures("town")
async def test_an_answer_that_was_kept_for_a_leader_is_not_given_to_a_statistician(api: Api) -> None:
    exact = await api.as_(LEADER).get(f"{STATS}/breakdown", params=CATEGORIES)
    withheld = await api.as_("statistician").get(f"{STATS}/breakdown", params=CATEGORIES)
    assert exact.headers["etag"] != withheld.headers["etag"]
    assert cells(exact) != cells(withheld)
