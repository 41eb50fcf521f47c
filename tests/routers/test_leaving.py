"""Whoever leaves belongs to no team and keeps contact with nobody; what was stays on record."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.platform import AuditLog, Outbox
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.world import World

TEAMS, LINKS = "/v1/teams", "/v1/contact-links"


@pytest.fixture
async def tied(api: Api, world: World) -> dict[str, str]:
    """The grid worker in a patrol, and party member of a household: addresses of both."""
    keeper, member_id = api.as_("village_admin"), str(world["grid_worker"].member_id)
    team = {"name": "巡防队", "kind": "patrol", "area_id": str(world.places["village_a"].id)}
    made = await keeper.post(TEAMS, json=team)
    url = f"{TEAMS}/{made.json()['id']}"
    assert (await keeper.post(f"{url}/members", json={"member_id": member_id})).status_code == 201
    home = await dwellings.household(
        api, "village_admin", world.places["grid_a1"], residents=[], household_type="vacant"
    )
    link = {"member_id": member_id, "household_id": home["id"], "rank": "party_member"}
    linked = await keeper.post(LINKS, json=link)
    assert linked.status_code == 201, linked.text
    return {"team": url, "link": f"{LINKS}/{linked.json()['id']}", "home": f"/v1/households/{home['id']}"}


async def seen(api: Api, tied: dict[str, str]) -> tuple[int, int]:
    """How many the team has now, and how many links hold."""
    keeper = api.as_("village_admin")
    team = (await keeper.get(tied["team"])).json()
    return team["size"], len((await keeper.get(LINKS)).json()["items"])


async def test_whoever_leaves_leaves_teams_and_households_too(
    api: Api, session: AsyncSession, world: World, tied: dict[str, str]
) -> None:
    url = f"/v1/members/{world['grid_worker'].member_id}/end"
    assert await seen(api, tied) == (1, 1)
    left = await api.as_("system_admin").post(url, json={})
    assert left.status_code == 200, left.text
    assert await seen(api, tied) == (0, 0)
    (time,) = (await api.as_("village_admin").get(tied["team"])).json()["members"]
    link = (await api.as_("village_admin").get(tied["link"])).json()
    assert time["valid_to"] == link["valid_to"] == left.json()["ended_at"]
    ended = {"team.leave", "contact_link.end"}
    assert ended <= set(await session.scalars(select(Outbox.topic)))
    assert ended <= set(await session.scalars(select(AuditLog.action)))


async def test_whoever_leaves_later_belongs_until_then(api: Api, world: World, tied: dict[str, str]) -> None:
    later = clock.now() + timedelta(days=3)
    url = f"/v1/members/{world['grid_worker'].member_id}/end"
    left = await api.as_("system_admin").post(url, json={"ended_at": later.isoformat()})
    assert left.status_code == 200, left.text
    assert await seen(api, tied) == (1, 1)
    assert (await api.as_("village_admin").post(f"{tied['link']}/end")).status_code == 200
    assert await seen(api, tied) == (1, 0)


async def test_what_somebody_saw_to_is_found_when_they_have_left(api: Api, world: World) -> None:
    keeper, member_id = api.as_("village_admin"), str(world["grid_worker"].member_id)
    place = world.places["grid_a1"]
    home = await dwellings.household(api, "village_admin", place)
    care = {"household_id": home["id"], "category": "living_alone", "care_level": "red"}
    assert (await keeper.post("/v1/care-objects", json=care | {"responsible_id": member_id})).is_success
    await dwellings.building(api, "village_admin", place, head_member_id=member_id)
    lists = {"/v1/care-objects": ("unassigned", "responsible"), "/v1/buildings": ("headless", "head")}
    for url, (query, _who) in lists.items():
        assert (await keeper.get(url, params={query: True})).json()["items"] == []
    left = await api.as_("system_admin").post(f"/v1/members/{member_id}/end", json={})
    assert left.status_code == 200, left.text
    for url, (query, who) in lists.items():
        (found,) = (await keeper.get(url, params={query: True})).json()["items"]
        assert (found[who]["id"], found[who]["has_left"]) == (member_id, True)
        other = {f"{'responsible' if who == 'responsible' else 'head_member'}_id": None}
        changed = await keeper.patch(f"{url}/{found['id']}", json=other)
        assert changed.json()[who] is None
        assert len((await keeper.get(url, params={query: True})).json()["items"]) == 1


async def test_nobody_keeps_contact_with_a_household_that_ended(api: Api, tied: dict[str, str]) -> None:
    ended = await api.as_("village_admin").post(f"{tied['home']}/end", json={})
    assert ended.status_code == 200, ended.text
    assert await seen(api, tied) == (1, 0)


async def test_phones_and_statistics_hear_of_teams_links_and_duty_and_never_where(
    api: Api, session: AsyncSession, tied: dict[str, str]
) -> None:
    worker, here = api.as_("grid_worker"), {"lng": 113.005, "lat": 22.835, "coord_type": "gcj02"}
    for step in ("check-in", "check-out"):
        assert (await worker.post(f"/v1/attendance/{step}", json={"location": here})).is_success
    assert (await api.as_("village_admin").post(f"{tied['team']}/end")).status_code == 200
    news = (await session.scalars(select(Outbox))).all()
    told = {row.topic for row in news}
    assert told >= {"team.create", "team.join", "team.end", "contact_link.create"}
    assert told >= {"attendance.check_in", "attendance.check_out"}
    assert not any("113.005" in str(row.data) for row in news)
