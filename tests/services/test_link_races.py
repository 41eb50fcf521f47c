"""Two events of one person or household at once: one after the other, or refused; links stay right."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.services.test_links import BROKEN
from tests.support import dwellings
from tests.support.clients import Api
from tests.support.world import World

ROUNDS = 4


@pytest.mark.commits
async def test_events_at_once_leave_nobody_in_two_places(
    api: Api, session: AsyncSession, world: World
) -> None:
    client = api.as_("village_admin")
    family = [{"name": "何大文", "relation": "02"}, {"name": "何小明", "relation": "20"}]
    for _round in range(ROUNDS):
        homes = [
            await dwellings.household(api, "village_admin", world.places["grid_a1"], residents=family)
            for _home in range(3)
        ]
        first, second, third = (home["id"] for home in homes)
        son = homes[0]["people"][1]["resident_id"]
        joins = [{"household": {"household_id": to, "relation": "20"}} for to in (second, third)]
        alone = {"members": [{"resident_id": son, "relation": "02"}]}
        replies = await asyncio.gather(
            *(client.post(f"/v1/residents/{son}/moves", json=join) for join in joins),
            client.post(f"/v1/households/{first}/split", json=alone),
            client.post(f"/v1/residents/{son}/death", json={}),
        )
        assert {reply.status_code for reply in replies} <= {200, 201, 409, 422}
        assert any(reply.is_success for reply in replies)
    for what, question in BROKEN.items():
        assert (await session.execute(text(question))).all() == [], what
