"""The schema: migrations go up, down and up again, match the models, and keep what they promise."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.config import Settings
from app.core import schema
from app.core.schema import SchemaStale
from app.main import create_app
from app.runtime.provision import alembic_config
from tests.support.database import EMPTY, Database, Server

APPEND_ONLY = ("ticket_event", "audit_log", "pii_access_log", "audit_link")
CHANGES = ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE")
INSUFFICIENT_PRIVILEGE = "42501"

TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
PICTURE = """
    SELECT 'column', table_name || '.' || column_name,
           concat_ws(' ', data_type, udt_name, is_nullable, column_default, is_identity)
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
      FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', proname, md5(prosrc)
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'sequence', sequencename, concat_ws(' ', data_type, start_value, increment_by)
      FROM pg_sequences WHERE schemaname = 'public'
    UNION ALL SELECT 'privilege', relname, array_to_string(ARRAY(SELECT unnest(relacl)::text ORDER BY 1), ' ')
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')
    ORDER BY 1, 2, 3
"""
UNINDEXED = """
    SELECT conrelid::regclass || '.' || conname FROM pg_constraint
     WHERE contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_index
         WHERE indrelid = conrelid AND indisvalid AND indpred IS NULL
           AND (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
           AND conkey @> (indkey::int2[])[0:cardinality(conkey) - 1])
"""

# Tickets as they stood before the sweep: closed, returned, evaluating, in work; all since midnight.
BEFORE_THE_SWEEP = (
    """
    INSERT INTO area (id, code, name, short_name, level, kind, path, valid_from)
    VALUES ('00000000-0000-7000-8000-000000000001', '440605121', '九江镇', '九江', 'town', 'town',
            ARRAY['00000000-0000-7000-8000-000000000001'::uuid], '2020-01-01')
    """,
    "INSERT INTO category (code, label_zh, label_en) VALUES ('0501', '垃圾堆放', 'Rubbish')",
    """
    INSERT INTO ticket (id, no, title, content, category_code, source, urgency, stage, status, area_id,
        town_id, address, reported_at, closed_at, revisit_state, version, created_at, updated_at)
    SELECT uuidv7(), 'A-' || status, '垃圾', '垃圾堆放', '0501', 'grid_patrol', 'normal', 'handle', status,
        area.id, area.id, '沙龙路 12 号', '2026-03-02',
        CASE status WHEN 'closed' THEN '2026-03-02'::timestamptz END, 'needed', 3, '2026-03-02', '2026-03-02'
    FROM area, unnest(ARRAY['closed', 'returned', 'evaluating', 'processing']) AS status
    """,
    """
    INSERT INTO ticket_clock (id, ticket_id, kind, round, unit, amount, started_at, due_at, provisional,
        stopped_at)
    SELECT uuidv7(), id, 'handle', 1, 'work_days', 5, '2026-03-02', '2026-03-12', false, closed_at
    FROM ticket
    """,
)
WAITS = "SELECT status, (next_at - '2026-03-02')::text FROM ticket ORDER BY status"
WARNS = """
    SELECT status, (ticket_clock.next_at - started_at)::text FROM ticket_clock
      JOIN ticket ON ticket.id = ticket_id ORDER BY status
"""


@pytest.fixture
def empty(server: Server) -> Iterator[Database]:
    """A database without a table, for one test."""
    name = "wangge_empty"
    yield asyncio.run(server.create(name, EMPTY))
    asyncio.run(server.drop(name))


def test_migrations_match_the_models_and_go_up_down_and_up_again(empty: Database) -> None:
    config = empty.alembic()
    command.upgrade(config, "head")
    first = _rows(empty, PICTURE)
    command.check(config)
    command.downgrade(config, "base")
    assert _rows(empty, TABLES) == [("alembic_version",)]
    command.upgrade(config, "head")
    assert _rows(empty, PICTURE) == first


def test_each_single_step_down_can_be_taken_up_again(empty: Database) -> None:
    config = empty.alembic()
    for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        command.upgrade(config, script.revision)
        before = _rows(empty, PICTURE)
        command.downgrade(config, "-1")
        command.upgrade(config, script.revision)
        assert _rows(empty, PICTURE) == before, script.revision


def test_tickets_from_before_the_sweep_are_swept_too(empty: Database) -> None:
    command.upgrade(empty.alembic(), "20261122_0011")
    asyncio.run(_run(empty.owner_url, BEFORE_THE_SWEEP))
    command.upgrade(empty.alembic(), "head")
    waits = {"closed": "90 days", "evaluating": "7 days", "processing": None, "returned": "1 day"}
    assert dict(_rows(empty, WAITS)) == waits
    assert dict(_rows(empty, WARNS)) == {**dict.fromkeys(waits, "8 days"), "closed": None}


def test_the_server_refuses_to_start_on_a_stale_schema_and_says_how_to_migrate(
    empty: Database, settings: Settings
) -> None:
    with pytest.raises(SchemaStale, match="wangge migrate"):
        asyncio.run(_start(settings, empty))
    command.upgrade(empty.alembic(), "head")
    asyncio.run(_start(settings, empty))
    command.downgrade(empty.alembic(), "-1")
    with pytest.raises(SchemaStale, match="wangge migrate"):
        asyncio.run(_start(settings, empty))


def test_there_is_one_line_of_migrations_named_by_date_and_number() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert scripts.get_heads() == [schema.head()]
    names = [script.module.__name__ for script in scripts.walk_revisions()]
    assert all(re.fullmatch(r"\d{8}_\d{4}_[a-z0-9_]+", name.removesuffix("_py")) for name in names), names


async def test_every_foreign_key_has_an_index_that_begins_with_it(session: AsyncSession) -> None:
    assert (await session.scalars(text(UNINDEXED))).all() == []


@pytest.mark.parametrize("whose", ["url", "owner_url"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_the_timeline_and_the_audit_log_refuse_changes_even_by_their_owner(
    database: Database, table: str, change: str, whose: str
) -> None:
    engine = create_async_engine(getattr(database, whose))
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as refused:
            await connection.execute(text(change.format(table, "seq" if table == "audit_link" else "id")))
    await engine.dispose()
    assert getattr(refused.value.orig, "sqlstate", None) == INSUFFICIENT_PRIVILEGE


async def test_the_application_may_not_touch_the_schemas_version(session: AsyncSession) -> None:
    with pytest.raises(DBAPIError) as refused:
        await session.execute(text("UPDATE alembic_version SET version_num = version_num"))
    assert getattr(refused.value.orig, "sqlstate", None) == INSUFFICIENT_PRIVILEGE


def _rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    return asyncio.run(_fetch(database.owner_url, statement))


async def _fetch(url: str, statement: str) -> list[tuple[Any, ...]]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(text(statement))]
    await engine.dispose()
    return rows


async def _run(url: str, statements: Sequence[str]) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def _start(settings: Settings, database: Database) -> None:
    app = create_app(settings, database.url)
    async with app.router.lifespan_context(app):
        pass
