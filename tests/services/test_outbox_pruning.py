"""The outbox is pruned from its front: never before a reader, never what a phone may still come back for."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.db import Sessions, transaction
from app.models.sync import SyncOperation
from app.services.exchange.webhooks import fanout
from app.services.mobile import cursors, outcomes, reader
from app.services.platform import outbox_pruning
from app.services.platform.outbox_pruning import KEPT_FOR, prune
from app.services.stats import folding, rebuilding
from tests.support.clients import Api
from tests.support.phones import Store, comment, push, report
from tests.support.problems import problem_in
from tests.support.tickets import Loop
from tests.support.waiting import until_all_have_ended
from tests.support.world import World

pytestmark = pytest.mark.commits


async def rows(sessions: Sessions) -> list[int]:
    """The ids of the outbox, in the readers' order."""
    async with transaction(sessions) as session:
        return list(await session.scalars(text("SELECT id FROM outbox ORDER BY txid, id")))


async def aged(sessions: Sessions, days: float, *ids: int) -> None:
    """Some rows, or all, were written so long ago."""
    values: dict[str, Any] = {"at": clock.now() - timedelta(days=days), "ids": list(ids)}
    statement = "UPDATE outbox SET created_at = :at WHERE id = ANY(:ids) OR :ids = '{}'"
    async with transaction(sessions) as session:
        await session.execute(text(statement), values)


async def read(sessions: Sessions) -> None:
    """The readers are at the end."""
    await until_all_have_ended(sessions)
    await reader.run(sessions)
    await fanout.run(sessions)


async def test_what_is_old_and_read_goes_from_the_front_in_batches(
    api: Api, sessions: Sessions, world: World
) -> None:
    for _number in range(7):
        await Loop(api, world).report()
    written = await rows(sessions)
    await read(sessions)
    assert await prune(sessions) == 0
    await aged(sessions, KEPT_FOR.days + 1, *written[:4], written[5])
    assert await prune(sessions, batch=3) == 4
    assert await rows(sessions) == written[4:]
    assert await prune(sessions) == 0


async def test_what_a_reader_has_not_read_stays_however_old(
    api: Api, sessions: Sessions, world: World
) -> None:
    await Loop(api, world).report()
    await aged(sessions, 400)
    await until_all_have_ended(sessions)
    assert await prune(sessions) == 0
    await read(sessions)
    assert await prune(sessions) == 1
    assert await rows(sessions) == []


async def test_what_the_figures_have_not_folded_stays_however_old(
    api: Api, sessions: Sessions, world: World
) -> None:
    stops = iter([False, True])
    async for _progress in rebuilding.run(sessions, leave=lambda: next(stops)):
        pass
    await Loop(api, world).report()
    await aged(sessions, 400)
    await read(sessions)
    assert await prune(sessions) == 0, "a rebuild has still to fold it"
    async for _progress in rebuilding.run(sessions):
        pass
    assert await prune(sessions) == 0, "the fold has not read it"
    await folding.run(sessions)
    assert await prune(sessions) == 1


async def test_a_phone_that_would_miss_something_begins_anew_and_no_other(
    api: Api, sessions: Sessions, world: World
) -> None:
    late, there = Store(api, "grid_worker", sessions), Store(api, "grid_worker", sessions)
    await late.sync()
    loop = Loop(api, world)
    await loop.report()
    await there.sync()
    await read(sessions)
    await aged(sessions, KEPT_FOR.days + 1)
    assert await prune(sessions) == 1
    problem_in(await late.page(), 410, "sync_cursor_stale")
    await late.sync()
    assert loop.id in late.kept["tickets"]
    await loop.to("accepted")
    pages = await there.sync()
    assert not pages[0]["first"]
    assert there.kept["tickets"][loop.id]["status"] == "accepted"


async def test_what_is_kept_outlives_every_cursor(sessions: Sessions) -> None:
    assert outbox_pruning.KEPT_FOR > cursors.KEPT_FOR
    assert await prune(sessions, leave=lambda: True) == 0


async def test_pruning_walks_an_index(sessions: Sessions, api: Api, world: World) -> None:
    await Loop(api, world).report()
    async with transaction(sessions) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        asked = text(f"EXPLAIN {outbox_pruning._PRUNE.text}").bindparams(
            pruned="pruned", before=clock.now(), now=clock.now(), batch=10
        )
        plan = "\n".join(await session.scalars(asked))
    assert "ix_outbox_txid_id" in plan
    assert "Seq Scan on outbox " not in plan


async def test_an_operation_is_remembered_for_half_a_year_and_no_longer(
    api: Api, sessions: Sessions, world: World
) -> None:
    made = report(world)
    follow = comment(made["id"])
    await push(api, "grid_worker", made, follow)
    async with transaction(sessions) as session:
        for one, days in ((made, 181), (follow, 179)):
            row = await session.get_one(SyncOperation, (world["grid_worker"].member_id, one["op_id"]))
            row.received_at = clock.now() - timedelta(days=days)
    async with transaction(sessions) as session:
        assert await outcomes.forget_old(session) == 1
    (again,) = await push(api, "grid_worker", follow)
    assert again["outcome"] == "already_applied"
