"""The staging table: rows go in by COPY and come out in batches, what is personal in them sealed.

`original` and `cleaned` are JSON sealed by the vault; faults are codes, sentences and masked values.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.models.exchange import ImportRow
from app.services.exchange.faults import Fault
from app.services.exchange.plans import Unit
from app.services.exchange.rows import StagedRow

_COLUMNS = (
    "job_id",
    "number",
    "unit",
    "sheet",
    "line",
    "original_sealed",
    "cleaned_sealed",
    "faults",
    "held",
)
LONGEST_UNIT = 120


async def clear(session: AsyncSession, *, job_id: UUID) -> None:
    """Forget what an interrupted dry run left."""
    await session.execute(delete(ImportRow).where(ImportRow.job_id == job_id))


async def put(session: AsyncSession, *, job_id: UUID, vault: Vault, units: Sequence[Unit]) -> int:
    """Stage some units; one with a fault in any row is held. Returns how many rows are held."""
    held = 0
    records = []
    for unit in units:
        holds = any(row.faults for row in unit)
        held += len(unit) if holds else 0
        records += [_record(job_id, row, vault, holds=holds) for row in unit]
    connection = await session.connection()
    # The driver begins its transaction with the first statement that comes through SQLAlchemy.
    await connection.execute(text("SELECT 1"))
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_records_to_table("import_row", records=records, columns=_COLUMNS)
    return held


async def free(
    session: AsyncSession, *, job_id: UUID, vault: Vault, after: int, limit: int
) -> tuple[list[Unit], int]:
    """The next whole units that are not held, at least one, and the number of their last row.

    What was sent is left behind (`original` is empty): only held rows are shown to anybody. Up to `limit`
    rows are read; no units and `after` itself when there are no more.
    """
    statement = (
        select(ImportRow.number, ImportRow.unit, ImportRow.sheet, ImportRow.line, ImportRow.cleaned_sealed)
        .where(ImportRow.job_id == job_id, ImportRow.number > after, ImportRow.held.is_(False))
        .order_by(ImportRow.number)
        .limit(limit)
    )
    rows = (await session.execute(statement)).all()
    units: list[Unit] = []
    for number, unit, sheet, line, sealed in rows:
        if not units or units[-1][0].unit != unit:
            units.append([])
        units[-1].append(StagedRow(number, unit, sheet, line, [], json.loads(vault.open(sealed))))
    # The last unit may go on behind the limit.
    if len(rows) == limit and len(units) > 1:
        units.pop()
    return units, units[-1][-1].number if units else after


async def hold(session: AsyncSession, *, job_id: UUID, units: Sequence[Unit]) -> None:
    """Hold units that were refused while being written, with their new faults."""
    for row in (row for unit in units for row in unit):
        await session.execute(
            update(ImportRow)
            .where(ImportRow.job_id == job_id, ImportRow.number == row.number)
            .values(held=True, faults=[fault.as_json() for fault in row.faults])
        )


async def held(
    session: AsyncSession, *, job_id: UUID, vault: Vault, after: int, limit: int
) -> list[StagedRow]:
    """The next held rows, with what was sent."""
    statement = (
        select(ImportRow)
        .where(ImportRow.job_id == job_id, ImportRow.number > after, ImportRow.held)
        .order_by(ImportRow.number)
        .limit(limit)
    )
    return [_row(row, vault) for row in await session.scalars(statement)]


async def forget_applied(session: AsyncSession, *, job_id: UUID) -> None:
    """Remove what has been written; held rows stay for the error workbook."""
    await session.execute(delete(ImportRow).where(ImportRow.job_id == job_id, ImportRow.held.is_(False)))


def _record(job_id: UUID, row: StagedRow, vault: Vault, *, holds: bool) -> tuple[Any, ...]:
    return (
        job_id,
        row.number,
        row.unit,
        row.sheet,
        row.line,
        vault.seal(json.dumps(row.original, ensure_ascii=False)),
        vault.seal(json.dumps(row.values, ensure_ascii=False)),
        json.dumps([fault.as_json() for fault in row.faults]),
        holds,
    )


def _row(row: ImportRow, vault: Vault) -> StagedRow:
    return StagedRow(
        number=row.number,
        unit=row.unit,
        sheet=row.sheet,
        line=row.line,
        original=json.loads(vault.open(row.original_sealed)),
        values=json.loads(vault.open(row.cleaned_sealed)),
        faults=[Fault(**fault) for fault in row.faults],
    )
