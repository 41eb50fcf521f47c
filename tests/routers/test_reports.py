"""Reports: made when a period is over, the same for ever after, as figures, as a workbook and as a page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions
from app.models.enums.report import MONTHS
from app.models.platform import AuditLog
from app.services.stats import report_charts, report_periods, reports
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.world import World

URL = "/v1/reports"
LEADER = "leader_viewer"


def month(day: date, months: int) -> date:
    """The first day of the month some months later."""
    year, number = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, number + 1, 1)


THIS_MONTH = clock.today().replace(day=1)


@contextmanager
def at(day: date) -> Iterator[None]:
    """It is an hour after midnight of a day where the business lives."""
    moment = clock.day_start(day) + timedelta(hours=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment.astimezone(UTC))
        yield


@pytest.fixture
async def town(api: Api, world: World) -> None:
    """Two closed tickets in one village, one in another, one under way."""
    for grid, who, status in (
        ("grid_a1", "grid_worker", "closed"),
        ("grid_a2", "grid_worker_a2", "closed"),
        ("grid_b1", "grid_worker_b", "closed"),
        ("grid_b1", "grid_worker_b", "processing"),
    ):
        loop = Loop(api, world)
        await loop.report(who, area_id=str(world.places[grid].id), location=None)
        await loop.to(status)


@pytest.fixture
async def made(town: None, sessions: Sessions) -> int:
    """The worker's night after the month is over."""
    assert town is None
    with at(month(THIS_MONTH, 1)):
        return await reports.make_due(sessions)


async def listed(api: Api, who: str, **params: str) -> list[dict[str, Any]]:
    """The reports that somebody lists."""
    reply = await api.as_(who).get(URL, params={"limit": "100", **params})
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def the_months(api: Api, who: str, name: str = "九江镇") -> dict[str, Any]:
    """The report of this month of a town or an organisation."""
    found = [
        one
        for one in await listed(api, who, kind="monthly")
        if one["first_on"] == THIS_MONTH.isoformat() and (one["area"] or one["org"])["name"] == name
    ]
    reply = await api.as_(who).get(f"{URL}/{found[0]['id']}")
    assert reply.status_code == 200, reply.text
    report: dict[str, Any] = reply.json()
    return report


@pytest.mark.usefixtures("made")
async def test_a_months_report_holds_the_months_figures_and_says_by_which_definitions(api: Api) -> None:
    report = await the_months(api, LEADER)
    kpis = {item["code"]: item for item in report["content"]["answers"]["kpis"]["items"]}
    assert (kpis["reports"]["value"], kpis["closed"]["value"], kpis["open"]["value"]) == (4, 3, 1)
    assert report["title"] == f"{THIS_MONTH.year}年{THIS_MONTH.month}月研判月报"
    assert report["definition_version"] == report["content"]["definition_version"]
    before = report["content"]["answers"]["kpis"]["previous"]
    start = datetime.fromisoformat(before["start"]).astimezone(clock.BUSINESS_ZONE).date()
    assert start == month(THIS_MONTH, -1), "a month stands against the month before"
    areas = {row["name"]: row["figures"][0]["value"] for row in report["content"]["answers"]["areas"]["rows"]}
    assert areas == {"儒林社区": 2, "河清村": 2}


@pytest.mark.usefixtures("made")
async def test_what_happens_after_publication_changes_no_published_report(
    api: Api, world: World, sessions: Sessions, session: AsyncSession
) -> None:
    published = await the_months(api, LEADER)
    await Loop(api, world).to("closed")
    with at(month(THIS_MONTH, 1)):
        assert await reports.make_due(sessions) == 0
    assert await the_months(api, LEADER) == published
    with pytest.raises(DBAPIError, match="permission denied"):
        await session.execute(text("UPDATE report SET title = 'x'"))


async def test_the_night_makes_reports_of_towns_and_organisations_once(api: Api, made: int) -> None:
    assert made > 0
    kinds = [(one["kind"], (one["area"] or one["org"])["name"]) for one in await listed(api, LEADER)]
    assert ("monthly", "九江镇") in kinds
    assert ("monthly", "九江镇综合行政执法办公室") in kinds
    assert ("round", "九江镇") in kinds
    assert len(kinds) == len(set(kinds))


