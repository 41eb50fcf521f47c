"""Photos with a report of the public: told by their content, shown only when they are published."""

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support.clients import Api
from tests.support.open311 import City
from tests.support.photos import SECRET, picture
from tests.support.problems import problem_in
from tests.support.settings import settings_of_tests
from tests.support.world import World

PATH = "/v1/public/reports/with-photos"
REPORT: dict[str, Any] = {
    "service_code": "0501",
    "description": "巷口垃圾三天没人清",
    "location": {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"},
}


async def send(api: Api, *contents: bytes, report: Any = None) -> httpx.Response:
    """Report with these photos, which all claim to be JPEGs."""
    photos = [("photo", ("IMG_1.jpg", content, "image/jpeg")) for content in contents]
    told = report if isinstance(report, str) else json.dumps(REPORT | (report or {}))
    return await api.post(PATH, data={"report": told}, files=[*photos, ("rest", ("", b""))])


@pytest.fixture
def city(api: Api, world: World) -> City:
    """The server as the world's third party sees it."""
    return City(api, world)


async def ticket_of(api: Api, session: AsyncSession) -> dict[str, Any]:
    """The ticket of the only report, as the dispatcher sees it."""
    (found,) = await session.scalars(text("SELECT ticket_id FROM public_report"))
    ticket: dict[str, Any] = (await api.as_("dispatcher").get(f"/v1/tickets/{found}")).json()
    return ticket


async def test_the_dispatcher_sees_the_photos_and_nobody_else_before_they_are_published(
    api: Api, session: AsyncSession, city: City
) -> None:
    reply = await send(api, picture(), picture("PNG"))
    assert (reply.status_code, set(reply.json())) == (201, {"number", "code", "notice"})
    ticket = await ticket_of(api, session)
    assert ticket["source"] == "resident_app"
    assert {one["mime"] for one in ticket["attachments"]} == {"image/jpeg", "image/png"}
    first, second = (one["id"] for one in ticket["attachments"])
    content = await api.as_("dispatcher").get(f"/v1/attachments/{first}/content")
    assert content.status_code == 200
    assert SECRET not in content.content
    assert (await api.as_("dispatcher_c").get(f"/v1/attachments/{first}")).status_code == 404
    assert (await city.get(f"media/{first}")).status_code == 404
    await city.publish(ticket["id"], photo_ids=[first])
    assert (await city.get(f"media/{first}")).status_code == 200
    assert (await city.get(f"media/{second}")).status_code == 404


async def test_a_photo_is_nobodys_but_its_tickets(api: Api, session: AsyncSession) -> None:
    await send(api, picture())
    photo = (await ticket_of(api, session))["attachments"][0]["id"]
    for who in ("grid_worker_b", "system_admin", "auditor"):
        assert (await api.as_(who).get(f"/v1/attachments/{photo}")).status_code in {403, 404}, who
    named = {"action": "comment", "opinion": "照片", "attachments": [{"id": photo}]}
    other = await send(api, report={"description": "另一件"})
    assert other.status_code == 201
    tickets = (await api.as_("dispatcher").get("/v1/tickets")).json()["items"]
    (second,) = [one["id"] for one in tickets if one["title"] == "另一件"]
    taken = await api.as_("dispatcher").post(f"/v1/tickets/{second}/actions", json=named)
    assert taken.status_code == 404


async def test_a_report_without_a_photo_is_taken_too(api: Api, session: AsyncSession) -> None:
    assert (await send(api)).status_code == 201
    assert (await ticket_of(api, session))["attachments"] == []


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7\n%%EOF", b"MZ" + bytes(200), b"<html>" * 9, b"", picture() + b"PK\x05\x06" + bytes(18)],
    ids=["pdf", "program", "page", "nothing", "archive"],
)
async def test_what_is_no_photo_is_refused_whatever_it_claims(
    api: Api, session: AsyncSession, content: bytes
) -> None:
    reply = await send(api, picture(), content)
    assert reply.status_code in {415, 422}, reply.text
    assert (await session.scalars(text("SELECT id FROM ticket"))).all() == []


async def test_too_many_and_too_large_photos_are_refused(api: Api) -> None:
    assert (await send(api, *[picture(turn=turn) for turn in (1, 3, 6, 8)])).status_code == 400
    assert (await send(api, b"\xff\xd8\xff" + bytes(11_000_000))).status_code == 413


async def test_three_photos_as_phones_make_them_are_taken(api: Api, session: AsyncSession) -> None:
    photos = [grainy(number) for number in range(3)]
    assert sum(map(len, photos)) > settings_of_tests().max_attachment_bytes
    assert (await send(api, *photos)).status_code == 201
    assert len((await ticket_of(api, session))["attachments"]) == 3


def grainy(number: int) -> bytes:
    """A picture of some four megabytes."""
    out = io.BytesIO()
    Image.effect_noise((2000, 2000 + number), 120).save(out, "JPEG", quality=97)
    return out.getvalue()


@pytest.mark.parametrize(
    ("report", "status", "field"),
    [
        ("", 422, "body.report"),
        ("{", 400, None),
        ("[]", 422, "body.report"),
        ({"service_code": "9998"}, 404, None),
        ({"phone": "12345"}, 422, "body.report.phone"),
        ({"unknown": 1}, 422, "body.report.unknown"),
        ({"service_code": "0602"}, 422, "attribute[fault]"),
    ],
)
async def test_a_wrong_report_is_refused_and_names_the_field(
    api: Api, report: Any, status: int, field: str | None
) -> None:
    reply = await send(api, report=report)
    assert reply.status_code == status, reply.text
    assert field is None or [error["field"] for error in reply.json()["errors"]] == [field]


async def test_what_is_no_form_is_refused(api: Api) -> None:
    problem_in(await api.post(PATH, json=REPORT), 400, "no_form")


async def test_reports_with_photos_are_counted_as_reports(api: Api) -> None:
    reply = await send(api, picture())
    assert '"public-report";r=' in reply.headers["ratelimit"]
