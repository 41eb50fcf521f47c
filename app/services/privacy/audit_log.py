"""The audit log as auditors read it, with the names of those who acted. Writing it is `audit`'s."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.paging import Page, Sort, page_of
from app.models.platform import AuditLink, AuditLog
from app.models.staff import Member
from app.schemas.audit import AuditRead
from app.services.platform.scope import Predicate

_NEWEST = Sort.by_time(AuditLog.at, AuditLog.id, descending=True)
_OWN = ("id", "at", "actor_id", "action", "entity", "entity_id", "data", "request_id")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the log may be narrowed to; times are [since, before)."""

    actor_id: UUID | None = None
    entity_id: UUID | None = None
    action: str | None = None
    since: datetime | None = None
    before: datetime | None = None


async def page(
    session: AsyncSession, *, wanted: AuditFilter, cursor: str | None, limit: int
) -> Page[AuditRead]:
    """One page of the log, newest first."""
    statement = (
        select(AuditLog, Member.name, AuditLink.seq)
        .outerjoin(Member, Member.id == AuditLog.actor_id)
        .outerjoin(AuditLink, AuditLink.audit_id == AuditLog.id)
        .where(*_conditions(wanted))
        .order_by(*_NEWEST.order())
        .limit(limit + 1)
    )
    if cursor is not None:
        statement = statement.where(_NEWEST.after(cursor))
    rows = [_read(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda row: (row.at, row.id))


def _conditions(wanted: AuditFilter) -> list[Predicate]:
    found: list[Predicate] = []
    if wanted.actor_id is not None:
        found.append(AuditLog.actor_id == wanted.actor_id)
    if wanted.entity_id is not None:
        found.append(AuditLog.entity_id == wanted.entity_id)
    if wanted.action is not None:
        found.append(AuditLog.action == wanted.action)
    if wanted.since is not None:
        found.append(AuditLog.at >= wanted.since)
    if wanted.before is not None:
        found.append(AuditLog.at < wanted.before)
    return found


def _read(row: Row[AuditLog, str, int]) -> AuditRead:
    logged, actor_name, seq = row
    own = {name: getattr(logged, name) for name in _OWN}
    return AuditRead.model_validate({**own, "actor_name": actor_name, "seq": seq})
