"""The log of who looked at plain personal values, as auditors read it. Writing it is `unmasking`'s."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.paging import Page, Sort, page_of
from app.models.privacy import PiiAccess, PiiAccessReason
from app.models.staff import Member
from app.schemas.privacy import PiiAccessRead
from app.services.platform.scope import Predicate

_NEWEST = Sort.by_time(PiiAccess.at, PiiAccess.id, descending=True)


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """What the log may be narrowed to; times are [since, before)."""

    actor_id: UUID | None = None
    resident_id: UUID | None = None
    refused: bool | None = None
    since: datetime | None = None
    before: datetime | None = None


async def page(
    session: AsyncSession, *, wanted: AccessFilter, cursor: str | None, limit: int
) -> Page[PiiAccessRead]:
    """One page of the log, newest first."""
    statement = _with_words().where(*_conditions(wanted)).order_by(*_NEWEST.order()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(_NEWEST.after(cursor))
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda row: (row.at, row.id))


def _conditions(wanted: AccessFilter) -> list[Predicate]:
    found: list[Predicate] = []
    if wanted.actor_id is not None:
        found.append(PiiAccess.actor_id == wanted.actor_id)
    if wanted.resident_id is not None:
        found.append(PiiAccess.resident_id == wanted.resident_id)
    if wanted.refused is not None:
        found.append(PiiAccess.refusal.is_not(None) if wanted.refused else PiiAccess.refusal.is_(None))
    if wanted.since is not None:
        found.append(PiiAccess.at >= wanted.since)
    if wanted.before is not None:
        found.append(PiiAccess.at < wanted.before)
    return found


def _with_words() -> Select[PiiAccess, str | None, str | None]:
    return (
        select(PiiAccess, Member.name, PiiAccessReason.words)
        .outerjoin(Member, Member.id == PiiAccess.actor_id)
        .outerjoin(PiiAccessReason, PiiAccessReason.access_id == PiiAccess.id)
    )


def _read(row: Row[PiiAccess, str | None, str | None]) -> PiiAccessRead:
    access, actor_name, words = row
    names = set(PiiAccessRead.model_fields) - {"actor_name", "note"}
    told = {name: getattr(access, name) for name in names}
    return PiiAccessRead.model_validate({**told, "actor_name": actor_name, "note": words})
