"""Statistics from a streaming replica: read there while it keeps up, from the primary when it does not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core import clock
from app.core.replica import MOST_BEHIND_SECONDS, Replica
from tests.support.clients import Api
from tests.support.database import Database, Server
from tests.support.standby import Standby, standby_of
from tests.support.tickets import Loop
from tests.support.world import World

pytestmark = pytest.mark.commits
URL = "/v1/stats/live"


@pytest.fixture
def standby(server: Server, database: Database, tmp_path: Path) -> Iterator[Standby]:
    """A replica of the run's server, with the test's database."""
    assert database.name
    with standby_of(server, tmp_path / "standby") as found:
        yield found


@pytest.fixture
def replica(app: FastAPI, engine: AsyncEngine, database: Database, standby: Standby) -> Replica:
    """The application reads its statistics there."""
    app.state.replica = Replica(engine, standby.url(database.name))
    found: Replica = app.state.replica
    return found


async def until(replica: Replica, *, fit: bool) -> None:
    """Look at the replica until it is fit, or is not any more."""
    async with asyncio.timeout(60):
        while True:
            await replica.look()
            if replica.fit is fit:
                return
            await asyncio.sleep(0.05)


async def shown(api: Api) -> int:
    """How many steps the feed has."""
    reply = await api.as_("dispatcher").get(URL)
    assert reply.status_code == 200, reply.text
    return len(reply.json()["items"])


async def test_figures_come_from_the_replica_while_it_keeps_up_and_from_the_primary_when_it_does_not(
    api: Api, world: World, replica: Replica, standby: Standby
) -> None:
    await Loop(api, world).report()
    await until(replica, fit=True)
    assert await shown(api) == 1
    await standby.hold(held=True)
    await until(replica, fit=True)
    await Loop(api, world).report()
    assert await shown(api) == 1, "the replica does not know of the second one yet"
    await until(replica, fit=False)
    assert await shown(api) == 2
    await standby.hold(held=False)
    await until(replica, fit=True)
    # It may be fit a moment before it has replayed the last report.
    async with asyncio.timeout(10):
        while await shown(api) != 2:  # noqa: ASYNC110 - the replica tells nobody
            await asyncio.sleep(0.01)
    assert (replica.behind or 0) <= MOST_BEHIND_SECONDS


async def test_when_the_replica_goes_away_in_the_middle_nobody_notices(
    api: Api, world: World, replica: Replica, standby: Standby
) -> None:
    await Loop(api, world).report()
    await until(replica, fit=True)
    assert await shown(api) == 1
    standby.stop()
    assert replica.fit, "it was fit a moment ago, and nobody has looked since"
    await Loop(api, world).report()
    assert await shown(api) == 2
    assert not replica.fit
    await replica.look()
    assert not replica.fit


async def test_a_mark_of_the_replica_is_304_there_and_holds_on_the_primary_too(
    api: Api, world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Loop(api, world).report()
    await until(replica, fit=True)
    # No minute ends in between.
    moment = clock.now().replace(second=59)
    monkeypatch.setattr(clock, "now", lambda: moment)
    seen = await api.as_("dispatcher").get(URL)
    again = {"If-None-Match": seen.headers["etag"]}
    assert (await api.as_("dispatcher").get(URL, headers=again)).status_code == 304
    replica.lost()
    assert (await api.as_("dispatcher").get(URL, headers=again)).status_code == 304
