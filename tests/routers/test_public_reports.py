"""The public without an account: report, follow, answer; against floods and guesses."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import public_limits
from app.config import Settings
from app.core import clock
from app.services.exchange.public import follow_codes
from app.services.tickets.system import RESIDENT
from tests.support import ledger
from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.settings import settings_of_tests
from tests.support.tickets import Loop
from tests.support.world import World

REPORT: dict[str, Any] = {
    "service_code": "0501",
    "description": "巷口垃圾三天没人清",
    "location": {"lng": 113.005, "lat": 22.835, "coord_type": "wgs84"},
    "name": "关大婶",
    "phone": "13812345678",
}


async def report(api: Api, **changed: Any) -> dict[str, str]:
    """Report without an account; number, code and notice."""
    reply = await api.post("/v1/public/reports", json={**REPORT, **changed})
    assert reply.status_code == 201, reply.text
    taken: dict[str, str] = reply.json()
    return taken


async def follow(api: Api, taken: dict[str, str]) -> dict[str, Any]:
    """How the report stands."""
    reply = await api.post("/v1/public/follow", json={name: taken[name] for name in ("number", "code")})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture
async def loop(api: Api, session: AsyncSession, world: World) -> Loop:
    """The ticket of a report that somebody made without an account."""
    loop = Loop(api, world)
    loop.taken = await report(api)  # type: ignore[attr-defined]
    (found,) = await session.scalars(text("SELECT ticket_id FROM public_report"))
    loop.id = str(found)
    await loop.read()
    return loop


async def test_a_report_waits_in_its_grid_for_the_dispatcher(loop: Loop) -> None:
    ticket = await loop.read()
    assert (ticket["status"], ticket["source"], ticket["area_name"]) == (
        "reported",
        "resident_app",
        "儒林第一网格",
    )
    assert ticket["reporter_id"] is None
    assert ticket["contact"]["phone"].endswith("*5678")
    assert {entry["action"] for entry in ticket["allowed_actions"]} >= {"accept", "reject"}


async def test_whoever_has_number_and_code_follows_it(api: Api, loop: Loop) -> None:
    taken = loop.taken  # type: ignore[attr-defined]
    found = await follow(api, taken)
    assert (found["state"], found["label"], found["steps"]) == ("open", "已上报待受理", [])
    assert found["answer"] is None
    await loop.to("processing")
    typed = {"number": taken["number"].lower().replace("0", "o"), "code": taken["code"].replace("-", " ")}
    found = await follow(api, typed)
    assert [step["label"] for step in found["steps"]] == ["已受理待推送", "已推送待签收", "处理中"]
    assert found["agency"] == "九江镇综合行政执法办公室"
    assert found["expected_at"] is not None
    assert not {"关大婶", "13812345678", "5678"} & set(map(str, found.values()))


async def test_a_report_that_was_merged_is_followed_in_the_other_unless_that_is_confidential(
    api: Api, loop: Loop, session: AsyncSession
) -> None:
    other = await loop.another()
    await loop.act("dispatcher", action="merge", master_id=other.id, opinion="同一处")
    await other.to("processing")
    found = await follow(api, loop.taken)  # type: ignore[attr-defined]
    assert (found["state"], found["label"]) == ("open", "已并案，处理中")
    assert found["agency"] == "九江镇综合行政执法办公室"
    assert found["answer"] is None
    await session.execute(text(f"UPDATE ticket SET confidential = true WHERE id = '{other.id}'"))  # noqa: S608 - a test's own
    await session.commit()
    found = await follow(api, loop.taken)  # type: ignore[attr-defined]
    assert (found["state"], found["label"], found["agency"]) == ("closed", "已并案", None)


async def test_only_a_hash_of_the_code_is_kept(session: AsyncSession, loop: Loop) -> None:
    code = follow_codes.read(loop.taken["code"])  # type: ignore[attr-defined]
    (kept,) = await session.scalars(text("SELECT row_to_json(r)::text FROM public_report AS r"))
    assert code not in kept
    assert code.encode().hex() not in kept


@pytest.mark.parametrize("wrong", ["number", "code", "both"])
async def test_a_wrong_number_and_a_wrong_code_look_the_same(api: Api, loop: Loop, wrong: str) -> None:
    taken = dict(loop.taken)  # type: ignore[attr-defined]
    if wrong != "code":
        taken["number"] = follow_codes.new_number()
    if wrong != "number":
        taken["code"] = follow_codes.new_code()
    body = {name: taken[name] for name in ("number", "code")}
    problem_in(await api.post("/v1/public/follow", json=body), 404, "wrong_follow_code")


async def test_a_number_alone_tells_nothing_of_a_report(api: Api, loop: Loop) -> None:
    for number in (loop.taken["number"], follow_codes.new_number()):  # type: ignore[attr-defined]
        for suffix in ("json", "xml"):
            assert (await api.get(f"/open311/v2/tokens/{number}.{suffix}")).status_code == 404


async def test_codes_of_a_number_cannot_be_tried_for_ever(api: Api, loop: Loop) -> None:
    number = loop.taken["number"]  # type: ignore[attr-defined]
    for _ in range(public_limits.TRYING.limit):
        reply = await api.post("/v1/public/follow", json={"number": number, "code": "wrong"})
        assert reply.status_code == 404
    # However the number is typed, it is the same one.
    body = {"number": number.lower().replace("-", " "), "code": loop.taken["code"]}  # type: ignore[attr-defined]
    refused = await api.post("/v1/public/follow", json=body)
    problem_in(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    assert '"public-try";r=0' in refused.headers["ratelimit"]


@pytest.fixture
def few(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two reports an hour from an address."""
    values = settings_of_tests().model_dump() | {"public_reports_per_hour": 2}
    monkeypatch.setattr(app.state, "settings", Settings(_env_file=None, **values))
    return 2


