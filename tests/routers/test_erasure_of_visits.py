"""What residents ask of their own data reaches the visits: the copy holds them, erasure empties them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models import Base
from app.models.attachment import Attachment, FileIntent
from app.models.visit import Visit
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.uploads import uploaded
from tests.support.visits import at, recorded
from tests.support.world import World

PATH = "/v1/data-requests"
SEEN, NEED, ANSWER, HEARD = "血压偏高走访所见", "需要轮椅一部", "一人独居十年", "想要长者饭堂"
SCHEMA = {"type": "object", "properties": {"living": {"type": "string"}}}
OLD = {"name": "何老太", "relation": "02"}
COUPLE = [OLD, {"name": "何老伯", "relation": "10"}]


async def settled(api: Api, world: World, people: list[dict[str, str]]) -> dict[str, Any]:
    """A household that came last year."""
    since = (clock.today() - timedelta(days=365)).isoformat()
    place = world.places["grid_a1"]
    return await dwellings.household(api, "village_admin", place, residents=people, since=since)


async def visited(api: Api, world: World, home: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A visit with everything that people say and show."""
    plan = {"title": "冬季走访", "programme": "grid", "area_id": str(world.places["village_a"].id)}
    plan |= {"starts_on": clock.today().isoformat(), "due_on": clock.today().isoformat()}
    made = await api.as_("village_admin").post("/v1/visit-plans", json={**plan, "questionnaire": SCHEMA})
    assert made.status_code == 201, made.text
    sent = {"household_id": home["id"], "plan_id": made.json()["id"], "result": "met", "content": SEEN}
    sent |= {"occurred_at": clock.now().isoformat(), "location": at(world), "needs": [NEED]}
    sent |= {"answers": {"living": ANSWER}, "opinions": [{"content": HEARD, "outcome": "noted"}]}
    sent |= {"attachment_ids": [(await uploaded(api, "grid_worker"))["id"]]}
    return await recorded(api, "grid_worker", sent | changed)


async def carried_out(api: Api, kind: str, home: dict[str, Any]) -> Any:
    """Take down what the first person of a household asks, approve it, and do it."""
    resident_id = home["people"][0]["resident_id"]
    asked = {"resident_id": resident_id, "kind": kind, "identity_check": "id_card", "note": "本人提出"}
    made = await api.as_("grid_worker").post(PATH, json=asked)
    assert made.status_code == 201, made.text
    url = f"{PATH}/{made.json()['id']}"
    keeper = api.as_("village_admin")
    await keeper.post(f"{url}/actions", json={"action": "approve"})
    last = "copy" if kind == "access" else "actions"
    reply = await keeper.post(f"{url}/{last}", json={} if kind == "access" else {"action": "carry_out"})
    assert reply.status_code == 200, reply.text
    return reply.json()


async def holding(session: AsyncSession, mark: str) -> set[str]:
    """The tables of which a row holds a text."""
    found = set()
    for name in Base.metadata.tables:
        query = text(f"SELECT count(*) FROM {name} AS t WHERE strpos(t::text, :mark) > 0")  # noqa: S608
        if await session.scalar(query, {"mark": mark}):
            found.add(name)
    return found


async def test_the_copy_holds_what_was_written_down_on_visits_to_the_person(api: Api, world: World) -> None:
    home = await settled(api, world, COUPLE)
    first, second = (person["resident_id"] for person in home["people"])
    visit = await visited(api, world, home, resident_id=first)
    await visited(api, world, home, resident_id=second)
    (copied,) = (await carried_out(api, "access", home))["visits"]
    assert (copied["visit_id"], copied["by"]) == (visit["id"], world["grid_worker"].name)
    told = (copied["content"], copied["needs"], copied["answers"], copied["opinions"])
    assert told == (SEEN, [NEED], {"living": ANSWER}, [HEARD])


@pytest.mark.parametrize("named", [True, False])
async def test_erasure_empties_the_visits_to_the_person_and_to_who_lived_alone(
    api: Api, session: AsyncSession, world: World, *, named: bool
) -> None:
    home = await settled(api, world, [OLD])
    whom = {"resident_id": home["people"][0]["resident_id"]} if named else {}
    visit = await visited(api, world, home, **whom)
    keys = set(await session.scalars(select(Attachment.object_key)))
    assert keys
    assert [await holding(session, mark) for mark in (SEEN, HEARD)] == [{"visit"}, {"visit_opinion"}]
    await carried_out(api, "delete", home)
    for mark in (SEEN, NEED, ANSWER, HEARD):
        assert await holding(session, mark) == set(), mark
    row = (await session.scalars(select(Visit).execution_options(populate_existing=True))).one()
    assert (row.lng, row.raw_lng, row.coord_type, row.is_effective) == (None, None, None, True)
    assert set(await session.scalars(select(FileIntent.object_key))) == keys
    seen = (await api.as_("village_admin").get(f"/v1/visits/{visit['id']}")).json()
    assert (seen["attachment_ids"], seen["location"]) == ([], None)


async def test_what_was_heard_of_the_others_at_home_stays(
    api: Api, session: AsyncSession, world: World
) -> None:
    home = await settled(api, world, COUPLE)
    await visited(api, world, home, resident_id=home["people"][1]["resident_id"])
    await visited(api, world, home)
    await carried_out(api, "delete", home)
    contents = (await session.scalars(select(Visit.content).execution_options(populate_existing=True))).all()
    assert contents == [SEEN, SEEN]
