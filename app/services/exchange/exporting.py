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
from app.models.enums.privacy import PersonalRecord, UnmaskReason
from app.models.exchange import ExportJob
from app.models.staff import Member
from app.services.access import actors
from app.services.exchange import export_rows
from app.services.exchange.exportables import EXPORTABLES, MOST_PLAIN_ROWS, MOST_ROWS
from app.services.exchange.exports import EXPIRY, PLAIN_EXPIRY
from app.services.platform import unmasking
from app.services.platform.actor import Actor
from app.services.platform.unmasking import Asked

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
    expires_at = moment + (EXPIRY if job.masked else PLAIN_EXPIRY)
    await _finish(sessions, job_id, {**made, "state": ExportState.READY.value, "expires_at": expires_at})
    return ExportState.READY.value


async def _write(
    session: AsyncSession, file: IO[bytes], job: ExportJob, vault: Vault, told: Told | None
) -> int:
    """Write the workbook; returns how many rows it has. `Forbidden` when the asker's post has ended."""
    exportable = EXPORTABLES[ExportKind(job.kind)]
    member_actor = await actors.of_member(session, job.member_id)
    if member_actor is None:
        raise Forbidden
    actor = exportable.reader(member_actor, masked=job.masked)
    area = await session.get_one(Area, job.area_id)
    member = await session.get_one(Member, job.member_id)
    rows, most = 0, MOST_ROWS if job.masked else MOST_PLAIN_ROWS
    asked = _asked(actor, job)
    if not job.masked:
        await unmasking.begin_file(session, asked=asked)
    with Book(file) as book:
        mark = mark_of(member.name, job, clock.now())
        sheet = book.sheet(exportable.label, exportable.columns, mark=mark)
        found = export_rows.batches(
            session, actor=actor, vault=vault, kind=exportable.kind, area=area, masked=job.masked
        )
        async for batch in found:
            if rows >= most:
                break
            if not job.masked:
                await unmasking.in_file(session, asked=asked, resident_ids=batch.residents)
            for cells in batch.rows[: most - rows]:
                sheet.write(cells)
            rows += len(batch.rows[: most - rows])
            if told is not None:
                told(rows)
    file.seek(0, 2)
    return rows


def _asked(actor: Actor, job: ExportJob) -> Asked:
    return Asked(
        actor,
        PersonalRecord.EXPORT,
        job.id,
        export_rows.PLAIN_FIELDS,
        UnmaskReason.EXPORT,
        job.reason,
        None,
        None,
    )


def mark_of(name: str, job: ExportJob, moment: datetime) -> str:
    """The watermark: who, when, what for, and which job."""
    when = moment.astimezone(clock.BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M")
    plain = "" if job.masked else "【含个人信息原文】"
    return f"{plain}{name} {when} 导出，用途：{job.reason}。仅限工作使用，不得外传（{str(job.id)[-12:]}）"


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