async def test_a_flood_from_one_address_is_stopped_and_told_when_to_come_back(api: Api, few: int) -> None:
    for number in range(few):
        reply = await api.post("/v1/public/reports", json=REPORT | {"phone": f"1381234567{number}"})
        assert reply.status_code == 201
        assert f'"public-report";r={few - number - 1}' in reply.headers["ratelimit"]
        assert '"public-report";q=2;w=3600' in reply.headers["ratelimit-policy"]
    refused = await api.post("/v1/public/reports", json=REPORT)
    problem_in(refused, 429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 1800


@pytest.mark.usefixtures("few")
async def test_a_flood_from_many_addresses_of_a_network_is_stopped_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for number in range(25):
        host = f"2001:db8:1:{number:x}::1"
        monkeypatch.setattr(api._transport, "client", (host, 1))
        reply = await api.post("/v1/public/reports", json=REPORT | {"phone": f"138123456{number:02}"})
        answers.append(reply.status_code)
    assert answers == [201] * 20 + [429] * 5


async def test_ipv4_on_a_socket_for_both_kinds_is_told_apart(
    api: Api, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for host in ("::ffff:203.0.113.7", "::ffff:198.51.100.7", "198.51.100.8", "fe80::1%eth0", "unix"):
        monkeypatch.setattr(api._transport, "client", (host, 1))
        reply = await api.post("/v1/public/reports", json=REPORT)
        assert f'"public-report";r={few - 1};' in reply.headers["ratelimit"], host


async def test_a_flood_from_everywhere_is_stopped_too(
    api: Api, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_limits, "ALL", 2)
    answers = []
    for number in range(few * 2 + 2):
        monkeypatch.setattr(api._transport, "client", (f"203.{number}.113.7", 1))
        reply = await api.post("/v1/public/reports", json=REPORT | {"phone": f"138123456{number:02}"})
        answers.append(reply.status_code)
    assert answers == [201] * few * 2 + [429] * 2
    assert '"public-report-all";r=0' in reply.headers["ratelimit"]


async def test_one_phone_reports_ten_times_a_day_and_no_more(api: Api) -> None:
    for _ in range(public_limits.PHONE.limit):
        await report(api)
    problem_in(await api.post("/v1/public/reports", json=REPORT), 429, "rate_limited")
    await report(api, phone="13912345678")


async def test_the_table_of_limits_tells_of_nobody(api: Api, session: AsyncSession) -> None:
    await report(api)
    keys = " ".join(await session.scalars(text("SELECT key FROM rate_limit")))
    assert "public-phone" in keys
    assert "13812345678" not in keys
    assert "127.0.0" not in keys


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"service_code": "9998"}, 404, None),
        ({"service_code": "0102"}, 404, None),
        ({"location": None}, 422, "body.location"),
        ({"location": {"lng": 90.0, "lat": 30.0, "coord_type": "wgs84"}}, 422, "body.location"),
        ({"phone": "12345"}, 422, "body.phone"),
        ({"phone": "81234567"}, 422, "body.phone"),
        ({"description": ""}, 422, "body.description"),
        ({"area_id": "0197f000-0000-7000-8000-000000000000", "location": None}, 404, None),
        ({"service_code": "0602"}, 422, "attribute[fault]"),
    ],
)
async def test_a_wrong_report_is_refused(
    api: Api, changed: dict[str, Any], status: int, field: str | None
) -> None:
    reply = await api.post("/v1/public/reports", json=REPORT | changed)
    assert reply.status_code == status, reply.text
    assert field is None or [error["field"] for error in reply.json()["errors"]] == [field]


