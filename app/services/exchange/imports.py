"""Imports as their senders see them: a new one, how far it is, the confirmation, the wrong rows.

An import is its sender's alone. The file is placed before its row is committed, as attachments are; its
intent stays, so that a day later nothing of it is left, whatever happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Sessions, transaction
from app.core.errors import Conflict, NotFound
from app.core.files import FileStore
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.core.spool import Spool
from app.core.workbook import reader
from app.core.workbook.guard import Format
from app.models.attachment import FileIntent
from app.models.enums.exchange import ImportKind, ImportState
from app.models.exchange import ImportJob, ImportRow
from app.services.areas import tree
from app.services.exchange import applying, checking, kinds
from app.services.exchange.importables import IMPORTABLES
from app.services.platform import audit, queue, versions
from app.services.platform.actor import Actor
from app.services.platform.listing import page_statement

SHOWN_ROWS = 100
KEPT = timedelta(days=7)
EXPIRED = {"code": "import_expired", "message": "一周内没有确认，已过期，请重新上传"}
_BY_ID = Sort.by_id(ImportJob.id)


class ImportNotReady(Conflict):
    """It is not checked yet, was confirmed already, or failed."""

    code = "import_not_ready"
    title_zh, title_en = "该导入不在待确认状态", "The import does not wait for a confirmation"


class ImportHasErrors(Conflict):
    """Some rows are wrong, and nobody said to leave them out."""

    code = "import_has_errors"
    title_zh = "有错误的行：请下载错误表修改后重新上传，或选择跳过这些行"
    title_en = "Some rows are wrong: mend them, or confirm with skip_errors"


class ImportEmpty(Conflict):
    """No row of it can be written."""

    code = "import_empty"
    title_zh, title_en = "没有可以导入的行", "There is nothing to import"


@dataclass(frozen=True, slots=True)
class Placed:
    """A workbook that stands in the store and has no job yet."""

    key: str
    sha256: bytes
    size: int
    format: Format


async def place(
    sessions: Sessions, *, actor: Actor, kind: ImportKind, files: FileStore, spool: Spool
) -> Placed:
    """Put a workbook into the store; no transaction is open meanwhile.

    `Forbidden` for a kind that the caller may not import, `WorkbookRefused` for what cannot be opened.
    """
    kinds.require_role(actor, IMPORTABLES[kind])
    found = await reader.check(spool.file)
    hashed = spool.sha256.hex()
    key = f"imports/{hashed[:2]}/{hashed}-{uuid7().hex}"
    async with transaction(sessions) as session:
        session.add(FileIntent(object_key=key, created_at=clock.now()))
    await files.put(key, spool.file)
    return Placed(key, spool.sha256, spool.size, found)


async def create(
    session: AsyncSession,
    *,
    actor: Actor,
    kind: ImportKind,
    area_id: UUID | None,
    placed: Placed,
    queued: bool = True,
) -> ImportJob:
    """A new import of a placed workbook; `NotFound` for an unseen area.

    The worker checks it, unless the caller says that it is not to be `queued` and does so itself.
    """
    assert actor.member_id is not None  # noqa: S101 - only members have the roles
    await tree.require(session, actor=actor, named={"body.area_id": area_id})
    job = ImportJob(
        id=uuid7(),
        kind=kind.value,
        state=ImportState.UPLOADED.value,
        member_id=actor.member_id,
        area_id=area_id,
        object_key=placed.key,
        sha256=placed.sha256,
        size=placed.size,
        format=placed.format.value,
        sheets=[],
        created_by=actor.id,
        updated_by=actor.id,
    )
    session.add(job)
    await session.flush()
    await session.refresh(job)
    if queued:
        await queue.enqueue(session, job=checking.JOB, payload={"job_id": str(job.id)})
    await _record(session, actor, "import.upload", job)
    return job


async def page(session: AsyncSession, *, actor: Actor, cursor: str | None, limit: int) -> Page[ImportJob]:
    """One page of the caller's imports, in the order of their ids."""
    statement = page_statement(
        select(ImportJob),
        sort=_BY_ID,
        branches=[_own(actor)],
        filters=[],
        cursor=cursor,
        limit=limit,
    )
    rows = (await session.scalars(statement)).all()
    return page_of(rows, limit, lambda job: (job.id, job.id))


