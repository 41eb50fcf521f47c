"""Whatever happens to people, in any order: nobody is in two places, and nobody is nowhere by accident.

Random lives over HTTP, several events a day; then the database is asked for what must hold of all links,
and after each event whether the past is still what it was.
"""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support import dwellings
from tests.support.clients import Api
from tests.support.lives import Borders, Lives, broken, closed
from tests.support.world import World

EVENTS = 70


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_lives_no_link_overlaps_and_no_gap_is_there_that_nobody_made(
    api: Api, session: AsyncSession, world: World, seed: int
) -> None:
    lives = Lives(api, world, seed)
    await lives.begin(api)
    past = await closed(session)
    for _event in range(EVENTS):
        await lives.step()
        now = await closed(session)
        assert past <= now
        past = now
    assert lives.done >= {"moves", "split", "merge", "births", "death"}
    assert await broken(session) == {}


@pytest.mark.parametrize("seed", range(4))
async def test_borders_that_move_take_everybody_along_and_leave_the_past_alone(
    api: Api, session: AsyncSession, world: World, seed: int
) -> None:
    lives = Borders(api, world, seed)
    await lives.begin(api)
    past = await closed(session)
    for _event in range(EVENTS):
        await lives.step()
        now = await closed(session)
        assert past <= now
        past = now
        assert await broken(session) == {}, lives.last
    assert lives.done >= {"areas/split", "transfers"}
    assert lives.done & {"areas/move", "areas/merge"}


async def test_the_rules_find_what_is_broken(api: Api, session: AsyncSession, world: World) -> None:
    home = await dwellings.household(api, "village_admin", world.places["grid_a1"])
    assert await broken(session) == {}
    elsewhere = {"there": world.places["village_b"].id, "id": home["id"]}
    await session.execute(text("UPDATE household SET village_id = :there WHERE id = :id"), elsewhere)
    await session.execute(text("UPDATE household SET member_count = 7 WHERE id = :id"), elsewhere)
    assert (await broken(session)).keys() == {
        "a wrong count or mark",
        "a copy of the tree that is not the tree's",
    }


async def test_the_database_itself_refuses_a_second_home_at_the_same_time(
    api: Api, session: AsyncSession, world: World
) -> None:
    home = await dwellings.household(api, "village_admin", world.places["grid_a1"])
    resident_id = home["people"][0]["resident_id"]
    twice = text(
        "INSERT INTO residence (id, resident_id, address, reason, valid_from)"
        " VALUES (gen_random_uuid(), :who, 'x', 'other', :day)"
    )
    with pytest.raises(Exception, match="ex_residence_resident_id"):
        await session.execute(twice, {"who": resident_id, "day": date(2999, 1, 1)})
