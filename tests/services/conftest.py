"""Fixtures of the services' tests."""

from collections.abc import AsyncIterator

import pytest

from app.core import clock
from app.core.db import Sessions
from tests.support.cast import actors_of
from tests.support.clients import Api
from tests.support.hooks import Post, Receiver, receiver
from tests.support.sweeping import PEOPLE, WEDNESDAY, Story, at
from tests.support.walking import PEOPLE as WALKERS
from tests.support.walking import Town, town_of
from tests.support.world import World


@pytest.fixture
async def town(sessions: Sessions, world: World) -> Town:
    """Everybody who may come across the tickets, and the limits and calendars of the deployment."""
    return await town_of(sessions, world, WALKERS)


@pytest.fixture
async def story(sessions: Sessions, world: World, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A ticket to be told of; it is a Wednesday in March, and the office opens."""
    async with sessions() as session:
        cast = await actors_of(session, world, PEOPLE)
    told = Story(sessions, world, cast, at(WEDNESDAY, 8, 30))
    monkeypatch.setattr(clock, "now", told.tick)
    return told


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    async with receiver() as found:
        yield found


@pytest.fixture
def post(api: Api, sessions: Sessions, world: World) -> Post:
    """The town's post office."""
    return Post(api, sessions, world)
