"""Making an export's file: in the name of whoever asked, with their scope of now, masked and marked.

Run twice, it makes the file twice and keeps one. The file's intent stays, so that it is collected a day
later, like every file that nobody recorded.
"""

import hashlib
import tempfile
from collections.abc import Callable
from datetime import datetime
from typing import IO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.errors import Forbidden
from app.core.files import FileStore
from app.core.ids import uuid7
from app.core.workbook.writer import Book
from app.models.area import Area
from app.models.attachment import FileIntent
from app.models.enums.exchange import ExportKind, ExportState
from app.models.exchange import ExportJob
from app.models.staff import Member
from app.services.access import actors
from app.services.exchange import export_rows
from app.services.exchange.exportables import EXPORTABLES, MOST_ROWS
from app.services.exchange.exports import EXPIRY

Told = Callable[[int], None]


async def run(
    sessions: Sessions, *, files: FileStore, vault: Vault, job_id: UUID, told: Told | None = None
) -> str | None:
    """Make the file of an approved export; returns its state then, None when there is nothing to do.

    `told` hears now and then how many rows are written.
    """
    with tempfile.TemporaryFile() as file:
        try:
            async with transaction(sessions) as session:
                job = await session.get(ExportJob, job_id)
                if job is None or job.state != ExportState.APPROVED:
                    return None
                rows = await _write(session, file, job, vault, told)
        except Forbidden:
            await _finish(sessions, job_id, {"state": ExportState.FAILED.value})
            return ExportState.FAILED.value
        size, digest = file.tell(), _digest(file)
        key, moment = f"exports/{uuid7().hex}", clock.now()
        async with transaction(sessions) as session:
            session.add(FileIntent(object_key=key, created_at=moment))
        await files.put(key, file)
    made = {"object_key": key, "sha256": digest, "size": size, "row_count": rows}
    await _finish(sessions, job_id, {**made, "state": ExportState.READY.value, "expires_at": moment + EXPIRY})
    return ExportState.READY.value


async def _write(
    session: AsyncSession, file: IO[bytes], job: ExportJob, vault: Vault, told: Told | None
) -> int:
    """Write the workbook; returns how many rows it has. `Forbidden` when the asker's post has ended."""
    exportable = EXPORTABLES[ExportKind(job.kind)]
    actor = await actors.of_member(session, job.member_id)
    if actor is None or actor.roles.isdisjoint(exportable.roles):
        raise Forbidden
    area = await session.get_one(Area, job.area_id)
    member = await session.get_one(Member, job.member_id)
    rows = 0
    with Book(file) as book:
        mark = mark_of(member.name, job, clock.now())
        sheet = book.sheet(exportable.label, exportable.columns, mark=mark)
        found = export_rows.batches(session, actor=actor, vault=vault, kind=exportable.kind, area=area)
        async for batch in found:
            for cells in batch:
                if rows < MOST_ROWS:
                    sheet.write(cells)
                    rows += 1
            if told is not None:
                told(rows)
    file.seek(0, 2)
    return rows


def mark_of(name: str, job: ExportJob, moment: datetime) -> str:
    """The watermark: who, when, what for, and which job."""
    when = moment.astimezone(clock.BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M")
    return f"{name} {when} 导出，用途：{job.reason}。仅限工作使用，不得外传（{str(job.id)[-12:]}）"


def _digest(file: IO[bytes]) -> bytes:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


async def _finish(sessions: Sessions, job_id: UUID, values: dict[str, object]) -> None:
    async with transaction(sessions) as session:
        job = await session.get(ExportJob, job_id, with_for_update=True)
        if job is not None and job.state == ExportState.APPROVED:
            for name, value in values.items():
                setattr(job, name, value)
            job.version += 1
