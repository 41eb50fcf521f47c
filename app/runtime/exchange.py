"""Imports and exports from the command line, in the name of an account, with progress bars.

The same services as behind the API, in this process instead of the worker: the same scope, dry run, row
cap, approval and audit. Owns what is shown and asked on the way.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Settings
from app.core.crypto import Vault
from app.core.db import Sessions, create_engine, create_sessions, transaction
from app.core.files import FileStore
from app.core.spool import Spool
from app.models.area import Area
from app.models.enums.exchange import ExportKind, ExportState, ImportKind, ImportState
from app.models.exchange import ImportJob
from app.runtime.failures import CommandFailed
from app.services.access import actors
from app.services.exchange import applying, books, checking, exporting, exports, imports
from app.services.platform.actor import Actor

PIECE_BYTES = 1_048_576
LOOK_SECONDS = 0.3
SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class WantedImport:
    """What to import, in whose name, and what was answered beforehand."""

    file: Path
    kind: ImportKind
    account: str
    yes: bool
    skip_errors: bool
    errors: Path | None


@dataclass(frozen=True, slots=True)
class WantedExport:
    """What to export, below which area, what for, and in whose name."""

    file: Path
    kind: ExportKind
    area: str
    reason: str
    account: str


@dataclass(frozen=True, slots=True)
class _Parts:
    sessions: Sessions
    files: FileStore
    vault: Vault


async def bring_in(url: str, settings: Settings, wanted: WantedImport) -> None:
    """Check a workbook, tell what is wrong, ask, and import it; `CommandFailed` or a `Problem`.

    Where the same file was confirmed before and cut off, that import goes on.
    """
    async with _parts(url, settings) as parts:
        with Spool(settings.max_import_bytes) as spool:
            await _fill(spool, wanted.file)
            job_id = await _interrupted(parts, wanted, spool)
            if job_id is None:
                job_id = await _upload(parts, wanted, spool)
                await _check_and_confirm(parts, wanted, job_id)
        run_all = applying.run(parts.sessions, vault=parts.vault, job_id=job_id)
        job = await _watched(parts, job_id, "导入", run_all)
        typer.echo(
            f"完成：新增 {job.created_count}，更新 {job.updated_count}，"
            f"未变 {job.unchanged_count}，未导入 {job.held_rows} 行"
        )


async def take_out(url: str, settings: Settings, wanted: WantedExport) -> None:
    """Make an export's file here, or say that it waits for somebody's approval."""
    async with _parts(url, settings) as parts:
        async with transaction(parts.sessions) as session:
            actor = await _actor(session, wanted.account)
            area_id = await session.scalar(select(Area.id).where(Area.code == wanted.area))
            if area_id is None:
                raise CommandFailed(f"没有编码为 {wanted.area} 的区域")
            job = await exports.create(
                session,
                actor=actor,
                kind=wanted.kind,
                area_id=area_id,
                reason=wanted.reason,
                queued=False,
            )
        if job.state == ExportState.WAITING:
            raise CommandFailed(f"有 {job.row_count} 行，须先由他人审批：导出编号 {job.id}")
        with _bar() as bar:
            task = bar.add_task("导出", total=job.row_count)
            await exporting.run(
                parts.sessions,
                files=parts.files,
                vault=parts.vault,
                job_id=job.id,
                told=lambda rows: bar.update(task, completed=rows),
            )
        async with transaction(parts.sessions) as session:
            job = await exports.download(session, actor=actor, job_id=job.id)
        await _save(parts, job.object_key or "", job.size or 0, wanted.file)
        typer.echo(f"已导出 {job.row_count} 行：{wanted.file}")


@asynccontextmanager
async def _parts(url: str, settings: Settings) -> AsyncIterator[_Parts]:
    engine = create_engine(url, pool_size=4, name="wangge-cli")
    try:
        vault = Vault(*settings.secrets)
        yield _Parts(create_sessions(engine), FileStore(settings.files), vault)
    finally:
        await engine.dispose()


async def _actor(session: AsyncSession, username: str) -> Actor:
    actor = await actors.of_username(session, username)
    if actor is None:
        raise CommandFailed(f"没有可用的账号：{username}")
    return actor


async def _fill(spool: Spool, path: Path) -> None:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            await spool.write(piece)


async def _interrupted(parts: _Parts, wanted: WantedImport, spool: Spool) -> UUID | None:
    async with transaction(parts.sessions) as session:
        actor = await _actor(session, wanted.account)
        job = await imports.interrupted(session, actor=actor, kind=wanted.kind, sha256=spool.sha256)
    if job is None:
        return None
    typer.echo(f"上次导入这个文件时中断，接着写：前 {job.applied_to} 行已完成")
    return job.id


async def _upload(parts: _Parts, wanted: WantedImport, spool: Spool) -> UUID:
    async with transaction(parts.sessions) as session:
        actor = await _actor(session, wanted.account)
    placed = await imports.place(
        parts.sessions, actor=actor, kind=wanted.kind, files=parts.files, spool=spool
    )
    async with transaction(parts.sessions) as session:
        job = await imports.create(
            session, actor=actor, kind=wanted.kind, area_id=None, placed=placed, queued=False
        )
        return job.id


async def _check_and_confirm(parts: _Parts, wanted: WantedImport, job_id: UUID) -> None:
    run = checking.run(parts.sessions, files=parts.files, vault=parts.vault, job_id=job_id)
    job = await _watched(parts, job_id, "检查", run)
    if job.state == ImportState.FAILED:
        raise CommandFailed((job.fault or {}).get("message", "表格无法导入"))
    await _tell_faults(parts, job, wanted)
    skip = _confirmed(job, wanted)
    async with transaction(parts.sessions) as session:
        actor = await _actor(session, wanted.account)
        await imports.confirm(
            session, actor=actor, job_id=job_id, skip_errors=skip, expected_version=None, queued=False
        )


async def _watched(parts: _Parts, job_id: UUID, what: str, run: Coroutine[Any, Any, object]) -> ImportJob:
    """Show how far a job is while it runs; the job as it is then."""
    with _bar() as bar:
        task = bar.add_task(what, total=None)
        running = asyncio.ensure_future(run)
        while not running.done():
            await asyncio.wait([running], timeout=LOOK_SECONDS)
            job = await _job(parts, job_id)
            checked = job.state in {ImportState.CONFIRMED, ImportState.DONE}
            done, total = (job.applied_to, job.total_rows) if checked else (job.total_rows, None)
            bar.update(task, completed=done, total=total)
        await running
    return await _job(parts, job_id)


async def _job(parts: _Parts, job_id: UUID) -> ImportJob:
    async with transaction(parts.sessions) as session:
        return await session.get_one(ImportJob, job_id)


async def _tell_faults(parts: _Parts, job: ImportJob, wanted: WantedImport) -> None:
    typer.echo(f"共 {job.total_rows} 行，其中 {job.held_rows} 行有错误或与之同户")
    async with transaction(parts.sessions) as session:
        rows = await imports.wrong_rows(session, job=job)
        for row in rows[:SHOWN_FAULTS]:
            for fault in row.faults:
                typer.echo(f"  {row.sheet} 第 {row.line} 行 {fault['column']}：{fault['message']}")
        if wanted.errors is not None and job.held_rows:
            with wanted.errors.open("w+b") as file:
                await books.errors(session, file, job=job, vault=parts.vault)
            typer.echo(f"有错误的行已另存为 {wanted.errors}")


def _confirmed(job: ImportJob, wanted: WantedImport) -> bool:
    """Whether to leave the wrong rows out; `CommandFailed` when nothing is to be written."""
    if job.held_rows and not wanted.skip_errors:
        raise CommandFailed("有错误的行，没有写入任何内容；改好后重新导入，或加 --skip-errors 跳过这些行")
    rows = job.total_rows - job.held_rows
    if not wanted.yes and not typer.confirm(
        f"导入其余 {rows} 行？" if job.held_rows else f"导入 {rows} 行？"
    ):
        raise CommandFailed("没有确认，没有写入任何内容")
    return wanted.skip_errors


async def _save(parts: _Parts, key: str, size: int, target: Path) -> None:
    """Write the file beside its place first: what bears its name is whole."""
    beside = target.with_name(f".{target.name}.part")
    try:
        with beside.open("wb") as file:
            async for piece in await parts.files.read(key, 0, size):
                file.write(piece)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
