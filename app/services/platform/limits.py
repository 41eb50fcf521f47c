"""Allowances that all processes share: so many calls in so long, for whomever a key names.

An allowance is used up call by call and comes back evenly (GCRA): of 60 in a minute one comes back each
second. So nobody waits for a window to end, and there is no end around which twice as much may come at once:
after a rest the whole allowance may, and from then on what comes back. All that is kept of a key is the
instant at which its allowance is whole again, in one row that one statement moves; a refused call moves
nothing. What a key is, and how much it is allowed, is the caller's business; a key that tells of somebody (an
address, a number) is to be hashed before.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models.platform import RateLimit

_TAKE = text(
    """
    WITH taken AS (
        INSERT INTO rate_limit AS held (key, whole_at)
        SELECT :key, CAST(:now AS timestamptz) + :price WHERE :price <= CAST(:window AS interval)
        ON CONFLICT (key) DO UPDATE SET whole_at = greatest(held.whole_at, :now) + :price
            WHERE greatest(held.whole_at, :now) + :price <= CAST(:now AS timestamptz) + :window
        RETURNING whole_at)
    SELECT whole_at, true AS granted FROM taken
    UNION ALL
    SELECT whole_at, false FROM rate_limit WHERE key = :key AND NOT EXISTS (SELECT FROM taken)
    """
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of `limit` calls in `window` after a call; times in whole seconds, rounded up.

    `reset`: until all of it is there again; `retry_after`: until this call would be granted, 0 if it was.
    """

    limit: int
    window: timedelta
    remaining: int
    reset: int
    retry_after: int = 0

    @property
    def granted(self) -> bool:
        """Whether the call may go on."""
        return self.retry_after == 0


async def take(session: AsyncSession, *, key: str, limit: int, window: timedelta, cost: int = 1) -> Allowance:
    """Use `cost` of what a key is allowed, or nothing where that much is not left.

    Counts stand whatever becomes of the call, so the session is not the call's but one of `create_readers`,
    which commits each statement by itself; in a transaction the key's row would be held until its end.
    """
    now, price = clock.now(), window * cost / limit
    values = {"key": key, "now": now, "price": price, "window": window}
    row = (await session.execute(_TAKE, values)).one_or_none()
    # Without a row somebody else made it a moment ago, or no window is long enough for so much.
    whole_at: datetime = row.whole_at if row else now + window
    used = max(whole_at - now, timedelta())
    left = math.floor((window - used) / window * limit + 1e-6)
    wait = timedelta() if row and row.granted else max(used + price - window, timedelta(seconds=1))
    return Allowance(limit, window, max(left, 0), _seconds(used), _seconds(wait))


async def forget_whole(session: AsyncSession) -> int:
    """Delete the rows of allowances that are whole again; returns how many."""
    gone = await session.execute(
        delete(RateLimit).where(RateLimit.whole_at < clock.now()).returning(RateLimit.key)
    )
    return len(gone.all())


def _seconds(span: timedelta) -> int:
    return math.ceil(span.total_seconds())
