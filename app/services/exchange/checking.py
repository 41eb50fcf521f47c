"""The dry run: a spreadsheet's rows cleaned, checked and staged; nothing else is written.

One transaction from the first row to the last: a run that is cut off leaves nothing and begins anew. How
far it is can be read meanwhile. When the rows are staged, sealed, the file itself is removed. A run that
tells its sender that numbers are registered elsewhere is written down and counts as looking for them.
"""

import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.errors import Problem
from app.core.files import FileStore
from app.core.workbook import reader
from app.core.workbook.cells import Row
from app.core.workbook.faults import WorkbookRefused
from app.models.enums.exchange import ImportState
from app.models.exchange import ImportJob
from app.services.exchange import headers, kinds, rows, staging
from app.services.exchange.headers import Header
from app.services.exchange.plans import Plan, Unit
from app.services.exchange.rows import Cleaner, StagedRow
from app.services.registry import lookups

JOB = "check_import"
# Faults that confirm an identity number to whoever guessed it, wherever that person is registered.
TELLING = frozenset({"resident_elsewhere", "resident_died"})
UNITS_A_BATCH = 400
TOLD_EVERY = 5_000


class HeaderUnknown(WorkbookRefused):
    """No sheet has a header that names the columns of this kind."""

    code = "import_header_unknown"
    title_zh = "没有找到表头：请使用模板，或检查前 12 行中的列名"
    title_en = "No header was found within the first 12 rows"


@dataclass(slots=True)
class _Sheet:
    """A sheet while it is read: the rows at its top until the header is known."""

    name: str
    top: list[Row] = field(default_factory=list)
    searched: bool = False
    header: Header | None = None
    cleaner: Cleaner | None = None
    rows: int = 0


@dataclass(slots=True)
class _Run:
    """A dry run as far as it is."""

    plan: Plan
    sheets: list[_Sheet] = field(default_factory=list)
    unit: Unit = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    number: int = 0
    held: int = 0
    confirmed: int = 0


async def run(sessions: Sessions, *, files: FileStore, vault: Vault, job_id: UUID) -> str | None:
    """Check an uploaded import; returns the state that it has then, None when there is nothing to do."""
    async with transaction(sessions) as session:
        job = await session.get(ImportJob, job_id)
    if job is None or job.state != ImportState.UPLOADED:
        return None
    try:
        with tempfile.TemporaryFile() as file:
            await _fetch(files, job, file)
            await _check(sessions, job, file, vault)
    except Problem as refused:
        if refused.status >= 500:  # noqa: PLR2004 - the store is away: the job is tried again
            raise
        await _fail(sessions, job_id, refused)
    await files.delete(job.object_key)
    async with transaction(sessions) as session:
        return (await session.get_one(ImportJob, job_id)).state


async def _fetch(files: FileStore, job: ImportJob, file: IO[bytes]) -> None:
    async for piece in await files.read(job.object_key, 0, job.size):
        file.write(piece)


async def _check(sessions: Sessions, job: ImportJob, file: IO[bytes], vault: Vault) -> None:
    async with transaction(sessions) as session:
        await staging.clear(session, job_id=job.id)
        run = _Run(await kinds.plan_of(session, job, vault))
        told = 0
        async for row in _rows(run, file):
            _group(run, row)
            if len(run.units) >= UNITS_A_BATCH:
                await _stage(session, run, job, vault)
            if run.number - told >= TOLD_EVERY:
                told = run.number
                await _tell(sessions, job.id, told)
        if run.unit:
            run.units.append(run.unit)
        await _stage(session, run, job, vault)
        await _finish(session, run, job)


async def _rows(run: _Run, file: IO[bytes]) -> AsyncIterator[StagedRow]:
    """The records of all sheets that have a header; `HeaderUnknown` when none has."""
    async for batch in reader.batches(file):
        if not run.sheets or run.sheets[-1].name != batch.sheet:
            for row in _headed(run):
                yield row
            run.sheets.append(_Sheet(batch.sheet))
        for row in _taken(run, batch.rows):
            yield row
    for row in _headed(run):
        yield row
    if not any(sheet.header for sheet in run.sheets):
        raise HeaderUnknown


def _taken(run: _Run, raws: Sequence[Row]) -> Iterable[StagedRow]:
    sheet = run.sheets[-1]
    if sheet.searched:
        return _records(run, sheet, raws)
    sheet.top.extend(raws)
    return _headed(run) if len(sheet.top) >= headers.TOP_ROWS + headers.DEEPEST else ()


