"""The tickets behind a figure: those that were counted, all of them, as often as they were, and no others."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Sessions
from app.core.paging import encode_cursor
from app.models.enums import Role
from app.models.enums.figure import Unit
from app.models.staff import Post
from app.models.ticket import Ticket
from app.services.stats import folding, rebuilding
from app.services.stats.kpis import KPIS
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.waiting import until_all_have_ended
from tests.support.world import World

STATS = "/v1/stats"
LEADER = "leader_viewer"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
OF_VISITS = {"visits", "effective_visit_rate", "issue_per_100_visits"}
TICKETS = [kpi for kpi in KPIS.values() if kpi.unit is not Unit.SCORE and kpi.code not in OF_VISITS]
ASKING = (LEADER, "village_admin", "village_admin_b", "grid_worker", "dept_head", "dept_head_fire")


async def told(api: Api, who: str, path: str, **params: Any) -> Any:
    """The answer to a question."""
    reply = await api.as_(who).get(f"{STATS}/{path}", params=params)
    assert reply.status_code == 200, (path, params, reply.text)
    return reply.json()


async def all_counted(api: Api, who: str, limit: int = 100, **params: Any) -> list[dict[str, Any]]:
    """Every row behind a figure, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await told(api, who, "counted", limit=limit, **params, **cursor)
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}


async def happen(api: Api, world: World) -> None:
    """A loop that went well, a reworked one, one sent astray, one in another village."""
    await Loop(api, world).to("closed")
    again = Loop(api, world)
    await again.to("resolved")
    await again.act("dispatcher", action="reject_resolution", opinion="现场仍有垃圾")
    astray = Loop(api, world)
    await astray.to("processing")
    await astray.act(
        "dispatcher", action="reroute", org_id=str(world.orgs["fire"].id), opinion="应由消防处理"
    )
    other = Loop(api, world)
    await other.report("grid_worker_b", area_id=str(world.places["grid_b1"].id), location=None)
    await other.to("dispatched")


async def folded(sessions: Sessions) -> None:
    """The rollups from scratch, up to now."""
    await until_all_have_ended(sessions)
    async for _progress in rebuilding.run(sessions):
        pass
    await folding.run(sessions)


@pytest.mark.commits
@pytest.mark.parametrize("state", ["nothing folded", "all folded", "news behind the fold"])
async def test_the_tickets_behind_a_figure_add_up_to_it_for_everybody(
    api: Api, world: World, sessions: Sessions, state: str
) -> None:
    await happen(api, world)
    if state != "nothing folded":
        await folded(sessions)
    if state == "news behind the fold":
        await happen(api, world)
    counted = 0
    for who in ASKING:
        figures = {row["code"]: row for row in (await told(api, who, "kpis"))["items"]}
        for kpi in TICKETS:
            figure = figures[kpi.code]
            # Of times, the tickets that took them stand behind both sides.
            times = kpi.unit in {Unit.MINUTES, Unit.CLASS}
            above = figure["denominator"] if times else figure["numerator"]
            rows = await all_counted(api, who, kpi=kpi.code)
            assert sum(row["times"] for row in rows) == above, (who, kpi.code, state)
            if figure["denominator"] is not None and not times:
                below = await all_counted(api, who, kpi=kpi.code, part="denominator")
                rest = await all_counted(api, who, kpi=kpi.code, part="rest")
                assert sum(row["times"] for row in below) == figure["denominator"], (who, kpi.code)
                assert sum(row["times"] for row in rest) == figure["denominator"] - above, (who, kpi.code)
            counted += len(rows)
    assert counted > 100


@pytest.mark.commits
async def test_small_pages_hold_what_one_large_page_holds_across_the_fold(
    api: Api, world: World, sessions: Sessions
) -> None:
    await happen(api, world)
    await folded(sessions)
    await happen(api, world)
    for who in (LEADER, "dept_head"):
        for kpi in ("open", "reports", "sign_on_time", "results"):
            whole = await all_counted(api, who, kpi=kpi)
            assert await all_counted(api, who, limit=1, kpi=kpi) == whole, (who, kpi)
    assert len(await all_counted(api, LEADER, kpi="reports")) == 8


@pytest.mark.commits
async def test_what_was_closed_before_an_area_moved_is_found_where_it_is_counted(
    api: Api, world: World, sessions: Sessions
) -> None:
    for grid, who in (("grid_b1", "grid_worker_b"), ("grid_a2", "grid_worker_a2")):
        loop = Loop(api, world)
        await loop.report(who, area_id=str(world.places[grid].id), location=None)
        await loop.to("closed")
    for area, into in (("village_b", "town_b"), ("grid_a2", "village_b")):
        moved = await api.as_("system_admin").post(
            f"/v1/areas/{world.places[area].id}/move", json={"parent_id": str(world.places[into].id)}
        )
        assert moved.status_code == 200, moved.text
    await folded(sessions)
    for who, area, closed in (
        (LEADER, "town", 2),
        (LEADER, "village_a", 1),
        ("dispatcher_c", "village_b", 1),
        ("dispatcher_c", "grid_a2", 1),
        ("dispatcher_c", "town_b", 0),
    ):
        narrowed: dict[str, Any] = {"area_id": str(world.places[area].id)}
        (figure,) = (await told(api, who, "kpis", kpis="closed", **narrowed))["items"]
        assert figure["value"] == closed, area
        assert len(await all_counted(api, who, kpi="closed", **narrowed)) == closed, area