@pytest.mark.usefixtures("made")
async def test_each_lists_and_reads_the_reports_of_their_own_reach(api: Api) -> None:
    theirs = await the_months(api, LEADER)
    own = await the_months(api, "dept_head", "九江镇综合行政执法办公室")
    assert {one["org"]["name"] for one in await listed(api, "dept_head")} == {"九江镇综合行政执法办公室"}
    assert own["content"]["answers"]["kpis"]["scope"]["orgs"][0]["name"] == "九江镇综合行政执法办公室"
    for who in ("village_admin", "dispatcher_c", "dept_head"):
        for path in ("", "/workbook", "/page"):
            reply = await api.as_(who).get(f"{URL}/{theirs['id']}{path}")
            problem_in(reply, 404, "not_found")
    problem_in(await api.as_("auditor").get(URL), 403, "forbidden")


async def test_a_report_can_be_asked_for_and_is_the_same_for_who_asks_again(
    api: Api, world: World, session: AsyncSession
) -> None:
    first = month(THIS_MONTH, -1).isoformat()
    body = {"kind": "monthly", "area_id": str(world.places["village_a"].id), "first_on": first}
    made = await api.as_("village_admin").post(URL, json=body)
    again = await api.as_(LEADER).post(URL, json=body)
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() == again.json()
    (row,) = await session.scalars(select(AuditLog).where(AuditLog.entity == "report"))
    assert (str(row.entity_id), row.actor_id) == (made.json()["id"], world["village_admin"].member_id)
    outside = body | {"area_id": str(world.places["village_b"].id)}
    problem_in(await api.as_("village_admin").post(URL, json=outside), 404, "not_found")
    problem_in(await api.as_("grid_worker").post(URL, json=body), 403, "forbidden")


@pytest.mark.parametrize(
    ("kind", "first", "code"),
    [
        ("monthly", THIS_MONTH, "period_not_over"),
        ("monthly", THIS_MONTH.replace(day=2), "invalid"),
        ("quarterly", date(2026, 2, 1), "invalid"),
        ("half_yearly", date(2026, 4, 1), "invalid"),
        ("round", date(2026, 2, 1), "invalid"),
    ],
)
async def test_no_report_of_a_period_that_is_none_or_not_over(
    api: Api, world: World, kind: str, first: date, code: str
) -> None:
    body = {"kind": kind, "area_id": str(world.places["town"].id), "first_on": first.isoformat()}
    reply = await api.as_(LEADER).post(URL, json=body)
    assert reply.json()["code"] == code


async def test_trap_15_a_round_places_equals_alike_and_leaves_out_who_has_too_little(
    api: Api, world: World, sessions: Sessions
) -> None:
    for grid, who in (("grid_a1", "grid_worker"), ("grid_b1", "grid_worker_b")):
        for _number in range(5):
            loop = Loop(api, world)
            await loop.report(who, area_id=str(world.places[grid].id), location=None)
            await loop.to("closed")
    with at(month(THIS_MONTH, 2)):
        await reports.make_due(sessions)
    newest = next(one for one in await listed(api, LEADER, kind="round") if one["area"]["name"] == "九江镇")
    answers = (await api.as_(LEADER).get(f"{URL}/{newest['id']}")).json()["content"]["answers"]
    rows = answers["areas_satisfaction_rate"]["rows"]
    assert [(row["name"], row["rank"], row["denominator"]) for row in rows] == [
        ("儒林社区", 1, 5),
        ("河清村", 1, 5),
    ]
    nobody = answers["areas_effective_visit_rate"]["rows"]
    assert [(row["value"], row["rank"]) for row in nobody] == [(None, None)] * len(nobody)


