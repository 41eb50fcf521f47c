"""Rules of limits as administrators keep them: lists, one, a new one, changes, the end of one, its history.

A rule is ended, never deleted, and an ended one stays as it was; what it asks for is chosen once. Every
write leaves the version, the old and the new values in the audit log, which is its history. Running clocks
keep the limit that they were started with. Which rule wins is `sla`'s business.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.enums import AreaLevel, ClockKind, SlaUnit, Urgency
from app.models.platform import AuditLog
from app.models.sla import SlaPolicy
from app.models.ticket import Category
from app.schemas.sla import SlaPolicyCreate, SlaPolicyPatch, SlaPolicyRead, SlaPolicyWrite
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import audit, versions, worktime
from app.services.platform.actor import Actor
from app.services.platform.worktime import Calendar, OutOfReachError

CRITERIA = ("clock", "category_code", "urgency", "area_id", "org_level")
LIMIT = ("unit", "amount")
ENTITY = "sla_policy"
_BY_ID = Sort.by_id(SlaPolicy.id)


class PolicyExists(Conflict):
    """Another running rule asks for the very same."""

    code = "sla_policy_exists"
    title_zh = "已有条件完全相同的时限规则，请修改那一条"
    title_en = "Another rule has the very same criteria: change that one"


class PolicyEnded(Conflict):
    """The rule has ended and stays as it was."""

    code = "sla_policy_ended"
    title_zh, title_en = "该时限规则已停用", "The rule has ended"


async def page(
    session: AsyncSession,
    *,
    kind: ClockKind | None,
    category_code: str | None,
    urgency: Urgency | None,
    area_id: UUID | None,
    org_level: AreaLevel | None,
    ended: bool,
    cursor: str | None,
    limit: int,
) -> Page[SlaPolicyRead]:
    """One page of the running rules, or of those that ended, oldest first, with exactly these criteria."""
    filters: list[ColumnElement[bool]] = [
        SlaPolicy.ended_at.is_not(None) if ended else SlaPolicy.ended_at.is_(None)
    ]
    wanted = dict(zip(CRITERIA, (kind, category_code, urgency, area_id, org_level), strict=True))
    filters += [getattr(SlaPolicy, name) == value for name, value in wanted.items() if value is not None]
    if cursor is not None:
        filters.append(_BY_ID.after(cursor))
    statement = _with_names().where(*filters).order_by(SlaPolicy.id).limit(limit + 1)
    rows = [_read_of(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda policy: (policy.id, policy.id))


async def detail(session: AsyncSession, *, policy_id: UUID) -> SlaPolicyRead:
    """One rule, running or ended."""
    row = (await session.execute(_with_names().where(SlaPolicy.id == policy_id))).one_or_none()
    if row is None:
        raise NotFound
    return _read_of(row)


async def named(session: AsyncSession, *, ids: Iterable[UUID]) -> Mapping[UUID, SlaPolicyRead]:
    """Some rules by id (one statement)."""
    rows = await session.execute(_with_names().where(SlaPolicy.id.in_(list(ids))))
    return {row.SlaPolicy.id: _read_of(row) for row in rows}


async def create(session: AsyncSession, *, actor: Actor, new: SlaPolicyCreate) -> SlaPolicyRead:
    """A new rule; `PolicyExists`, or `Invalid` with the field that names nothing usable."""
    values = new.model_dump()
    await _check(session, actor, new)
    _require_reachable(new.unit, new.amount)
    same = [getattr(SlaPolicy, name).is_not_distinct_from(values[name]) for name in CRITERIA]
    if await session.scalar(select(exists().where(*same, SlaPolicy.ended_at.is_(None)))):
        raise PolicyExists
    moment = clock.now()
    made = {"created_at": moment, "created_by": actor.id, "updated_at": moment, "updated_by": actor.id}
    policy = SlaPolicy(id=uuid7(), version=1, **made, **values)
    session.add(policy)
    await session.flush()
    await _record(session, actor, "sla_policy.create", policy, {})
    return await detail(session, policy_id=policy.id)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    policy_id: UUID,
    changes: SlaPolicyPatch,
    expected_version: int | None,
) -> SlaPolicyRead:
    """The rule with the sent fields changed; `Stale` at another version than expected."""
    policy = await _locked(session, policy_id, expected_version)
    before = _codes(policy)
    for name, value in changes.changes.items():
        setattr(policy, name, value)
    _require_reachable(SlaUnit(policy.unit), policy.amount)
    versions.touch(policy, actor)
    await session.flush()
    await _record(session, actor, "sla_policy.change", policy, before)
    return await detail(session, policy_id=policy_id)


async def end(
    session: AsyncSession, *, actor: Actor, policy_id: UUID, expected_version: int | None
) -> SlaPolicyRead:
    """Let a rule count no more for clocks that start from now on."""
    policy = await _locked(session, policy_id, expected_version)
    before = _codes(policy)
    policy.ended_at = clock.now()
    versions.touch(policy, actor)
    await session.flush()
    await _record(session, actor, "sla_policy.end", policy, before)
    return await detail(session, policy_id=policy_id)


async def history(session: AsyncSession, *, policy_id: UUID) -> list[SlaPolicyWrite]:
    """The writes to a rule, newest first; none to one that the deployment began with and nobody touched."""
    if await session.scalar(select(SlaPolicy.id).where(SlaPolicy.id == policy_id)) is None:
        raise NotFound
    rows = await session.scalars(
        select(AuditLog)
        .where(AuditLog.entity == ENTITY, AuditLog.entity_id == policy_id)
        .order_by(AuditLog.at.desc(), AuditLog.id.desc())
    )
    return [SlaPolicyWrite(action=row.action, at=row.at, by=row.actor_id, **row.data) for row in rows]


def _with_names() -> Select[*tuple[Any, ...]]:
    return (
        select(SlaPolicy, Category.label_zh.label("category_label"), Area.name.label("area_name"))
        .outerjoin(Category, Category.code == SlaPolicy.category_code)
        .outerjoin(Area, Area.id == SlaPolicy.area_id)
        .execution_options(populate_existing=True)
    )


def _read_of(row: Any) -> SlaPolicyRead:
    policy: SlaPolicy = row.SlaPolicy
    columns = {column.key: getattr(policy, column.key) for column in SlaPolicy.__table__.columns}
    area = Ref(id=policy.area_id, name=row.area_name) if policy.area_id else None
    return SlaPolicyRead(**columns, area=area, category_label=row.category_label)


async def _locked(session: AsyncSession, policy_id: UUID, expected_version: int | None) -> SlaPolicy:
    policy = await session.scalar(select(SlaPolicy).where(SlaPolicy.id == policy_id).with_for_update())
    if policy is None:
        raise NotFound
    versions.require(policy, expected_version)
    if policy.ended_at is not None:
        raise PolicyEnded
    return policy


async def _check(session: AsyncSession, actor: Actor, new: SlaPolicyCreate) -> None:
    code = new.category_code
    if code and await session.scalar(select(Category.code).where(Category.code == code)) is None:
        raise invalid_field("body.category_code", "没有这个事件类别", "No such category")
    await tree.require(session, actor=actor, named={"body.area_id": new.area_id})


def _require_reachable(unit: SlaUnit, amount: int) -> None:
    try:
        worktime.due(Calendar(), clock.now(), unit, amount)
    except OutOfReachError as far:
        raise invalid_field("body.amount", "时限超过十年", "Leads more than ten years ahead") from far


def _codes(policy: SlaPolicy) -> dict[str, Any]:
    """Codes for the audit log, without the note, in which people may write anything."""
    values = {name: getattr(policy, name) for name in (*CRITERIA, *LIMIT)}
    values["area_id"] = None if policy.area_id is None else str(policy.area_id)
    return values | {"ended": policy.ended_at is not None}


async def _record(
    session: AsyncSession, actor: Actor, action: str, policy: SlaPolicy, before: dict[str, Any]
) -> None:
    await audit.record(
        session,
        action=action,
        entity=ENTITY,
        entity_id=policy.id,
        actor_id=actor.id,
        data={"version": policy.version, "before": before, "after": _codes(policy)},
    )
