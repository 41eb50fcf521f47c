"""Idempotency keys: the same call again gets the first answer, in the same transaction as the write.

The key belongs to its caller. Claiming it inserts a row, so that a second call with the same key waits
for the first and then finds its answer; when the first fails, its claim is rolled back with it. Only
committed answers are kept, for 48 hours.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Problem
from app.models.platform import IdempotencyKey

KEPT = timedelta(hours=48)
MAX_KEY_LENGTH = 200


class KeyReused(Problem):
    """The key was used before for another request."""

    status, code = 422, "idempotency_key_reused"
    title_zh = "同一个 Idempotency-Key 已用于另一个请求，请换一个新的"
    title_en = "This Idempotency-Key was used for another request"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it went out the first time."""

    status: int
    headers: dict[str, str]
    body: bytes


def request_hash(method: str, path: str, body: bytes) -> bytes:
    """What makes two requests the same: method, path and the body's bytes."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).digest()


async def claim(session: AsyncSession, *, owner_id: UUID, key: str, request: bytes) -> Answer | None:
    """None: the key is ours and the work is to be done. An answer: it was done; `KeyReused`: not so."""
    mine = await session.scalar(
        insert(IdempotencyKey)
        .values(owner_id=owner_id, key=key, request_hash=request, created_at=clock.now())
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if mine is not None:
        return None
    kept = (
        await session.execute(
            select(
                IdempotencyKey.request_hash,
                IdempotencyKey.status,
                IdempotencyKey.headers,
                IdempotencyKey.body,
            ).where(IdempotencyKey.owner_id == owner_id, IdempotencyKey.key == key)
        )
    ).one()
    if kept.request_hash != request:
        raise KeyReused
    return Answer(kept.status, kept.headers, kept.body)


async def keep(session: AsyncSession, *, owner_id: UUID, key: str, answer: Answer) -> None:
    """Store the answer of a claimed key."""
    await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.owner_id == owner_id, IdempotencyKey.key == key)
        .values(status=answer.status, headers=answer.headers, body=answer.body)
    )


async def forget_old(session: AsyncSession) -> int:
    """Delete answers older than 48 hours; returns how many."""
    gone = await session.execute(
        delete(IdempotencyKey)
        .where(IdempotencyKey.created_at < clock.now() - KEPT)
        .returning(IdempotencyKey.key)
    )
    return len(gone.all())