@pytest.mark.usefixtures("made")
async def test_the_workbook_shows_what_the_figures_say(api: Api) -> None:
    report = await the_months(api, LEADER)
    reply = await api.as_(LEADER).get(f"{URL}/{report['id']}/workbook")
    assert reply.headers["content-disposition"].startswith("attachment")
    book = CalamineWorkbook.from_filelike(BytesIO(reply.content))
    assert book.sheet_names[:3] == ["指标", "趋势", "按类别"]
    rows = {row[0]: row for row in book.get_sheet_by_name("指标").to_python()}
    assert rows["上报量"][1] == "4"
    assert rows["满意率"][1:4] == ["100.0%", "3", "3"]
    assert rows["矛盾化解率"][1:4] == ["–", "0", "0"]
    assert "指标定义第" in str(next(iter(rows)))


@pytest.mark.usefixtures("made")
async def test_the_page_needs_nothing_but_itself_and_has_its_charts(api: Api) -> None:
    report = await the_months(api, LEADER)
    reply = await api.as_(LEADER).get(f"{URL}/{report['id']}/page")
    assert reply.headers["content-type"].startswith("text/html")
    assert not re.search(r"<script|<link|https?://|src=|url\(", reply.text)
    assert reply.text.count("<svg") >= 4
    for told in (report["title"], "儒林社区", "满意率", "100.0%", "发布后不再改动"):
        assert told in reply.text


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("scope", ["area_id", "org_id"])
@pytest.mark.parametrize(
    ("kind", "first", "title"),
    [
        ("quarterly", "2026-01-01", "2026年第1季度分析"),
        ("half_yearly", "2026-01-01", "2026年上半年总结"),
        ("round", "2026-03-01", "2026年第2轮打擂排名（3—4月）"),
    ],
)
async def test_every_kind_is_made_of_an_area_and_of_an_organisation_and_downloads_whole(
    api: Api, world: World, scope: str, kind: str, first: str, title: str
) -> None:
    whose = world.places["town"].id if scope == "area_id" else world.orgs["urban"].id
    body = {"kind": kind, "first_on": first, scope: str(whose)}
    made = await api.as_(LEADER).post(URL, json=body)
    assert (made.status_code, made.json()["title"]) == (201, title)
    page = await api.as_(LEADER).get(f"{URL}/{made.json()['id']}/page")
    assert not re.search(r"<script|<link|https?://|src=|url\(", page.text)
    assert "指标定义第" in page.text
    workbook = await api.as_(LEADER).get(f"{URL}/{made.json()['id']}/workbook")
    names = CalamineWorkbook.from_filelike(BytesIO(workbook.content)).sheet_names
    assert len(names) == len(set(names)) >= 4
    if kind == "round" and scope == "area_id":
        rows = made.json()["content"]["answers"]["areas_composite"]["rows"]
        assert {row["name"]: row["rank"] for row in rows} == {"儒林社区": None, "河清村": None}


@pytest.mark.usefixtures("made")
async def test_a_statistician_is_told_no_small_cells_by_category(api: Api) -> None:
    report = await the_months(api, "statistician")
    rows = report["content"]["answers"]["categories"]["rows"]
    assert rows
    assert all(figure["numerator"] is None for row in rows for figure in row["figures"])
    page = await api.as_("statistician").get(f"{URL}/{report['id']}/page")
    assert "（数小不公布）" in page.text


def test_a_name_in_a_chart_is_text_and_never_markup() -> None:
    drawn = report_charts.bars([("<script>x</script>", 3)], title='"><b>')
    assert "<script" not in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize(
    ("today", "monthly", "quarterly", "half_yearly", "round_"),
    [
        ("2026-01-01", "2025-12-01", "2025-10-01", "2025-07-01", "2025-11-01"),
        ("2026-03-31", "2026-02-01", "2025-10-01", "2025-07-01", "2026-01-01"),
        ("2026-07-01", "2026-06-01", "2026-04-01", "2026-01-01", "2026-05-01"),
    ],
)
def test_the_period_that_was_over_last(
    today: str, monthly: str, quarterly: str, half_yearly: str, round_: str
) -> None:
    with at(date.fromisoformat(today)):
        found = [report_periods.latest(kind).isoformat() for kind in MONTHS]
    assert found == [monthly, quarterly, half_yearly, round_]
