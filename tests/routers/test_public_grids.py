"""The public directory: grids, names and work phones for everybody, and nothing else of anybody."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.staff import Member, Post
from tests.support.clients import Api
from tests.support.statements import Counter
from tests.support.world import World

URL = "/v1/public/grids"


async def test_everybody_reads_who_works_in_a_grid(api: Api, session: AsyncSession, world: World) -> None:
    worker = world["grid_worker"].member_id
    await session.execute(update(Member).where(Member.id == worker).values(work_phone="0757-86501234"))
    await session.commit()
    reply = await api.get(URL, params={"under": str(world.places["grid_a1"].id)})
    assert reply.status_code == 200, reply.text
    grid, micro = reply.json()["items"]
    assert (grid["name"], grid["village_name"]) == ("儒林第一网格", "儒林社区")
    known = {one["name"]: (one["role_label"], one["work_phone"]) for one in grid["members"]}
    assert known["关小勤"] == ("专职网格员", "0757-86501234")
    assert grid["members"][0]["role"] == "grid_leader"
    assert [one["name"] for one in micro["members"]] == ["陈楼长"]
    assert reply.headers["cache-control"] == "public, max-age=300"


async def test_own_phones_and_people_of_other_offices_are_not_public(api: Api, world: World) -> None:
    text = (await api.get(URL, params={"limit": 100})).text
    for person in world.people.values():
        assert person.phone not in text
    assert world["dispatcher"].name not in text


async def test_whoever_has_left_or_lost_the_post_is_gone_from_the_directory(
    api: Api, session: AsyncSession, world: World
) -> None:
    left, moved = world["grid_worker"], world["grid_leader"]
    await session.execute(update(Member).where(Member.id == left.member_id).values(ended_at=clock.now()))
    await session.execute(update(Post).where(Post.id == moved.post_id).values(valid_to=clock.now()))
    await session.commit()
    text = (await api.get(URL)).text
    assert left.name not in text
    assert moved.name not in text
    assert world["former"].name not in text


async def test_the_directory_pages_and_costs_two_statements(
    api: Api, world: World, statements: Counter
) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        with statements(at_most=2):
            page = (await api.get(URL, params={"limit": 2, **cursor})).json()
        seen += [grid["code"] for grid in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == sorted(place.code for place in world.places.values() if place.corner)
