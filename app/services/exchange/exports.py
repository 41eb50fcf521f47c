"""Exports as people ask for them: the reason, the row cap, somebody else's approval, the download.

Whoever asked has the file, for a day at most, unmasked for some hours; each download is noted. Nobody
approves their own.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, Forbidden, NotFound, Problem
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums.exchange import ExportKind, ExportState
from app.models.exchange import ExportJob
from app.services.areas import tree
from app.services.exchange import export_rows
from app.services.exchange.exportables import (
    APPROVERS,
    EXPORTABLES,
    MOST_PLAIN_ROWS,
    MOST_ROWS,
    UNAPPROVED_ROWS,
)
from app.services.platform import audit, queue, scope, versions
from app.services.platform.actor import Actor, Dataset
from app.services.platform.listing import page_statement

JOB = "run_export"
EXPIRY, PLAIN_EXPIRY = timedelta(hours=24), timedelta(hours=4)
_BY_ID = Sort.by_id(ExportJob.id)


class TooManyRows(Conflict):
    """The export would be larger than any."""

    code = "export_too_many_rows"
    title_zh, title_en = "导出的行数超过上限，请缩小区域", "Too many rows, choose a smaller area"


class OwnApproval(Forbidden):
    """Nobody decides on their own export."""

    code = "export_own_approval"
    title_zh, title_en = "不能审批自己申请的导出", "Nobody approves their own export"


class ExportDecided(Conflict):
    """It does not wait for a decision."""

    code = "export_decided"
    title_zh, title_en = "该导出不在待审批状态", "The export does not wait for a decision"


class ExportNotReady(Conflict):
    """There is no file yet, or there never will be."""

    code = "export_not_ready"
    title_zh, title_en = "导出文件尚未生成", "The export's file is not there"


class ExportExpired(Problem):
    """The file was there and is not any more."""

    status, code = 410, "export_expired"
    title_zh, title_en = "导出文件已过期，请重新申请", "The export has expired, ask for it anew"


async def create(
    session: AsyncSession,
    *,
    actor: Actor,
    kind: ExportKind,
    area_id: UUID,
    reason: str,
    masked: bool = True,
    queued: bool = True,
) -> ExportJob:
    """Ask for an export; it begins at once, or waits for an approval: with many rows, and unmasked.

    The worker makes it, unless the caller says that it is not to be `queued` and does so itself.
    """
    assert actor.member_id is not None  # noqa: S101 - only members have the roles
    reader = EXPORTABLES[kind].reader(actor, masked=masked)
    named = await tree.require(session, actor=actor, named={"body.area_id": area_id})
    rows = await export_rows.count(session, actor=reader, kind=kind, area=named["body.area_id"])
    if rows > (MOST_ROWS if masked else MOST_PLAIN_ROWS):
        raise TooManyRows
    waits = rows > UNAPPROVED_ROWS or not masked
    job = ExportJob(
        id=uuid7(),
        kind=kind.value,
        state=(ExportState.WAITING if waits else ExportState.APPROVED).value,
        member_id=actor.member_id,
        area_id=area_id,
        reason=reason,
        masked=masked,
        row_count=rows,
        created_by=actor.id,
        updated_by=actor.id,
    )
    session.add(job)
    await session.flush()
    await session.refresh(job)
    if queued and not waits:
        await _begin(session, job)
    await _record(session, actor, "export.request", job)
    return job


async def page(session: AsyncSession, *, actor: Actor, cursor: str | None, limit: int) -> Page[ExportJob]:
    """One page of the caller's exports, and of those that they may decide on."""
    statement = page_statement(
        select(ExportJob),
        sort=_BY_ID,
        branches=_branches(actor),
        filters=[],
        cursor=cursor,
        limit=limit,
    )
    rows = (await session.scalars(statement)).all()
    return page_of(rows, limit, lambda job: (job.id, job.id))


async def find(session: AsyncSession, *, actor: Actor, job_id: UUID) -> ExportJob:
    """One export that the caller asked for or may decide on; `NotFound`."""
    for branch in _branches(actor):
        job = await session.scalar(select(ExportJob).where(ExportJob.id == job_id, branch))
        if job is not None:
            return job
    raise NotFound


async def decide(
    session: AsyncSession, *, actor: Actor, job_id: UUID, approve: bool, expected_version: int | None
) -> ExportJob:
    """Approve or refuse an export that waits; `OwnApproval` for one's own."""
    await find(session, actor=actor, job_id=job_id)
    job = await session.get_one(ExportJob, job_id, with_for_update=True, populate_existing=True)
    versions.require(job, expected_version)
    if job.member_id == actor.member_id:
        raise OwnApproval
    if job.state != ExportState.WAITING:
        raise ExportDecided
    job.state = ExportState.APPROVED if approve else ExportState.REFUSED
    job.decided_by, job.decided_at = actor.member_id, clock.now()
    versions.touch(job, actor)
    await session.flush()
    if approve:
        await _begin(session, job)
    await _record(session, actor, "export.approve" if approve else "export.refuse", job)
    return job


async def fail_stale(session: AsyncSession) -> int:
    """End the exports that could begin a day ago and have no file: whoever made them was cut off; how many.

    One that the worker makes is tried again long before; one from the command line is asked for anew.
    """
    begun = func.coalesce(ExportJob.decided_at, ExportJob.created_at)
    stale = (ExportJob.state == ExportState.APPROVED, begun < clock.now() - EXPIRY)
    failed = {"state": ExportState.FAILED.value, "version": ExportJob.version + 1}
    ended = await session.scalars(update(ExportJob).where(*stale).values(failed).returning(ExportJob.id))
    return len(ended.all())


async def download(session: AsyncSession, *, actor: Actor, job_id: UUID) -> ExportJob:
    """The caller's own export whose file is there, noted as downloaded; `ExportExpired` after a day."""
    own = select(ExportJob).where(ExportJob.id == job_id, ExportJob.member_id == actor.member_id)
    job = await session.scalar(own)
    if job is None:
        raise NotFound
    if job.state != ExportState.READY or job.expires_at is None:
        raise ExportNotReady
    if job.expires_at <= clock.now():
        raise ExportExpired
    EXPORTABLES[ExportKind(job.kind)].reader(actor, masked=job.masked)
    await _record(session, actor, "export.download", job)
    return job


def _branches(actor: Actor) -> list[ColumnElement[bool]]:
    branches: list[ColumnElement[bool]] = [ExportJob.member_id == actor.member_id]
    if not actor.roles.isdisjoint(APPROVERS):
        within = scope.visible(actor, Dataset.AREAS, tree.COLUMNS)
        others = ExportJob.member_id != actor.member_id
        branches.append(and_(others, ExportJob.area_id.in_(select(Area.id).where(within))))
    return branches


async def _begin(session: AsyncSession, job: ExportJob) -> None:
    await queue.enqueue(session, job=JOB, payload={"job_id": str(job.id)})


async def _record(session: AsyncSession, actor: Actor, action: str, job: ExportJob) -> None:
    await audit.record(
        session,
        action=action,
        entity="export_job",
        entity_id=job.id,
        actor_id=actor.id,
        data={"kind": job.kind, "area_id": str(job.area_id), "rows": job.row_count, "masked": job.masked},
    )
