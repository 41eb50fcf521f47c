"""The audit log's seal: each row is linked to the one before by a keyed digest, in batches by the worker.

Writers do nothing but append; a trigger lists their rows as pending, so that none is missed that commits
late. A link holds HMAC-SHA-256 of the digest before and of the row, with a key that the database does not
have: whoever can write into the tables still cannot make a chain that fits. Rows that vanish together with
the end of the chain are missed only by comparing with a head that was noted elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Sessions, transaction
from app.models.platform import AuditLink, AuditLog, AuditPending

BATCH = 500
START = bytes(32)
_LOCK = 41


@dataclass(frozen=True, slots=True)
class Head:
    """The last link: how many rows are sealed, and the digest to note elsewhere."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where log and chain disagree: which link and row, and how."""

    seq: int | None
    audit_id: UUID | None
    fault: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a verification; `broken` is None where all is as it was sealed."""

    head: Head
    pending: int
    broken: Broken | None


async def seal(sessions: Sessions, *, vault: Vault) -> int:
    """Link all rows that are pending, a batch a transaction; returns how many."""
    sealed = 0
    while True:
        async with transaction(sessions) as session:
            linked = await _seal_batch(session, vault)
        sealed += linked
        if linked < BATCH:
            return sealed


async def verify(session: AsyncSession, *, vault: Vault, noted: Head | None = None) -> Verdict:
    """Walk the whole chain in order; stops at the first row that is changed, missing or not linked."""
    head, broken = Head(0, START), None
    while broken is None and (rows := await _sealed_after(session, head.seq)):
        for row in rows:
            broken = _fault(vault, head, row)
            if broken is not None:
                break
            head = Head(row.AuditLink.seq, row.AuditLink.digest)
            if noted is not None and noted.seq == head.seq and noted.digest != head.digest:
                broken = Broken(head.seq, row.AuditLink.audit_id, "rewritten")
                break
    if broken is None and noted is not None and noted.seq > head.seq:
        broken = Broken(head.seq + 1, None, "cut_off")
    pending = await session.scalar(select(func.count()).select_from(AuditPending)) or 0
    return Verdict(head, pending, broken or await _unlisted(session))


async def _seal_batch(session: AsyncSession, vault: Vault) -> int:
    # One sealer at a time; another waits and finds nothing left.
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    waiting = (
        await session.scalars(
            select(AuditLog)
            .join(AuditPending, AuditPending.audit_id == AuditLog.id)
            .order_by(AuditLog.id)
            .limit(BATCH)
        )
    ).all()
    if not waiting:
        return 0
    last = await session.scalar(select(AuditLink).order_by(AuditLink.seq.desc()).limit(1))
    links = _links(vault, Head(last.seq, last.digest) if last else Head(0, START), waiting)
    await session.execute(insert(AuditLink), list(links))
    await session.execute(delete(AuditPending).where(AuditPending.audit_id.in_([row.id for row in waiting])))
    return len(waiting)


def _links(vault: Vault, head: Head, rows: Sequence[AuditLog]) -> Iterator[dict[str, Any]]:
    now = clock.now()
    for seq, row in enumerate(rows, start=head.seq + 1):
        digest = vault.chain(head.digest + _plain(row))
        head = Head(seq, digest)
        yield {"seq": seq, "audit_id": row.id, "digest": digest, "key_id": vault.key_id, "at": now}


async def _sealed_after(session: AsyncSession, seq: int) -> Sequence[Row[AuditLink, AuditLog | None]]:
    statement = (
        select(AuditLink, AuditLog)
        .outerjoin(AuditLog, AuditLog.id == AuditLink.audit_id)
        .where(AuditLink.seq > seq)
        .order_by(AuditLink.seq)
        .limit(BATCH)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).all()


def _fault(vault: Vault, before: Head, row: Row[AuditLink, AuditLog | None]) -> Broken | None:
    link, logged = row
    if link.seq != before.seq + 1:
        return Broken(before.seq + 1, None, "link_missing")
    if logged is None:
        return Broken(link.seq, link.audit_id, "row_missing")
    if not vault.knows(link.key_id):
        return Broken(link.seq, link.audit_id, "key_unknown")
    digest = vault.chain(before.digest + _plain(logged), key_id=link.key_id)
    return None if digest == link.digest else Broken(link.seq, link.audit_id, "row_changed")


async def _unlisted(session: AsyncSession) -> Broken | None:
    """A row neither linked nor waiting: put in behind the trigger's back, or taken off its list."""
    linked = select(AuditLink.seq).where(AuditLink.audit_id == AuditLog.id).exists()
    waiting = select(AuditPending.audit_id).where(AuditPending.audit_id == AuditLog.id).exists()
    found = await session.scalar(select(AuditLog.id).where(~linked, ~waiting).order_by(AuditLog.id).limit(1))
    return None if found is None else Broken(None, found, "row_not_sealed")


def _plain(row: AuditLog) -> bytes:
    """The row in one form, whatever wrote or read it."""
    told = {
        "id": str(row.id),
        "at": row.at.isoformat(timespec="microseconds"),
        "actor_id": str(row.actor_id),
        "action": row.action,
        "entity": row.entity,
        "entity_id": str(row.entity_id),
        "data": row.data,
        "request_id": row.request_id,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).digest()
