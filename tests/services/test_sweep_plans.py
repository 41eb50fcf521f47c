"""The sweep follows its indexes: among many clocks it reads the due ones and no others."""

from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.core import clock
from app.core.db import Sessions
from app.services.tickets import sweep
from tests.support import crowd, plans
from tests.support.database import Database
from tests.support.statements import Counter
from tests.support.world import World

TICKETS, DUE = 3_000, 40
# Most clocks wait, some have stopped; ended tickets wait for the archive.
CLOCKS = text("""
    INSERT INTO ticket_clock (id, ticket_id, kind, round, unit, amount, started_at, due_at, provisional,
        next_at, stopped_at)
    SELECT gen_random_uuid(), id, kind, 1, 'work_days', 5, reported_at, reported_at + interval '400 days',
        false, reported_at + interval '400 days', CASE WHEN kind = 'overall' THEN closed_at END
    FROM ticket, (VALUES ('handle'), ('overall')) AS kinds (kind)
""")
SOME_DUE = text("""
    UPDATE ticket_clock SET next_at = now() - interval '1 hour', due_at = now() + interval '1 day'
     WHERE id IN (SELECT id FROM ticket_clock WHERE stopped_at IS NULL ORDER BY id LIMIT :due)
""")
LOOKS = text("UPDATE ticket SET next_at = closed_at + interval '1000 days'")


@pytest.fixture
async def crowded(database: Database, world: World) -> None:
    """A database with many clocks, of which few are due."""
    owner = create_async_engine(database.owner_url)
    async with owner.begin() as connection:
        await crowd.settle(connection, world)
        await crowd.tickets(connection, world, range(1, TICKETS + 1), clock.now())
        await connection.execute(CLOCKS)
        await connection.execute(SOME_DUE, {"due": DUE})
        await connection.execute(LOOKS)
        await connection.execute(text("ANALYZE"))
    await owner.dispose()


@pytest.mark.commits
@pytest.mark.usefixtures("crowded")
async def test_the_due_ones_are_found_by_index_and_marked_by_few_statements(
    sessions: Sessions, session: AsyncSession, statements: Counter
) -> None:
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.setdefault(statement, values)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with statements(at_most=20):
            swept = await sweep.run(sessions)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert (swept.clocks, swept.broken) == (DUE, 0)
    pages = [statement for statement in seen if "LIMIT" in statement]
    assert len(pages) == 2
    for statement in pages:
        for generic in (False, True):
            plan = await plans.explain(session, statement, seen[statement], generic=generic)
            used = {node["Index Name"] for node in plan.nodes() if "Index Name" in node}
            assert used <= {"ix_ticket_next_at", "ix_ticket_clock_next_at"}, plan.outline()
            assert used, plan.outline()
            assert "Seq Scan" not in plan.kinds("ticket") | plan.kinds("ticket_clock"), plan.outline()
