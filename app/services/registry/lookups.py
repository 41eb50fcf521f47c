"""Looking for whole numbers: limited per person and written down, because answers confirm what was guessed.

Of a masked number little is hidden; whoever may type all that it could be learns which it is, by searching
or by registering somebody with it. Who may look for which is `unmask`'s business; what is written down is who
looked and for what field, never the number.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Problem
from app.models.platform import AuditLog
from app.services.platform import audit
from app.services.platform.actor import Actor

MOST, WINDOW = 60, timedelta(hours=1)
_LOCKS = 42
ENTITY, ACTION, TAKEN = "search", "search.number", "search.taken"


class LookupLimit(Problem):
    """The person has looked for as many whole numbers as one may in an hour."""

    status, code = 429, "lookup_limit"
    title_zh = f"按完整号码查找过于频繁：每人每小时最多 {MOST} 次，可改用姓名或后四位"
    title_en = f"At most {MOST} searches for whole numbers an hour; names and last four digits go on"


async def note(session: AsyncSession, *, actor: Actor, fields: Sequence[str]) -> None:
    """Write down that the caller looks for a whole number of one of these fields; `LookupLimit`."""
    await _within_limit(session, actor, ACTION)
    await _write_down(session, actor, ACTION, {"fields": list(fields)})


async def taken(session: AsyncSession, *, actor: Actor, people: int) -> None:
    """Write down that the caller was told that numbers are registered; `LookupLimit` instead of being told.

    people: how many of those whom the caller sent.
    """
    await _within_limit(session, actor, TAKEN)
    await _write_down(session, actor, TAKEN, {"people": people})


async def _within_limit(session: AsyncSession, actor: Actor, action: str) -> None:
    # One call of a person at a time: two at once would both be the last.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(actor.id), _LOCKS))))
    now = clock.now()
    count, first = (
        await session.execute(
            select(func.count(), func.min(AuditLog.at)).where(
                AuditLog.actor_id == actor.id, AuditLog.at > now - WINDOW, AuditLog.action == action
            )
        )
    ).one()
    if count >= MOST:
        seconds = max(1, int((first + WINDOW - now).total_seconds()) + 1)
        raise LookupLimit(headers={"Retry-After": str(seconds)})


async def _write_down(session: AsyncSession, actor: Actor, action: str, data: Mapping[str, Any]) -> None:
    await audit.record(session, action=action, entity=ENTITY, entity_id=None, actor_id=actor.id, data=data)