async def test_an_area_says_where_when_no_point_does(api: Api, world: World, session: AsyncSession) -> None:
    await report(api, location=None, area_id=str(world.places["grid_b1"].id))
    await report(
        api,
        location={"lng": 90.0, "lat": 30.0, "coord_type": "wgs84"},
        area_id=str(world.places["grid_c1"].id),
    )
    areas = await session.scalars(text("SELECT area_id FROM ticket ORDER BY id"))
    assert list(areas) == [world.places["grid_b1"].id, world.places["grid_c1"].id]


async def test_a_reporter_answers_by_the_link_that_following_shows(
    api: Api, loop: Loop, session: AsyncSession
) -> None:
    await loop.to("resolved")
    link = (await follow(api, loop.taken))["answer"]  # type: ignore[attr-defined]
    asked = (await api.get(f"/v1/public/answers/{link}")).json()
    assert asked["service_name"] == "暴露垃圾"
    said = {"solved": "solved", "satisfaction": "satisfied", "opinion": "很快"}
    reply = await api.post(f"/v1/public/answers/{link}", json=said)
    assert (reply.status_code, reply.json()["label"]) == (200, "待评价结案")
    ticket = await loop.read()
    assert (ticket["status"], ticket["solved"], ticket["satisfaction"]) == (
        "evaluating",
        "solved",
        "satisfied",
    )
    assert [(one["method"], one["reached"]) for one in ticket["revisits"]] == [("link", True)]
    assert [one["evaluated_by"] for one in ticket["evaluations"]] == ["resident"]
    events = (await api.as_("dispatcher").get(f"/v1/tickets/{loop.id}/events")).json()["items"]
    assert [(one["action"], one["actor_role"], one["actor_id"]) for one in events[-2:]] == [
        ("revisit", "resident", None),
        ("evaluate", "resident", None),
    ]
    assert events[0]["actor_role"] == "resident"
    problem_in(await api.post(f"/v1/public/answers/{link}", json=said), 409, "already_answered")
    problem_in(await api.get(f"/v1/public/answers/{link}"), 409, "already_answered")
    assert (await follow(api, loop.taken))["answer"] is None  # type: ignore[attr-defined]
    await loop.act("dispatcher", action="close")
    await ledger.audit(session, UUID(loop.id))


async def test_who_is_dissatisfied_has_it_done_again_and_the_old_link_is_of_no_use(
    api: Api, loop: Loop
) -> None:
    await loop.to("resolved")
    link = await made(api, loop)
    said = {"solved": "unsolved", "satisfaction": "dissatisfied"}
    assert (await api.post(f"/v1/public/answers/{link}", json=said)).status_code == 200
    await loop.act("revisit_agent", action="rework", opinion="群众反映未解决")
    problem_in(await api.get(f"/v1/public/answers/{link}"), 409, "already_answered")
    await loop.act("dept_handler", action="resolve", resolution_type="solved", measures="再次清运")
    problem_in(await api.post(f"/v1/public/answers/{link}", json=said), 409, "already_answered")
    fresh = await made(api, loop)
    assert (await api.post(f"/v1/public/answers/{fresh}", json=said)).status_code == 200


async def test_a_link_from_before_a_reopening_is_of_no_use(api: Api, loop: Loop) -> None:
    await loop.to("resolved")
    link = await made(api, loop)
    said = {"solved": "solved", "satisfaction": "very"}
    assert (await api.post(f"/v1/public/answers/{link}", json=said)).status_code == 200
    await loop.act("dispatcher", action="close")
    problem_in(await api.get(f"/v1/public/answers/{link}"), 409, "already_answered")
    await loop.act("dispatcher", action="reopen", to_handler=True, opinion="群众来电")
    await loop.act("dept_handler", action="resolve", resolution_type="solved", measures="再次清运")
    for path in (f"/v1/public/answers/{link}", f"/answer/{link}"):
        assert (await api.get(path)).status_code == 409
    problem_in(await api.post(f"/v1/public/answers/{link}", json=said), 409, "already_answered")
    fresh = (await follow(api, loop.taken))["answer"]  # type: ignore[attr-defined]
    assert (await api.post(f"/v1/public/answers/{fresh}", json=said)).status_code == 200


