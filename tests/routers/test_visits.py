"""Visits over HTTP: recorded once, counted by rule, heard opinions become tickets, the next date follows."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import uuid7
from app.models.enums import HouseholdType
from app.models.platform import AuditLog, Outbox
from app.models.registry import Household
from app.models.ticket import Ticket
from app.models.visit import Visit
from app.services.registry import cycle
from tests.support import households
from tests.support.clients import Api
from tests.support.households import NAME, PHONE
from tests.support.problems import problem_in
from tests.support.statements import Counter
from tests.support.uploads import uploaded
from tests.support.visits import SOMETHING_HEARD, URL, body, recorded
from tests.support.world import World, fixed_id


@pytest.fixture
async def home(session: AsyncSession, world: World) -> Household:
    """A household of the first grid."""
    return await households.add(session, world, world.places["grid_a1"], 1)


async def dates(session: AsyncSession, household: Household) -> Any:
    statement = select(Household.last_visit_on, Household.next_visit_due)
    return (await session.execute(statement.where(Household.id == household.id))).one()


async def test_a_worker_records_a_visit_and_the_next_one_follows(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    sent = body(world, home, companion_ids=[str(world["grid_leader"].member_id)], needs=["血压计"])
    visit = await recorded(api, "grid_worker", sent)
    assert (visit["is_effective"], visit["lacks"], visit["distance_m"]) == (True, [], 0)
    assert visit["is_backfill"] is False
    assert {one["name"] for one in visit["visitors"]} == {"关小勤", "岑格长"}
    day = datetime.fromisoformat(sent["occurred_at"]).astimezone(clock.BUSINESS_ZONE).date()
    assert await dates(session, home) == (day, day + timedelta(days=365))
    for told in (Outbox.topic, AuditLog.action):
        assert "visit.record" in (await session.scalars(select(told))).all()


@pytest.mark.parametrize(
    ("changed", "lacks"),
    [
        ({"result": "not_met"}, ["met"]),
        ({"location": None}, ["place"]),
        ({"mode": "phone", "location": None}, ["presence"]),
        ({"duration_s": 60, "content": None}, ["time_or_content"]),
    ],
)
async def test_a_visit_that_misses_something_is_kept_and_does_not_count(
    api: Api,
    session: AsyncSession,
    world: World,
    home: Household,
    changed: dict[str, Any],
    lacks: list[str],
) -> None:
    visit = await recorded(api, "grid_worker", body(world, home, **changed))
    assert (visit["is_effective"], visit["lacks"]) == (False, lacks)
    assert await dates(session, home) == (None, cycle.first_turn(home.id, clock.today()))


async def test_trap_14_a_point_of_another_datum_is_measured_where_it_really_is(
    api: Api, world: World, home: Household
) -> None:
    west, south = world.places["grid_a1"].corner or (0, 0)
    edge = {"lng": west - 0.0005, "lat": south + 0.005}
    plain = await recorded(api, "grid_worker", body(world, home, location=edge | {"coord_type": "wgs84"}))
    baidu = await recorded(api, "grid_worker", body(world, home, location=edge | {"coord_type": "bd09"}))
    assert plain["is_effective"]
    assert baidu["distance_m"] > plain["distance_m"] + 500
    assert baidu["lacks"] == ["nearness"]


async def test_what_a_phone_sends_twice_is_one_visit_and_one_ticket(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    sent = body(world, home, id=str(uuid7()), opinions=[SOMETHING_HEARD])
    first = await recorded(api, "grid_worker", sent)
    again = await api.as_("grid_worker").post(URL, json=sent)
    assert (again.status_code, again.json()) == (200, first)
    assert await session.scalar(select(func.count()).select_from(Visit)) == 1
    assert await session.scalar(select(func.count()).select_from(Ticket)) == 1
    other = await api.as_("grid_worker").post(URL, json=sent | {"visit_type": "policy"})
    problem_in(other, 409, "visit_exists")
    stranger = await api.as_("grid_leader").post(URL, json=sent)
    problem_in(stranger, 409, "visit_exists")


async def test_an_opinion_becomes_a_ticket_that_stays_linked(api: Api, world: World, home: Household) -> None:
    noted = {"content": "希望多装几盏路灯", "outcome": "noted"}
    visit = await recorded(api, "grid_worker", body(world, home, opinions=[SOMETHING_HEARD, noted]))
    told, kept = visit["opinions"]
    assert (told["outcome"], told["ticket_status"], kept["ticket_id"]) == ("ticket", "reported", None)
    ticket = (await api.as_("dispatcher").get(f"/v1/tickets/{told['ticket_id']}")).json()
    assert (ticket["source"], ticket["no"]) == ("visit", told["ticket_no"])
    assert ticket["content"] == SOMETHING_HEARD["content"]


async def test_a_wrong_opinion_stores_neither_visit_nor_ticket(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    wrong = SOMETHING_HEARD | {"ticket": {"title": "没有的类别", "category_code": "9898"}}
    reply = await api.as_("grid_worker").post(URL, json=body(world, home, opinions=[SOMETHING_HEARD, wrong]))
    problem_in(reply, 422, "unknown_category", "body.opinions.1.ticket.category_code")
    assert await session.scalar(select(func.count()).select_from(Visit)) == 0
    assert await session.scalar(select(func.count()).select_from(Ticket)) == 0


async def test_photos_are_seen_by_whoever_sees_the_visit(api: Api, world: World, home: Household) -> None:
    photo = (await uploaded(api, "grid_worker"))["id"]
    url = f"/v1/attachments/{photo}"
    assert (await api.as_("village_admin").get(url)).status_code == 404
    visit = await recorded(api, "grid_worker", body(world, home, attachment_ids=[photo]))
    assert visit["attachment_ids"] == [photo]
    assert (await api.as_("village_admin").get(url)).status_code == 200
    assert (await api.as_("grid_worker_b").get(url)).status_code == 404
    somebody_elses = await api.as_("grid_leader").post(URL, json=body(world, home, attachment_ids=[photo]))
    problem_in(somebody_elses, 404, "not_found", "body.attachment_ids")


@pytest.mark.parametrize("who", ["grid_worker_a2", "grid_worker_b", "village_admin_b", "grid_assistant"])
async def test_a_visit_next_door_does_not_exist(api: Api, world: World, home: Household, who: str) -> None:
    visit = await recorded(api, "grid_worker", body(world, home))
    problem_in(await api.as_(who).get(f"{URL}/{visit['id']}"), 404, "not_found")
    assert (await api.as_(who).get(URL)).json()["items"] == []
    reply = await api.as_(who).post(URL, json=body(world, home))
    problem_in(reply, 404, "not_found", "body.household_id")


@pytest.mark.parametrize("who", ["dispatcher", "leader_viewer", "system_admin", "auditor", "api_client"])
async def test_who_does_not_keep_the_register_reads_no_visits(api: Api, who: str) -> None:
    problem_in(await api.as_(who).get(URL), 403, "forbidden")
    problem_in(await api.as_(who).get(f"{URL}/due"), 403, "forbidden")


async def test_nobody_lets_their_own_visit_count(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    sent = body(world, home, location=None, companion_ids=[str(world["grid_leader"].member_id)])
    url = f"{URL}/{(await recorded(api, 'grid_worker', sent))['id']}/decision"
    problem_in(await api.as_("grid_worker").post(url, json={"approved": True}), 403, "forbidden")
    problem_in(await api.as_("grid_leader").post(url, json={"approved": True}), 403, "not_your_visit")
    stale = await api.as_("village_admin").post(url, json={"approved": True}, headers={"If-Match": '"7"'})
    problem_in(stale, 412, "stale_version")
    reply = await api.as_("village_admin").post(url, json={"approved": True}, headers={"If-Match": '"1"'})
    assert (reply.json()["is_effective"], reply.json()["lacks"]) == (True, ["place"])
    assert (await dates(session, home))[1] > clock.today()
    await api.as_("village_admin").post(url, json={"approved": False})
    assert await dates(session, home) == (None, cycle.first_turn(home.id, clock.today()))


async def test_a_visit_on_which_nobody_was_met_never_counts(api: Api, world: World, home: Household) -> None:
    visit = await recorded(api, "grid_worker", body(world, home, result="refused"))
    reply = await api.as_("village_admin").post(f"{URL}/{visit['id']}/decision", json={"approved": True})
    problem_in(reply, 409, "nobody_met")


async def test_only_the_recorder_puts_a_visit_right_and_the_rule_is_asked_anew(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    visit = await recorded(api, "grid_worker", body(world, home))
    url = f"{URL}/{visit['id']}"
    problem_in(await api.as_("grid_leader").patch(url, json={"result": "not_met"}), 403, "not_your_visit")
    reply = await api.as_("grid_worker").patch(url, json={"result": "not_met"}, headers={"If-Match": '"1"'})
    assert (reply.headers["etag"], reply.json()["lacks"]) == ('"2"', ["met"])
    assert await dates(session, home) == (None, cycle.first_turn(home.id, clock.today()))


async def test_a_visit_reported_days_later_is_marked_and_never_moves_the_date_back(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    await recorded(api, "grid_worker", body(world, home))
    before = await dates(session, home)
    long_ago = (clock.now() - timedelta(days=9)).isoformat()
    late = await recorded(api, "grid_worker", body(world, home, occurred_at=long_ago))
    assert late["is_backfill"]
    assert await dates(session, home) == before


async def test_somebody_who_does_not_live_there_was_not_visited_there(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    await households.add(session, world, world.places["grid_a1"], 2)
    stranger = str(fixed_id(20_002))
    reply = await api.as_("grid_worker").post(URL, json=body(world, home, resident_id=stranger))
    problem_in(reply, 422, "invalid", "body.resident_id")
    head = str(fixed_id(20_001))
    visit = await recorded(api, "grid_worker", body(world, home, resident_id=head))
    assert visit["resident_name"] == "欧阳*修"


async def test_nothing_personal_leaves_unmasked(api: Api, world: World, home: Household) -> None:
    head = str(fixed_id(20_001))
    visit = await recorded(api, "grid_worker", body(world, home, resident_id=head))
    client = api.as_("village_admin")
    replies = [await client.get(url) for url in (URL, f"{URL}/{visit['id']}", f"{URL}/due")]
    for reply in replies:
        assert NAME not in reply.text
        assert PHONE not in reply.text


async def test_reads_cost_few_statements(
    api: Api, world: World, home: Household, statements: Counter
) -> None:
    visit = await recorded(api, "grid_worker", body(world, home, opinions=[SOMETHING_HEARD] * 2))
    client = api.as_("village_admin")
    with statements(at_most=2):
        await client.get(URL)
    with statements(at_most=2):
        await client.get(f"{URL}/{visit['id']}")
    with statements(at_most=2):
        await client.get(f"{URL}/due")
    with statements(at_most=11):
        await recorded(api, "grid_worker", body(world, home))


async def test_whom_to_visit_next_comes_first_and_empty_houses_are_not_asked_for(
    api: Api, session: AsyncSession, world: World, home: Household
) -> None:
    place = world.places["grid_a1"]
    red = await households.add(session, world, place, 2)
    await households.add(session, world, place, 3, kind=HouseholdType.VACANT)
    await households.add(session, world, place, 4, ended_on=clock.today())
    await households.add(session, world, world.places["grid_a2"], 5)
    client = api.as_("grid_worker")
    await recorded(api, "grid_worker", body(world, home))
    await recorded(api, "grid_worker", body(world, red))
    care = {"household_id": str(red.id), "category": "low_income", "care_level": "red"}
    assert (await client.post("/v1/care-objects", json=care)).status_code == 201
    first = (await client.get(f"{URL}/due", params={"limit": 1})).json()
    then = (await client.get(f"{URL}/due", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [page["items"][0]["id"] for page in (first, then)] == [str(red.id), str(home.id)]
    assert then["next_cursor"] is None
    assert first["items"][0]["head_name"] == "欧阳*修"
    assert [page["items"][0]["care_level"] for page in (first, then)] == ["red", None]
    assert first["items"][0]["next_visit_due"] == (clock.today() + timedelta(days=1)).isoformat()
    assert len((await api.as_("village_admin").get(f"{URL}/due")).json()["items"]) == 3


@pytest.mark.commits
async def test_two_copies_of_a_visit_at_once_are_one_visit(
    api: Api, session: AsyncSession, world: World
) -> None:
    home = await households.add(session, world, world.places["grid_a1"], 1)
    sent = body(world, home, id=str(uuid7()), opinions=[SOMETHING_HEARD])
    client = api.as_("grid_worker")
    replies = await asyncio.gather(*(client.post(URL, json=sent) for _copy in range(4)))
    assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 201]
    assert len({reply.json()["opinions"][0]["ticket_id"] for reply in replies}) == 1
    assert await session.scalar(select(func.count()).select_from(Ticket)) == 1