async def find(session: AsyncSession, *, actor: Actor, job_id: UUID) -> ImportJob:
    """One of the caller's imports; `NotFound`."""
    job = await session.scalar(select(ImportJob).where(ImportJob.id == job_id, _own(actor)))
    if job is None:
        raise NotFound
    return job


async def interrupted(
    session: AsyncSession, *, actor: Actor, kind: ImportKind, sha256: bytes
) -> ImportJob | None:
    """The caller's latest import of this very file that was confirmed and is not done."""
    statement = (
        select(ImportJob)
        .where(
            _own(actor),
            ImportJob.kind == kind,
            ImportJob.sha256 == sha256,
            ImportJob.state == ImportState.CONFIRMED,
        )
        .order_by(ImportJob.id.desc())
        .limit(1)
    )
    found: ImportJob | None = await session.scalar(statement)
    return found


async def wrong_rows(session: AsyncSession, *, job: ImportJob) -> Sequence[ImportRow]:
    """The first rows of an import that are held because something is wrong with themselves."""
    statement = (
        select(ImportRow)
        .where(ImportRow.job_id == job.id, ImportRow.held, ImportRow.faults != [])
        .order_by(ImportRow.number)
        .limit(SHOWN_ROWS)
    )
    return (await session.scalars(statement)).all()


async def note_download(session: AsyncSession, *, actor: Actor, job: ImportJob) -> None:
    """Note that the wrong rows, plain as they were sent, are fetched."""
    await _record(session, actor, "import.errors", job)


async def confirm(
    session: AsyncSession,
    *,
    actor: Actor,
    job_id: UUID,
    skip_errors: bool,
    expected_version: int | None,
    queued: bool = True,
) -> ImportJob:
    """Have a checked import written, once; held rows stay behind. Not `queued`: by the caller."""
    statement = select(ImportJob).where(ImportJob.id == job_id, _own(actor)).with_for_update()
    job = await session.scalar(statement)
    if job is None:
        raise NotFound
    versions.require(job, expected_version)
    if job.state != ImportState.CHECKED:
        raise ImportNotReady
    if job.held_rows >= job.total_rows:
        raise ImportEmpty
    if job.held_rows and not skip_errors:
        raise ImportHasErrors
    job.state = ImportState.CONFIRMED
    job.confirmed_at = clock.now()
    versions.touch(job, actor)
    await session.flush()
    if queued:
        await queue.enqueue(session, job=applying.JOB, payload={"job_id": str(job.id)})
    await _record(session, actor, "import.confirm", job)
    return job


async def forget_old(session: AsyncSession) -> int:
    """Remove the staged rows of imports from a week ago, unless they are being written; how many rows.

    One that nobody confirmed until then has expired.
    """
    moment = clock.now()
    old = ImportJob.created_at < moment - KEPT
    waiting = ImportJob.state.in_((ImportState.UPLOADED, ImportState.CHECKED))
    expired = {"state": ImportState.FAILED.value, "fault": EXPIRED, "finished_at": moment}
    await session.execute(
        update(ImportJob).where(old, waiting).values({**expired, "version": ImportJob.version + 1})
    )
    over = select(ImportJob.id).where(old, ImportJob.state != ImportState.CONFIRMED)
    gone = await session.scalars(
        delete(ImportRow).where(ImportRow.job_id.in_(over)).returning(ImportRow.number)
    )
    return len(gone.all())


def _own(actor: Actor) -> ColumnElement[bool]:
    own: ColumnElement[bool] = ImportJob.member_id == actor.member_id
    return own


async def _record(session: AsyncSession, actor: Actor, action: str, job: ImportJob) -> None:
    await audit.record(
        session,
        action=action,
        entity="import_job",
        entity_id=job.id,
        actor_id=actor.id,
        data={"kind": job.kind, "rows": job.total_rows, "held": job.held_rows},
    )