async def made(api: Api, loop: Loop, who: str = "revisit_agent") -> str:
    """The link that an agent reads to the person."""
    reply = await api.as_(who).post(f"/v1/tickets/{loop.id}/answer-link", json={})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["url"].rpartition("/")[2])


async def test_after_a_call_only_the_evaluation_is_left_to_the_link(api: Api, loop: Loop) -> None:
    await loop.to("evaluating")
    link = await made(api, loop)
    said = {"solved": "solved", "satisfaction": "very"}
    assert (await api.post(f"/v1/public/answers/{link}", json=said)).status_code == 200
    assert [one["method"] for one in (await loop.read())["revisits"]] == ["phone"]


async def test_only_who_may_revisit_gets_a_link_and_only_while_something_is_asked(
    api: Api, loop: Loop
) -> None:
    path = f"/v1/tickets/{loop.id}/answer-link"
    problem_in(await api.as_("revisit_agent").post(path, json={}), 409, "already_answered")
    await loop.to("resolved")
    problem_in(await api.as_("dept_handler").post(path, json={}), 403, "not_your_action")
    problem_in(await api.as_("dispatcher_c").post(path, json={}), 404, "not_found")
    problem_in(await api.post(path, json={}), 401, "unauthenticated")
    problem_in(await api.as_("revisit_agent").post(path, json={"send": True}), 409, "no_phone")


async def test_a_forged_or_old_link_is_none(api: Api, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    await loop.to("resolved")
    link = await made(api, loop)
    for wrong in (
        link[:-2] + ("A" if link[-2] != "A" else "B") + link[-1],
        "x",
        "é" * 9,
        link + link,
        link[:-8],
    ):
        for reply in (
            await api.get(f"/v1/public/answers/{wrong}"),
            await api.post(f"/v1/public/answers/{wrong}", json={"solved": "solved", "satisfaction": "very"}),
        ):
            problem_in(reply, 404, "answer_link_expired")
    late = clock.now() + timedelta(days=15)
    monkeypatch.setattr(clock, "now", lambda: late)
    problem_in(await api.get(f"/v1/public/answers/{link}"), 404, "answer_link_expired")


async def test_the_link_of_a_file_is_no_link_to_answer(api: Api, loop: Loop) -> None:
    await loop.to("resolved")
    link = await made(api, loop)
    assert (await api.get(f"/v1/files/{link}")).status_code == 404


@pytest.mark.parametrize("satisfaction", ["unevaluated", "unreachable"])
async def test_no_answer_is_no_answer(api: Api, loop: Loop, satisfaction: str) -> None:
    await loop.to("resolved")
    said = {"solved": "solved", "satisfaction": satisfaction}
    reply = await api.post(f"/v1/public/answers/{await made(api, loop)}", json=said)
    problem_in(reply, 422, "invalid", "body.satisfaction")
    assert (await loop.read())["status"] == "resolved"


async def test_the_page_asks_in_a_form_without_scripts_and_takes_the_answer(api: Api, loop: Loop) -> None:
    await loop.to("resolved")
    path = f"/answer/{await made(api, loop)}"
    page = await api.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "暴露垃圾" in page.text
    assert "<script" not in page.text
    wrong = await api.post(path, data={"solved": "solved"})
    assert wrong.status_code == 400
    assert (await loop.read())["status"] == "resolved"
    sent = {"solved": "basically", "satisfaction": "very", "opinion": ""}
    thanks = await api.post(path, data=sent)
    assert (thanks.status_code, "谢谢" in thanks.text) == (200, True)
    assert (await loop.read())["solved"] == "basically"
    assert (await api.get(path)).status_code == 409
    assert (await api.get("/answer/x")).status_code == 404


async def test_numbers_are_random_checked_and_read_as_people_type_them() -> None:
    numbers = {follow_codes.new_number() for _ in range(200)}
    assert len(numbers) == 200
    for number in numbers:
        assert follow_codes.is_number(number)
        slip = ("1" if number[0] != "1" else "2") + number[1:]
        assert not follow_codes.is_number(slip)
        shown = follow_codes.shown(number, by=5)
        assert follow_codes.read(shown.lower().replace("0", "O").replace("1", "l")) == number


def test_a_resident_is_nobody_of_the_staff() -> None:
    assert (RESIDENT.member_id, RESIDENT.client_id, RESIDENT.account_id) == (None, None, None)
