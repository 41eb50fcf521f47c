"""Work calendars over HTTP: hours and seasons, an organisation's own one, and publishing years."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.models.platform import AuditLog, WorkCalendarChange
from app.services.platform import calendars
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.seed import CALENDAR_ID
from tests.support.statements import Counter
from tests.support.world import World

URL, DEFAULT = "/v1/calendars", f"/v1/calendars/{CALENDAR_ID}"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ALL_DAY = [{"starts": "08:00", "ends": "12:00"}, {"starts": "15:00", "ends": "18:00"}]
SUMMER = {"name": "夏令时", "first_day": "06-01", "last_day": "09-30", "segments": ALL_DAY}
EARLY = {"code": "early", "name": "早班日历", "segments": [{"starts": "07:00", "ends": "13:00"}]}
NEW_YEAR = [
    {"day": "2027-01-01", "kind": "holiday", "name": "元旦"},
    {"day": "2027-01-09", "kind": "makeup_workday"},
]
YEAR = {"source": "国办发明电〔2026〕1 号", "days": NEW_YEAR}


async def due(api: Api, start: str, calendar: str = "default", amount: int = 1) -> tuple[str, bool]:
    body = {"start": f"{start}+08:00", "unit": "work_days", "amount": amount, "calendar": calendar}
    reply = await api.as_("grid_worker").post("/v1/sla/preview", json=body)
    assert reply.status_code == 200, reply.text
    end = datetime.fromisoformat(reply.json()["due"]).astimezone(SHANGHAI)
    return f"{end:%Y-%m-%dT%H:%M}", reply.json()["provisional"]


async def test_everybody_reads_the_default_calendar_and_which_years_are_published(
    api: Api, statements: Counter
) -> None:
    client = api.as_("grid_worker")
    assert [row["code"] for row in (await client.get(URL)).json()["items"]] == ["default"]
    with statements(at_most=2):
        calendar = (await client.get(DEFAULT)).json()
    assert calendar["segments"] == [
        {"starts": "08:30", "ends": "12:00"},
        {"starts": "14:00", "ends": "17:30"},
    ]
    published = {year["year"]: year["published"] for year in calendar["years"]}
    assert published.items() >= {2024: True, 2025: True, 2026: True}.items()
    year = (await client.get(f"{DEFAULT}/years/2026")).json()
    assert len(year["days"]) == 365
    assert {row["day"]: row["worked"] for row in year["days"]}["2026-02-14"] is True


async def test_a_year_that_nobody_has_published_is_told_as_such(api: Api, statements: Counter) -> None:
    with statements(at_most=4):
        year = (await api.as_("grid_worker").get(f"{DEFAULT}/years/2031")).json()
    assert (year["published"], year["days"], year["changes"]) == (False, [], [])


async def test_publishing_a_year_settles_its_deadlines_at_once(api: Api, world: World) -> None:
    assert await due(api, "2026-12-31T10:00") == ("2027-01-04T17:30", True)
    assert await due(api, "2027-01-08T10:00") == ("2027-01-11T17:30", True)
    reply = await api.as_("system_admin").put(f"{DEFAULT}/years/2027", json=YEAR)
    assert reply.status_code == 200, reply.text
    year = reply.json()
    assert (year["published"], year["source"]) == (True, YEAR["source"])
    assert year["published_by"] == str(world["system_admin"].member_id)
    assert len(year["days"]) == 365
    assert year["days"][0] == {"day": "2027-01-01", "kind": "holiday", "name": "元旦", "worked": False}
    assert await due(api, "2026-12-31T10:00") == ("2027-01-04T17:30", False)
    assert await due(api, "2027-01-08T10:00") == ("2027-01-09T17:30", False)
    assert await due(api, "2027-12-31T10:00") == ("2028-01-03T17:30", True)


async def test_publishing_the_same_again_changes_nothing(api: Api, session: AsyncSession) -> None:
    client = api.as_("system_admin")
    jobs = text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'move_deadlines'")
    for _turn in range(2):
        year = (await client.put(f"{DEFAULT}/years/2027", json=YEAR)).json()
    assert len(year["changes"]) == 1
    assert await session.scalar(jobs) == 2
    corrected = {**YEAR, "days": NEW_YEAR[:1]}
    year = (await client.put(f"{DEFAULT}/years/2027", json=corrected)).json()
    assert len(year["changes"]) == 2
    assert await session.scalar(jobs) == 4
    assert await due(api, "2027-01-08T10:00") == ("2027-01-11T17:30", False)
    audited = select(func.count()).where(AuditLog.action == "calendar.publish")
    assert await session.scalar(audited) == 3


@pytest.mark.parametrize(
    ("day", "field"),
    [
        ({"day": "2026-12-31", "kind": "holiday"}, "body.days.1.day"),
        ({"day": "2027-01-01", "kind": "holiday"}, "body.days.1.day"),
        ({"day": "2027-02-30", "kind": "holiday"}, "body.days.1.day"),
        ({"day": "2027-01-05", "kind": "makeup_workday"}, "body.days.1.kind"),
        ({"day": "2027-01-05", "kind": "weekend"}, "body.days.1.kind"),
        ({"day": "2027-01-09", "kind": "workday"}, "body.days.1.kind"),
        ({"day": "2027-01-09", "kind": "feast"}, "body.days.1.kind"),
        ({"kind": "holiday"}, "body.days.1.day"),
    ],
)
async def test_a_day_that_does_not_fit_is_named_and_nothing_is_published(
    api: Api, session: AsyncSession, day: dict[str, str], field: str
) -> None:
    body = {**YEAR, "days": [NEW_YEAR[0], day]}
    reply = await api.as_("system_admin").put(f"{DEFAULT}/years/2027", json=body)
    problem = problem_in(reply, 422, "invalid", field)
    assert all(not error["message"].isascii() for error in problem["errors"])
    assert await session.scalar(select(func.count()).select_from(WorkCalendarChange)) == 0


@pytest.mark.parametrize("body", [{}, {"source": "x"}, {"source": "x", "days": []}])
async def test_a_year_without_days_or_a_source_is_refused(api: Api, body: dict[str, Any]) -> None:
    reply = await api.as_("system_admin").put(f"{DEFAULT}/years/2027", json=body)
    problem_in(reply, 422, "invalid", "body.days")


async def test_summer_hours_count_on_their_days_from_then_on(api: Api, statements: Counter) -> None:
    client = api.as_("system_admin")
    changed = await client.patch(DEFAULT, json={"seasons": [SUMMER]}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert (changed.headers["etag"], changed.json()["seasons"]) == ('"2"', [SUMMER])
    assert len(changed.json()["segments"]) == 2
    assert await due(api, "2026-07-01T10:00") == ("2026-07-02T18:00", False)
    assert await due(api, "2026-03-04T10:00") == ("2026-03-05T17:30", False)
    problem_in(
        await client.patch(DEFAULT, json={"name": "甲"}, headers={"If-Match": '"1"'}), 412, "stale_version"
    )
    with statements(at_most=2):
        assert (await client.get(DEFAULT)).json() == changed.json()
    assert (await client.patch(DEFAULT, json={"seasons": []})).json()["seasons"] == []
    assert await due(api, "2026-07-01T10:00") == ("2026-07-02T17:30", False)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"segments": []}, "body.segments"),
        ({"segments": ALL_DAY[::-1]}, "body.segments"),
        ({"segments": [{"starts": "08:00", "ends": "08:00"}]}, "body.segments"),
        ({"segments": [{"starts": "8", "ends": "25:00"}]}, "body.segments.0.ends"),
        ({"seasons": [SUMMER, {**SUMMER, "first_day": "09-30", "last_day": "10-07"}]}, "body.seasons"),
        ({"seasons": [{**SUMMER, "first_day": "02-30"}]}, "body.seasons.0.first_day"),
        ({"seasons": [{**SUMMER, "last_day": "June"}]}, "body.seasons.0.last_day"),
        ({"code": "早班"}, "body.code"),
        ({"name": ""}, "body.name"),
    ],
)
async def test_hours_that_make_no_sense_are_named(api: Api, changed: dict[str, Any], field: str) -> None:
    reply = await api.as_("system_admin").post(URL, json=EARLY | changed)
    problem = problem_in(reply, 422, "invalid", field)
    assert all(not error["message"].isascii() for error in problem["errors"])


async def test_an_organisation_gets_a_calendar_of_its_own_whose_other_days_are_the_defaults(
    api: Api, world: World
) -> None:
    client, org = api.as_("system_admin"), world.orgs["urban"].id
    made = await client.post(URL, json=EARLY | {"org_id": str(org)})
    assert made.status_code == 201, made.text
    assert (await client.get(f"/v1/orgs/{org}")).json()["work_calendar_id"] == made.json()["id"]
    assert await due(api, "2026-02-13T16:45", "early") == ("2026-02-14T13:00", False)
    shut = {"source": "本单位通知", "days": [{"day": "2026-02-14", "kind": "holiday", "name": "搬迁"}]}
    year = await client.put(f"{made.headers['location']}/years/2026", json=shut)
    assert [row["day"] for row in year.json()["days"]] == ["2026-02-14"]
    assert await due(api, "2026-02-13T16:45", "early") == ("2026-02-24T13:00", False)
    assert await due(api, "2026-02-13T16:45") == ("2026-02-14T17:30", False)
    problem_in(await client.post(URL, json=EARLY), 409, "calendar_code_taken")
    nobody = await client.post(URL, json=EARLY | {"code": "other", "org_id": str(uuid7())})
    problem_in(nobody, 404, "not_found", "body.org_id")


@pytest.mark.parametrize("who", ["dispatcher", "dept_head", "auditor", "api_client"])
async def test_only_the_administrator_changes_calendars(api: Api, who: str) -> None:
    client = api.as_(who)
    for reply in (
        await client.post(URL, json=EARLY),
        await client.patch(DEFAULT, json={"name": "甲"}),
        await client.put(f"{DEFAULT}/years/2027", json=YEAR),
    ):
        problem_in(reply, 403, "forbidden")


async def test_an_unknown_calendar_is_not_found(api: Api) -> None:
    client, url = api.as_("system_admin"), f"{URL}/{uuid7()}"
    for reply in (
        await client.get(url),
        await client.get(f"{url}/years/2026"),
        await client.patch(url, json={"name": "甲"}),
        await client.put(f"{url}/years/2027", json=YEAR),
    ):
        problem_in(reply, 404, "not_found")


async def test_seeding_again_leaves_a_corrected_year_alone(api: Api, session: AsyncSession) -> None:
    corrected = {"source": "更正", "days": [{"day": "2026-12-31", "kind": "holiday"}]}
    await api.as_("system_admin").put(f"{DEFAULT}/years/2026", json=corrected)
    await calendars.seed(session)
    assert await due(api, "2026-12-30T10:00") == ("2027-01-04T17:30", True)
    changes = select(func.count()).select_from(WorkCalendarChange)
    assert await session.scalar(changes) == 1
