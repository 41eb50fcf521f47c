"""Showing plain personal values: limited per person, and written down whether granted or refused.

A look and its line in the log are one transaction; a refusal is written in one of its own after the
rollback, because it outlives the refused call. Who may see which field of what is the business of the wing
that owns the record, which gives `disclose` the reading.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, logging
from app.core.db import Sessions, transaction
from app.core.errors import Forbidden, Problem
from app.core.ids import uuid7
from app.models.enums.privacy import PersonalRecord, UnmaskReason
from app.models.privacy import PiiAccess, PiiAccessReason
from app.services.platform import audit
from app.services.platform.actor import Actor

MOST, WINDOW = 30, timedelta(hours=1)
_LOCKS = 40


class UnmaskRefused(Forbidden):
    """The caller sees the record, and not these of its fields."""

    code: ClassVar[str] = "unmask_refused"
    title_zh, title_en = "您的岗位不能查看这些信息的原文", "Your posts do not open these values"


class UnmaskLimit(Problem):
    """The person has looked at as many records as one may in an hour."""

    status, code = 429, "unmask_limit"
    title_zh = f"查看原文过于频繁：每人每小时最多 {MOST} 次"
    title_en = f"At most {MOST} looks at plain values an hour"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to see which fields of which record, why, and from where."""

    actor: Actor
    entity: PersonalRecord
    entity_id: UUID
    fields: tuple[str, ...]
    reason: UnmaskReason
    words: str
    ip: str | None
    device: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Disclosed:
    """Plain values by field, and whose they are where that is a resident."""

    values: Mapping[str, str | None]
    resident_id: UUID | None = None


Reading = Callable[[AsyncSession], Awaitable[Disclosed]]


async def disclose(opener: Sessions, *, asked: Asked, read: Reading) -> Disclosed:
    """The plain values, logged; every `Problem` on the way is logged too and raised again.

    `UnmaskLimit` comes before anything is read. Opens its own transactions.
    """
    try:
        async with transaction(opener) as session:
            await _within_limit(session, asked.actor)
            shown = await read(session)
            await _log(session, asked, shown.resident_id, None)
    except Problem as refused:
        async with transaction(opener) as session:
            await _log(session, asked, None, refused.code)
        raise
    return shown


async def begin_file(session: AsyncSession, *, asked: Asked) -> None:
    """Write down that plain values leave in a file, and why; `in_file` says whose."""
    await _log(session, asked, None, None)


async def in_file(session: AsyncSession, *, asked: Asked, resident_ids: Sequence[UUID]) -> None:
    """Write down whose plain values stand in a file: a line each, so that they can be told."""
    line = _line(asked, None) | {"at": clock.now()}
    rows = [{**line, "id": uuid7(), "resident_id": resident_id} for resident_id in resident_ids]
    if rows:
        await session.execute(insert(PiiAccess), rows)


async def _within_limit(session: AsyncSession, actor: Actor) -> None:
    # One look of a person at a time: two at once would both be the thirtieth.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(actor.id), _LOCKS))))
    now = clock.now()
    count, first = (
        await session.execute(
            select(func.count(), func.min(PiiAccess.at)).where(
                PiiAccess.actor_id == actor.id,
                PiiAccess.at > now - WINDOW,
                PiiAccess.entity != PersonalRecord.EXPORT,
                or_(PiiAccess.refusal.is_(None), PiiAccess.refusal != UnmaskLimit.code),
            )
        )
    ).one()
    if count >= MOST:
        seconds = max(1, int((first + WINDOW - now).total_seconds()) + 1)
        raise UnmaskLimit(headers={"Retry-After": str(seconds)})


async def _log(session: AsyncSession, asked: Asked, resident_id: UUID | None, refusal: str | None) -> None:
    access_id, actor = uuid7(), asked.actor
    named = asked.entity_id if asked.entity is PersonalRecord.RESIDENT else resident_id
    await session.execute(
        insert(PiiAccess).values(**_line(asked, refusal), id=access_id, at=clock.now(), resident_id=named)
    )
    await session.execute(insert(PiiAccessReason).values(access_id=access_id, words=asked.words))
    await audit.record(
        session,
        action="pii.refuse" if refusal else "pii.unmask",
        entity=asked.entity.value,
        entity_id=asked.entity_id,
        actor_id=actor.id,
        data={
            "access_id": str(access_id),
            "fields": list(asked.fields),
            "reason": asked.reason.value,
            "refusal": refusal,
        },
    )


def _line(asked: Asked, refusal: str | None) -> dict[str, Any]:
    return {
        "actor_id": asked.actor.id,
        "session_id": asked.actor.session_id,
        "entity": asked.entity.value,
        "entity_id": asked.entity_id,
        "fields": list(asked.fields),
        "reason": asked.reason.value,
        "refusal": refusal,
        "ip": asked.ip,
        "device": asked.device,
        "request_id": logging.request_id(),
    }
