"""The confirmed run: staged rows become records, in batches of whole units, each a transaction of its own.

A batch and how far the job has come are committed together: a run that is cut off goes on where it was,
and one that is done has nothing left to do. Runs of the same job come one after the other, because each
batch locks the job's row. What cannot be written any more is held, with the reason.
"""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.core.errors import Forbidden
from app.core.writes import together
from app.models.enums.exchange import ImportState
from app.models.exchange import ImportJob
from app.services.exchange import kinds, staging
from app.services.exchange.plans import Plan, Tally, Unit
from app.services.platform import audit, outbox

JOB = "apply_import"
TOPIC = "import.done"
BATCH_ROWS = 2_000


async def run(sessions: Sessions, *, vault: Vault, job_id: UUID, batch_rows: int = BATCH_ROWS) -> int:
    """Carry a confirmed import through; returns how many batches it took."""
    try:
        async with transaction(sessions) as session:
            job = await session.get(ImportJob, job_id)
            if job is None or job.state != ImportState.CONFIRMED:
                return 0
            plan = await kinds.plan_of(session, job, vault)
    except Forbidden as refused:
        await _fail(sessions, job_id, refused)
        return 0
    batches = 0
    while await _batch(sessions, plan, job_id, max(batch_rows, staging.LONGEST_UNIT + 1)):
        batches += 1
    return batches


async def _batch(sessions: Sessions, plan: Plan, job_id: UUID, limit: int) -> bool:
    async with transaction(sessions) as session:
        job = await session.scalar(select(ImportJob).where(ImportJob.id == job_id).with_for_update())
        if job is None or job.state != ImportState.CONFIRMED:
            return False
        # What the connection planned while the tables were small (checks of foreign keys, too) would read
        # each of them through for every row until they are analysed.
        await session.execute(text("DISCARD PLANS"))
        units, last = await staging.free(
            session, job_id=job_id, vault=plan.vault, after=job.applied_to, limit=limit
        )
        if not units:
            await _finish(session, job)
            return False
        tally = await plan.apply(session, units)
        await session.refresh(job)
        await _note(session, job, units, tally, last)
        return True


async def _note(session: AsyncSession, job: ImportJob, units: list[Unit], tally: Tally, last: int) -> None:
    refused = [unit for unit in units if any(row.faults for row in unit)]
    await staging.hold(session, job_id=job.id, units=refused)
    job.applied_to = last
    job.held_rows += sum(map(len, refused))
    job.created_count += tally.created
    job.updated_count += tally.updated
    job.unchanged_count += tally.unchanged
    job.refused_count += tally.refused
    await session.flush()


async def _finish(session: AsyncSession, job: ImportJob) -> None:
    job.state = ImportState.DONE
    job.finished_at = clock.now()
    job.version += 1
    await session.flush()
    await staging.forget_applied(session, job_id=job.id)
    told = {"kind": job.kind, "created": job.created_count, "updated": job.updated_count}
    await audit.record(
        session,
        action="import.done",
        entity="import_job",
        entity_id=job.id,
        actor_id=job.member_id,
        data={**told, "unchanged": job.unchanged_count, "refused": job.refused_count},
    )
    await together(session, [outbox.append(TOPIC, job.id, told)])


async def _fail(sessions: Sessions, job_id: UUID, refused: Forbidden) -> None:
    async with transaction(sessions) as session:
        job = await session.get(ImportJob, job_id, with_for_update=True)
        if job is not None and job.state == ImportState.CONFIRMED:
            job.state = ImportState.FAILED
            job.fault = {"code": refused.code, "message": refused.detail_zh}
            job.finished_at = clock.now()
            job.version += 1
