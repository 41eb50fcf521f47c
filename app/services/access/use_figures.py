"""Reading how clients' tokens are used: by day and operation, and the single calls that were noted.

Days are business days. What a process has counted in the present second is not in the figures yet.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.paging import Page, Sort, page_of
from app.models.access import ApiCall, ApiUse
from app.schemas.client_use import ApiCallRead, ClientUse, DayUse, OperationUse
from app.services.access import api_clients

DAYS = 30
_NEWEST = Sort.by_id(ApiCall.id, descending=True)
_DAY: Any = cast(func.timezone(clock.BUSINESS_ZONE.key, ApiUse.hour), Date)
_SUMS = [func.sum(column) for column in (ApiUse.calls, ApiUse.errors, ApiUse.limited)]


async def of_client(session: AsyncSession, *, client_id: UUID) -> ClientUse:
    """A client's calls of the last thirty days; `NotFound` where there is no such client."""
    await api_clients.read(session, client_id=client_id)
    return await use(session, client_id=client_id)


async def use(session: AsyncSession, *, client_id: UUID) -> ClientUse:
    """A client's calls of the last thirty days, today included; one statement."""
    today = clock.today()
    first = today - timedelta(days=DAYS - 1)
    statement = (
        select(_DAY, ApiUse.operation, *_SUMS, func.max(ApiUse.last_at))
        .where(ApiUse.client_id == client_id, ApiUse.hour >= clock.day_start(first))
        .group_by(_DAY, ApiUse.operation)
    )
    rows = [tuple(row) for row in await session.execute(statement)]
    days = [_day(first + timedelta(days=number), rows) for number in range(DAYS)]
    operations = [_operation(name, rows) for name in {row[1] for row in rows}]
    return ClientUse(days=days, operations=sorted(operations, key=lambda one: (-one.calls, one.operation)))


async def calls(
    session: AsyncSession, *, client_id: UUID | None, cursor: str | None, limit: int
) -> Page[ApiCallRead]:
    """Single calls of a client or of all, the newest first."""
    statement = select(ApiCall).order_by(*_NEWEST.order())
    if client_id is not None:
        statement = statement.where(ApiCall.client_id == client_id)
    if cursor is not None:
        statement = statement.where(_NEWEST.after(cursor))
    rows = await session.scalars(statement.limit(limit + 1))
    return page_of([ApiCallRead.model_validate(row) for row in rows], limit, lambda row: (row.id, row.id))


def _day(day: date, rows: Iterable[tuple[Any, ...]]) -> DayUse:
    calls, errors, limited = _sums(row for row in rows if row[0] == day)
    return DayUse(day=day, calls=calls, errors=errors, limited=limited)


def _operation(name: str, rows: Iterable[tuple[Any, ...]]) -> OperationUse:
    own = [row for row in rows if row[1] == name]
    calls, errors, limited = _sums(own)
    last_at = max(row[5] for row in own)
    return OperationUse(operation=name, calls=calls, errors=errors, limited=limited, last_at=last_at)


def _sums(rows: Iterable[tuple[Any, ...]]) -> tuple[int, int, int]:
    calls = errors = limited = 0
    for row in rows:
        calls, errors, limited = calls + row[2], errors + row[3], limited + row[4]
    return calls, errors, limited
