"""Writing many rows fast: COPY, with the secondary indexes built once at the end instead of row by row.

All in the caller's transaction, as the owner of the tables. Indexes, foreign keys and exclusions are taken
down and put back exactly as the catalogue tells them, so that nothing here has to be changed when a
migration changes them; putting a constraint back checks every row.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, TypeVar

from asyncpg import Connection

from app.demo.history import rows as ticket_rows
from app.demo.town import care_rows, home_rows
from app.demo.town import rows as town_rows

__all__ = ["TABLES", "Copier", "ahead"]

T = TypeVar("T")

TABLES: Mapping[type[Any], str] = MappingProxyType(
    {**town_rows.TABLES, **home_rows.TABLES, **care_rows.TABLES, **ticket_rows.TABLES}
)
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid = ANY ($1::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
ORDER BY indexrelid
"""
_REFERENCES = """
SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name,
    pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype IN ('f', 'x') AND conrelid = ANY ($1::text[]::regclass[])
ORDER BY oid
"""
_MEMORY = "SET LOCAL maintenance_work_mem = '256MB'"


class Copier:
    """Copies rows into their tables and counts them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.counts: Counter[str] = Counter()

    async def write(self, *sheets: Sequence[Any]) -> None:
        """Copy rows, a sheet a table, parents before children."""
        for rows in filter(None, sheets):
            kind = type(rows[0])
            table = TABLES[kind]
            await self.connection.copy_records_to_table(table, records=rows, columns=kind._fields)
            self.counts[table] += len(rows)

    @asynccontextmanager
    async def bulk(self, tables: Collection[str]) -> AsyncIterator[None]:
        """Many rows for these tables: their secondary indexes and foreign keys come back at the end."""
        run = self.connection.execute
        indexes = await self.connection.fetch(_INDEXES, list(tables))
        references = await self.connection.fetch(_REFERENCES, list(tables))
        for row in references:
            await run(f"ALTER TABLE {row['table']} DROP CONSTRAINT {row['name']}")
        for row in indexes:
            await run(f"DROP INDEX {row['name']}")
        yield
        await run(_MEMORY)
        for row in indexes:
            await run(row["definition"])
        for row in references:
            await run(f"ALTER TABLE {row['table']} ADD CONSTRAINT {row['name']} {row['definition']}")


async def ahead(batches: Iterator[T]) -> AsyncIterator[T]:
    """The batches, each made in a thread while the database still digests the one before."""
    coming = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await coming) is not None:
            coming = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        coming.cancel()