def _headed(run: _Run) -> Iterable[StagedRow]:
    """Find the header of the last sheet, unless that was done; the records that were read with it."""
    if not run.sheets or run.sheets[-1].searched:
        return ()
    sheet = run.sheets[-1]
    sheet.searched = True
    importable = run.plan.importable
    sheet.header = headers.find(sheet.top, importable.aliases)
    if sheet.header is None:
        return ()
    sheet.cleaner = Cleaner(importable, sheet.header)
    below = [raw for raw in sheet.top if raw.number > sheet.header.last_row]
    sheet.top = []
    return _records(run, sheet, below)


def _records(run: _Run, sheet: _Sheet, raws: Sequence[Row]) -> Iterable[StagedRow]:
    for raw in raws:
        if (row := _record(run, sheet, raw)) is not None:
            yield row


def _record(run: _Run, sheet: _Sheet, raw: Row) -> StagedRow | None:
    if sheet.cleaner is None or sheet.header is None:
        return None
    found = sheet.cleaner.clean(raw)
    if found is None:
        return None
    run.number += 1
    sheet.rows += 1
    values, faults = found
    original = rows.original(raw, sorted(sheet.header.titles))
    row = StagedRow(run.number, 0, sheet.name, raw.number, original, values, faults)
    rows.require(row, run.plan.importable, sheet.header.places)
    return row


def _group(run: _Run, row: StagedRow) -> None:
    """Put a row to the present unit or begin another; one that does not end is cut, and both parts wrong."""
    unit = run.unit
    cut = len(unit) >= staging.LONGEST_UNIT
    if unit and (cut or unit[-1].sheet != row.sheet or run.plan.begins(row, unit)):
        if cut and not run.plan.begins(row, unit):
            for wrong in (unit[0], row):
                wrong.blame("", "unit_too_long", f"一户超过 {staging.LONGEST_UNIT} 行，请检查户主和户号")
        run.units.append(unit)
        run.unit = unit = []
    unit.append(row)
    row.unit = unit[0].number


async def _stage(session: AsyncSession, run: _Run, job: ImportJob, vault: Vault) -> None:
    units, run.units = run.units, []
    if units:
        await run.plan.check(session, units)
        run.confirmed += sum(fault.code in TELLING for unit in units for row in unit for fault in row.faults)
        run.held += await staging.put(session, job_id=job.id, vault=vault, units=units)


async def _tell(sessions: Sessions, job_id: UUID, number: int) -> None:
    async with transaction(sessions) as session:
        await session.execute(update(ImportJob).where(ImportJob.id == job_id).values(total_rows=number))


async def _finish(session: AsyncSession, run: _Run, job: ImportJob) -> None:
    if run.confirmed:
        await lookups.taken(session, actor=run.plan.actor, people=run.confirmed)
    values: dict[str, Any] = {
        "state": ImportState.CHECKED.value,
        "total_rows": run.number,
        "held_rows": run.held,
        "sheets": [_described(sheet, run.plan) for sheet in run.sheets],
        "checked_at": clock.now(),
        "version": ImportJob.version + 1,
    }
    await session.execute(
        update(ImportJob)
        .where(ImportJob.id == job.id, ImportJob.state == ImportState.UPLOADED)
        .values(values)
    )


def _described(sheet: _Sheet, plan: Plan) -> dict[str, Any]:
    if sheet.header is None:
        return {"name": sheet.name, "rows": 0, "titles": [], "columns": {}, "unknown": []}
    titles = sheet.header.titles
    taken = set(sheet.header.places.values())
    headers_of = {field.name: field.header for field in plan.importable.fields}
    return {
        "name": sheet.name,
        "rows": sheet.rows,
        "titles": [titles[place] for place in sorted(titles)],
        "columns": {headers_of[name]: titles.get(place, "") for name, place in sheet.header.places.items()},
        "unknown": [titles[place] for place in sorted(titles) if place not in taken],
    }


async def _fail(sessions: Sessions, job_id: UUID, refused: Problem) -> None:
    fault = {"code": refused.code, "message": refused.detail_zh}
    values = {"state": ImportState.FAILED.value, "fault": fault, "finished_at": clock.now()}
    async with transaction(sessions) as session:
        await session.execute(
            update(ImportJob)
            .where(ImportJob.id == job_id, ImportJob.state == ImportState.UPLOADED)
            .values({**values, "version": ImportJob.version + 1})
        )
