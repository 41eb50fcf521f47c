"""Allowances taken ahead: a process asks the database for several calls at once and spends them by itself.

So a limit that all processes share costs a statement for some forty calls instead of one for each. What is
taken ahead was granted, so more than the limit is never spent; what a process does not spend within a sixth
of the window, ten seconds of a minute, is given up, which is at most a sixteenth of the limit. So more comes
back than is given up, and who calls now and then has the whole of it. The less is left, the less is taken
ahead. A refusal is remembered until a call could be granted again, and costs nothing until then.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from app.core import clock
from app.core.db import Sessions, transaction
from app.services.platform import limits
from app.services.platform.limits import Allowance

SECOND = timedelta(seconds=1)
KEPT_PART = 6
MOST = 50
PART = 16
REMEMBERED = 4096


@dataclass(slots=True)
class _Lease:
    """What was told of an allowance, when, and how many calls were taken ahead and are not spent yet."""

    told: Allowance
    at: datetime
    left: int


class Leases:
    """What one process has taken ahead, by key."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Lease] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def spend(self, key: str, *, limit: int, window: timedelta) -> Allowance | None:
        """A call out of what was taken ahead, or the refusal that still holds; None: ask by `take`."""
        lease = self._held.get(key)
        if lease is None or (lease.told.limit, lease.told.window) != (limit, window):
            return None
        passed = clock.now() - lease.at
        reset = max(0, lease.told.reset - passed // SECOND)
        if not lease.told.granted:
            wait = timedelta(seconds=lease.told.retry_after) - passed
            left = max(1, -(-wait // SECOND))
            return replace(lease.told, reset=reset, retry_after=left) if wait > timedelta() else None
        if lease.left == 0 or passed > window / KEPT_PART:
            return None
        lease.left -= 1
        return replace(lease.told, remaining=lease.told.remaining + lease.left, reset=reset)

    async def take(self, sessions: Sessions, key: str, *, limit: int, window: timedelta) -> Allowance:
        """A call, with some more taken ahead unless little is left; one statement, seldom two.

        In a transaction of its own, which ends at once; whoever calls holds no connection meanwhile.
        """
        async with self._turns.setdefault(key, asyncio.Lock()):
            while (told := self.spend(key, limit=limit, window=window)) is None:
                await self._renew(sessions, key, limit, window)
            return told

    async def _renew(self, sessions: Sessions, key: str, limit: int, window: timedelta) -> None:
        known = self._held.get(key)
        left = known.told.remaining if known is not None and known.told.granted else limit
        ahead = max(1, min(MOST, left // PART))
        async with transaction(sessions) as session:
            told = await limits.take(session, key=key, limit=limit, window=window, cost=ahead)
            if not told.granted and ahead > 1:
                ahead = 1
                told = await limits.take(session, key=key, limit=limit, window=window)
        self._held[key] = _Lease(told, clock.now(), ahead if told.granted else 0)
        self._held.move_to_end(key)
        while len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
