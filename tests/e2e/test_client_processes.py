"""A third party before several server processes: one allowance, one end, and the address it calls from."""

import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.database import Database
from tests.support.served import HOST, free_port, served
from tests.support.world import World

A_MINUTE = 40
LISTED = "/v1/areas"
ELSEWHERE = "203.0.113.7"


@pytest.fixture
async def doors(database: Database, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """Two servers on one database; the second one stands behind a proxy on this machine."""
    ports = free_port(), free_port()
    with (
        served(database, tmp_path, ports[0]),
        served(database, tmp_path, ports[1], WANGGE_TRUSTED_PROXIES=HOST),
    ):
        yield f"http://{HOST}:{ports[0]}", f"http://{HOST}:{ports[1]}"


def called(door: str, world: World, **headers: str) -> httpx.Response:
    """A call of the world's third party."""
    with httpx.Client(trust_env=False) as http:
        return http.get(f"{door}{LISTED}", headers=world.as_("api_client") | headers)


async def changed(engine: AsyncEngine, values: str) -> None:
    """Have something else stand in the client's row from now on."""
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE api_client SET {values}"))  # noqa: S608 - a test's own


@pytest.mark.commits
async def test_all_processes_share_what_a_client_may_in_a_minute_and_its_end(
    doors: tuple[str, str], engine: AsyncEngine, world: World
) -> None:
    await changed(engine, f"per_minute = {A_MINUTE}")
    started = time.monotonic()
    with ThreadPoolExecutor(8) as hands:
        calls = [hands.submit(called, door, world) for door in doors * (2 * A_MINUTE)]
    replies = [call.result() for call in calls]
    passed = time.monotonic() - started
    granted = [reply for reply in replies if reply.status_code == 200]
    came_back = passed * A_MINUTE / 60
    assert A_MINUTE <= len(granted) <= A_MINUTE + came_back
    assert {reply.status_code for reply in replies} == {200, 429}
    for door in doors:
        assert any(str(reply.url).startswith(door) for reply in granted), door
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    assert f'"minute";q={A_MINUTE};w=60' in refused.headers["ratelimit-policy"]
    await changed(engine, "per_minute = 600, status = 'disabled'")
    assert [called(door, world).status_code for door in doors] == [401, 401]


@pytest.mark.commits
async def test_what_a_caller_writes_of_its_address_counts_behind_a_trusted_proxy_alone(
    doors: tuple[str, str], engine: AsyncEngine, world: World
) -> None:
    plain, behind = doors
    await changed(engine, f"networks = '{{{ELSEWHERE}/32}}'")
    assert called(behind, world, **{"X-Forwarded-For": ELSEWHERE}).status_code == 200
    lies = ({"X-Forwarded-For": f"{ELSEWHERE}, 192.0.2.1"}, {"X-Real-IP": ELSEWHERE})
    for headers in ({"Forwarded": f"for={ELSEWHERE}"}, {"Client-IP": ELSEWHERE}, *lies, {}):
        assert called(behind, world, **headers).json()["code"] == "address_refused", headers
        assert called(plain, world, **headers).json()["code"] == "address_refused", headers
    assert called(plain, world, **{"X-Forwarded-For": ELSEWHERE}).json()["code"] == "address_refused"
