"""A report of the public whose answer was lost on a bad network, and that is sent again."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support.clients import Api
from tests.support.photos import picture

REPORT: dict[str, Any] = {
    "service_code": "0501",
    "description": "巷口垃圾三天没人清",
    "location": {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"},
    "phone": "13812345678",
}
COUNT = text("SELECT count(*) FROM ticket")


async def report(api: Api, **changed: Any) -> dict[str, str]:
    """Report without an account; number, code and notice."""
    reply = await api.post("/v1/public/reports", json=REPORT | changed)
    assert reply.status_code == 201, reply.text
    taken: dict[str, str] = reply.json()
    return taken


async def test_the_same_attempt_gets_the_same_number_and_code_and_makes_one_ticket(
    api: Api, session: AsyncSession
) -> None:
    attempt = str(uuid4())
    first = await report(api, attempt=attempt)
    assert await report(api, attempt=attempt) == first
    assert await session.scalar(COUNT) == 1
    told = {"number": first["number"], "code": first["code"]}
    assert (await api.post("/v1/public/follow", json=told)).json()["state"] == "open"


async def test_other_contents_are_another_report_whatever_the_attempt(
    api: Api, session: AsyncSession
) -> None:
    attempt = str(uuid4())
    first = await report(api, attempt=attempt)
    other = await report(api, attempt=attempt, description="巷口又有人倒垃圾")
    assert first["number"] != other["number"]
    assert first["code"] != other["code"]
    assert await session.scalar(COUNT) == 2


async def test_without_an_attempt_the_same_twice_is_two_reports(api: Api, session: AsyncSession) -> None:
    assert (await report(api))["number"] != (await report(api))["number"]
    assert await session.scalar(COUNT) == 2


async def test_photos_that_are_sent_again_come_once(api: Api, session: AsyncSession) -> None:
    told = {"report": json.dumps(REPORT | {"attempt": str(uuid4())})}
    photo = [("photo", ("IMG_1.jpg", picture(), "image/jpeg"))]
    path = "/v1/public/reports/with-photos"
    first, again = [(await api.post(path, data=told, files=photo)).json() for _ in range(2)]
    assert first == again
    assert await session.scalar(COUNT) == 1
    assert await session.scalar(text("SELECT count(*) FROM attachment")) == 1


@pytest.mark.commits
async def test_what_is_sent_several_times_at_once_is_taken_once(api: Api, session: AsyncSession) -> None:
    attempt = str(uuid4())
    taken = await asyncio.gather(*(report(api, attempt=attempt) for _ in range(4)))
    assert all(one == taken[0] for one in taken)
    assert await session.scalar(COUNT) == 1