async def test_a_row_of_a_breakdown_opens_its_own_tickets(api: Api, world: World) -> None:
    await happen(api, world)
    for by in ("category", "source", "area", "worker", "org"):
        kpi = "dispatch_accuracy" if by == "org" else "reports"
        rows = (await told(api, LEADER, "breakdown", by=by, kpis=kpi))["rows"]
        assert rows, by
        for row in rows:
            behind = await all_counted(api, LEADER, kpi=kpi, by=by, key=row["key"])
            assert sum(one["times"] for one in behind) == row["figures"][0]["numerator"], (by, row["name"])


async def test_a_stage_of_the_flow_opens_the_tickets_that_are_there(api: Api, world: World) -> None:
    await happen(api, world)
    for stage in (await told(api, LEADER, "flow"))["stages"]:
        behind = await all_counted(api, LEADER, measure=f"open_{stage['stage']}")
        assert len(behind) == stage["open"]
        assert {one["stage"] for one in behind} <= {stage["stage"]}


async def test_titles_go_to_those_who_may_see_the_ticket_now(api: Api, world: World) -> None:
    astray = Loop(api, world)
    await astray.to("processing")
    await astray.act(
        "dispatcher", action="reroute", org_id=str(world.orgs["fire"].id), opinion="应由消防处理"
    )
    (leaders,) = await all_counted(
        api, LEADER, kpi="decline_rate", part="denominator", by="org", key=str(world.orgs["urban"].id)
    )
    assert leaders["title"] == "沙龙路垃圾堆放三天没人清"
    (former,) = await all_counted(api, "dept_head", kpi="decline_rate", part="denominator")
    assert (former["id"], former["title"]) == (astray.id, None)
    problem_in(await api.as_("dept_head").get(f"/v1/tickets/{astray.id}"), 404, "not_found")


async def test_who_sees_no_tickets_is_not_told_what_one_is_about(api: Api, world: World) -> None:
    await Loop(api, world).to("processing")
    (row,) = await all_counted(api, "statistician", kpi="open")
    assert (row["title"], row["category"]) == (None, None)
    for params in (
        {"kpi": "open", "by": "category", "key": "0501"},
        {"kpi": "mediation_success", "part": "denominator"},
        {"measure": "disputes_solved"},
    ):
        problem_in(await api.as_("statistician").get(f"{STATS}/counted", params=params), 403, "forbidden")
    (step, *_) = (await told(api, "statistician", "live"))["items"]
    assert step["category"] is None


async def test_a_row_by_organisation_is_of_the_areas_and_not_of_all_that_it_does(
    api: Api, world: World, session: AsyncSession
) -> None:
    urban = world.orgs["urban"].id
    post = Post(member_id=world[LEADER].member_id, role=Role.DEPT_HEAD, org_id=urban, valid_from=BEGINNING)
    session.add(post)
    await Loop(api, world).to("dispatched")
    elsewhere = Loop(api, world)
    await elsewhere.to("dispatched")
    place = update(Ticket).where(Ticket.id == elsewhere.id)
    c = {name: world.places[name].id for name in ("grid_c1", "village_c", "town_b")}
    await session.execute(
        place.values(
            area_id=c["grid_c1"], grid_id=c["grid_c1"], village_id=c["village_c"], town_id=c["town_b"]
        )
    )
    await session.commit()
    rows = (await told(api, LEADER, "breakdown", by="org", kpis="decline_rate"))["rows"]
    (row,) = [row for row in rows if row["key"] == str(urban)]
    behind: dict[str, Any] = {
        "kpi": "decline_rate", "part": "denominator", "by": "org", "key": str(urban)
    }  # fmt: skip
    assert (row["figures"][0]["denominator"], len(await all_counted(api, LEADER, **behind))) == (1, 1)
    params = behind | {"org_id": str(urban), "key": str(world.orgs["fire"].id)}
    problem_in(await api.as_(LEADER).get(f"{STATS}/counted", params=params), 404, "not_found")


@pytest.mark.parametrize(
    "hour",
    ["2026-W01-1T00:00:00+00:00", "0001-01-01T00:00+23:59", "2026-01-01T00:00:00+23:59:59", "infinity"],
)
async def test_a_forged_hour_in_a_cursor_breaks_nothing(api: Api, hour: str) -> None:
    params = {"kpi": "open", "cursor": encode_cursor(hour, UUID(int=1))}
    reply = await api.as_(LEADER).get(f"{STATS}/counted", params=params)
    assert reply.status_code in {200, 422}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"kpi": "no_such"}, "query.kpis"),
        ({"kpi": "composite"}, "query.kpi"),
        ({"kpi": "visits"}, "query.kpi"),
        ({"kpi": "open", "part": "denominator"}, "query.part"),
        ({"kpi": "open", "by": "worker", "key": "x"}, "query.key"),
        ({"kpi": "open", "by": "category"}, "query.key"),
        ({"kpi": "open", "cursor": "x"}, "query.cursor"),
    ],
)
async def test_what_has_no_tickets_behind_it_is_refused(api: Api, params: dict[str, str], field: str) -> None:
    reply = await api.as_(LEADER).get(f"{STATS}/counted", params=params)
    assert problem_in(reply, 422, "invalid")["errors"][0]["field"] == field
