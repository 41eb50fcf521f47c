"""Uses of tokens: every call counted by token, operation and hour; writes and looks at people one by one.

Counted in the process and written down once in a while, so that a call costs no statement. What a process
has not written down when it is killed is lost, at most a second of it; what a write did is in the records'
own history all the same. Counts are kept for 400 days, single calls for 180.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, logging
from app.core.db import Sessions, transaction
from app.core.ids import uuid7
from app.core.replica import AWAY
from app.models.access import ApiCall, ApiUse

EVERY_SECONDS = 1.0
MOST_WAITING = 20_000
COUNTED_FOR, KEPT_FOR = timedelta(days=400), timedelta(days=180)
_COUNT = text("""
    INSERT INTO api_use AS use (client_id, token_id, operation, hour, calls, errors, limited, last_at)
    SELECT * FROM unnest(CAST(:clients AS uuid[]), CAST(:tokens AS uuid[]), CAST(:operations AS text[]),
        CAST(:hours AS timestamptz[]), CAST(:calls AS integer[]), CAST(:errors AS integer[]),
        CAST(:limited AS integer[]), CAST(:lasts AS timestamptz[])) AS new
    ORDER BY 2, 3, 4
    ON CONFLICT (token_id, operation, hour) DO UPDATE SET calls = use.calls + excluded.calls,
        errors = use.errors + excluded.errors, limited = use.limited + excluded.limited,
        last_at = greatest(use.last_at, excluded.last_at)
    """)
# Locked in one order, so that two processes cannot wait for each other.
_USED = text("""
    WITH new AS (
        SELECT token.id, new.at
        FROM unnest(CAST(:tokens AS uuid[]), CAST(:lasts AS timestamptz[])) AS new (id, at)
        JOIN api_token AS token ON token.id = new.id
        WHERE token.last_used_at IS NULL OR token.last_used_at < new.at - interval '1 minute'
        ORDER BY token.id FOR UPDATE OF token
    )
    UPDATE api_token SET last_used_at = new.at FROM new WHERE api_token.id = new.id
    """)
_CALLED = text("""
    INSERT INTO api_call (id, client_id, token_id, at, operation, record_id, status, request_id)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clients AS uuid[]), CAST(:tokens AS uuid[]),
        CAST(:ats AS timestamptz[]), CAST(:operations AS text[]), CAST(:records AS uuid[]),
        CAST(:statuses AS smallint[]), CAST(:requests AS text[]))
    """)

log = logging.get(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a token; `single`: it wrote, or saw what may tell of somebody."""

    client_id: UUID
    token_id: UUID
    operation: str
    status: int
    single: bool
    record_id: UUID | None
    request_id: str | None


@dataclass(slots=True)
class _Count:
    client_id: UUID
    calls: int
    errors: int
    limited: int
    last_at: datetime

    def add(self, other: "_Count") -> None:
        """Add what another one counted."""
        self.calls += other.calls
        self.errors += other.errors
        self.limited += other.limited
        self.last_at = max(self.last_at, other.last_at)


Key = tuple[UUID, str, datetime]


class Uses:
    """What one process has counted and not written down yet."""

    def __init__(self) -> None:
        self._counts: dict[Key, _Count] = {}
        self._calls: deque[tuple[UUID, datetime, Call]] = deque(maxlen=MOST_WAITING)
        self._turn = asyncio.Lock()

    def note(self, call: Call) -> None:
        """Count a call; it is an error from 400 on, but for one beyond the limit, which is counted apart."""
        moment, limited = clock.now(), call.status == HTTPStatus.TOO_MANY_REQUESTS
        failed = call.status >= HTTPStatus.BAD_REQUEST and not limited
        hour = moment.replace(minute=0, second=0, microsecond=0)
        self._add((call.token_id, call.operation, hour), _Count(call.client_id, 1, failed, limited, moment))
        if call.single and not limited:
            self._calls.append((uuid7(), moment, call))

    async def flush(self, sessions: Sessions) -> None:
        """Write down what was counted; what cannot be written stays for the next time."""
        async with self._turn:
            counts, self._counts = self._counts, {}
            calls, self._calls = list(self._calls), deque(maxlen=MOST_WAITING)
            if not counts:
                return
            try:
                async with transaction(sessions) as session:
                    await _write(session, counts, calls)
            except BaseException:
                for key, count in counts.items():
                    self._add(key, count)
                self._calls.extendleft(reversed(calls))
                raise

    async def keep_written(self, sessions: Sessions) -> None:
        """Write down every second until cancelled, and what is left then."""
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                await self._try(sessions)
        finally:
            await self._try(sessions)

    async def _try(self, sessions: Sessions) -> None:
        try:
            await self.flush(sessions)
        except AWAY as error:
            log.warning("uses_not_written", error=type(error).__name__)

    def _add(self, key: Key, count: _Count) -> None:
        if key in self._counts:
            self._counts[key].add(count)
        else:
            self._counts[key] = count


async def forget_old(session: AsyncSession) -> int:
    """Delete counts older than 400 days and calls older than 180; returns how many."""
    now = clock.now()
    counted = delete(ApiUse).where(ApiUse.hour < now - COUNTED_FOR).returning(ApiUse.token_id)
    called = delete(ApiCall).where(ApiCall.at < now - KEPT_FOR).returning(ApiCall.id)
    return len((await session.execute(counted)).all()) + len((await session.execute(called)).all())


async def _write(
    session: AsyncSession, counts: dict[Key, _Count], calls: list[tuple[UUID, datetime, Call]]
) -> None:
    tokens, operations, hours = zip(*counts, strict=True)
    told = list(counts.values())
    values = {
        "tokens": list(tokens),
        "operations": list(operations),
        "hours": list(hours),
        "clients": [count.client_id for count in told],
        "calls": [count.calls for count in told],
        "errors": [int(count.errors) for count in told],
        "limited": [int(count.limited) for count in told],
        "lasts": [count.last_at for count in told],
    }
    await session.execute(_COUNT, values)
    lasts = {token: max(c.last_at for k, c in counts.items() if k[0] == token) for token in set(tokens)}
    await session.execute(_USED, {"tokens": list(lasts), "lasts": list(lasts.values())})
    if calls:
        await session.execute(_CALLED, _columns(calls))


def _columns(calls: list[tuple[UUID, datetime, Call]]) -> dict[str, list[object]]:
    return {
        "ids": [call_id for call_id, _at, _call in calls],
        "ats": [at for _id, at, _call in calls],
        "clients": [call.client_id for *_when, call in calls],
        "tokens": [call.token_id for *_when, call in calls],
        "operations": [call.operation for *_when, call in calls],
        "records": [call.record_id for *_when, call in calls],
        "statuses": [call.status for *_when, call in calls],
        "requests": [call.request_id for *_when, call in calls],
    }
