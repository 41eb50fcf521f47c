"""Deadlines without a ticket, over HTTP: what anybody signed in is told, and what is refused."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.core.ids import uuid7
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.seed import CALENDAR_ID
from tests.support.statements import Counter

URL = "/v1/sla/preview"
SHANGHAI = ZoneInfo("Asia/Shanghai")
VECTORS = Path(__file__).parents[1] / "unit" / "data" / "deadlines.csv"


async def asked(api: Api, who: str = "grid_worker", **body: Any) -> dict[str, Any]:
    reply = await api.as_(who).post(URL, json=body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def on_the_wall(answer: dict[str, Any]) -> str:
    due = datetime.fromisoformat(answer["due"])
    assert due.tzinfo is not None
    return due.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")


async def due(api: Api, start: str, unit: str, amount: int) -> str:
    return on_the_wall(await asked(api, start=f"{start}+08:00", unit=unit, amount=amount))


async def test_every_vector_of_deadlines_holds(api: Api, statements: Counter) -> None:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        vectors = list(csv.DictReader(file))
    assert len(vectors) == 18
    for row in vectors:
        with statements(at_most=1):
            answer = await asked(
                api, start=f"{row['start']}+08:00", unit=row["unit"], amount=int(row["amount"])
            )
        assert on_the_wall(answer) == row["due"], row
        assert answer == {"due": answer["due"], "provisional": False}


async def test_trap_1_a_deadline_that_exactly_fills_a_segment_ends_with_that_segment(api: Api) -> None:
    morning = "2026-03-04T08:30:00"
    assert await due(api, morning, "work_minutes", 210) == "2026-03-04T12:00:00"
    assert await due(api, morning, "work_minutes", 420) == "2026-03-04T17:30:00"
    assert await due(api, morning, "work_minutes", 421) == "2026-03-05T08:31:00"


async def test_trap_1_a_friday_evening_before_a_make_up_saturday_and_national_day(api: Api) -> None:
    assert await due(api, "2026-02-13T16:45:00", "work_minutes", 240) == "2026-02-14T11:45:00"
    assert await due(api, "2026-02-13T16:45:00", "work_days", 1) == "2026-02-14T17:30:00"
    assert await due(api, "2026-09-30T16:00:00", "work_minutes", 240) == "2026-10-08T11:00:00"
    assert await due(api, "2026-09-30T16:00:00", "work_days", 5) == "2026-10-13T17:30:00"


@pytest.mark.parametrize("year", [2026, 2029, 2035])
async def test_trap_1_new_years_eve_without_next_years_calendar_is_provisional_and_no_error(
    api: Api, year: int
) -> None:
    eve = f"{year}-12-31T16:00:00+08:00"
    assert (await asked(api, start=eve, unit="work_days", amount=5))["provisional"] is True
    assert (await asked(api, start=eve, unit="work_minutes", amount=240))["provisional"] is True
    assert (await asked(api, start=eve, unit="wall_minutes", amount=1440))["provisional"] is False


async def test_five_working_days_from_the_end_of_2026_follow_the_week_less_new_years_day(api: Api) -> None:
    assert await due(api, "2026-12-29T10:00:00", "work_days", 5) == "2027-01-06T17:30:00"


async def test_the_start_may_be_said_in_any_time_zone(api: Api) -> None:
    answer = await asked(api, start="2026-03-03T19:30:00-05:00", unit="work_minutes", amount=210)
    assert on_the_wall(answer) == "2026-03-04T12:00:00"


@pytest.mark.parametrize("who", ["system_admin", "auditor", "statistician", "dept_handler", "api_client"])
async def test_anybody_who_is_signed_in_may_ask(api: Api, who: str) -> None:
    await asked(api, who, start="2026-03-04T08:30:00+08:00", unit="work_days", amount=1)


async def test_a_calendar_may_be_named_by_code_or_id(api: Api) -> None:
    limit: dict[str, Any] = {"start": "2026-03-04T08:30:00+08:00", "unit": "work_days", "amount": 1}
    for name in ("default", str(CALENDAR_ID)):
        assert on_the_wall(await asked(api, **limit, calendar=name)) == "2026-03-05T17:30:00"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"start": "2026-03-04T08:30:00"}, "body.start"),
        ({"start": "never"}, "body.start"),
        ({"unit": "fortnights"}, "body.unit"),
        ({"amount": -1}, "body.amount"),
        ({"amount": 1.5}, "body.amount"),
        ({"amount": 10**9}, "body.amount"),
        ({"unit": "work_days", "amount": 5_000}, "body.amount"),
        ({"calendar": "nowhere"}, "body.calendar"),
        ({"calendar": str(uuid7())}, "body.calendar"),
        ({"calendar": ""}, "body.calendar"),
    ],
)
async def test_a_wrong_question_names_the_field_in_chinese(
    api: Api, changed: dict[str, Any], field: str
) -> None:
    body = {"start": "2026-03-04T08:30:00+08:00", "unit": "work_minutes", "amount": 60} | changed
    problem = problem_in(await api.as_("grid_worker").post(URL, json=body), 422, "invalid", field)
    assert all(not error["message"].isascii() for error in problem["errors"])
