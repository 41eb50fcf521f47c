"""Routing rules as people keep them: lists, one, a new one, changes, the end of one.

Administrators write; dispatchers read those that can concern them: of the areas they see, and those for
everywhere. A rule is ended, never deleted, and an ended one stays as it was. Every write leaves the old and
the new values in the audit log. Which rule wins is `routing`'s business.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.errors import Conflict, NotFound, invalid_field
from app.core.ids import uuid7
from app.core.paging import Page, Sort, page_of
from app.models.area import Area
from app.models.routing import RoutingRule
from app.models.staff import Member, Org
from app.models.ticket import Category
from app.schemas.routing import RoutingRuleCreate, RoutingRulePatch, RoutingRuleRead
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform import audit, versions
from app.services.platform.actor import Actor
from app.services.platform.listing import page_statement
from app.services.staff import orgs
from app.services.tickets import routing

CRITERIA = ("category_code", "area_id", "source", "urgency")
_TARGET = ("org_id", "member_id")
_BY_ID = Sort.by_id(RoutingRule.id)


class RuleExists(Conflict):
    """Another running rule has the very same criteria."""

    code = "routing_rule_exists"
    title_zh = "已有条件完全相同的推送规则，请修改那一条"
    title_en = "Another rule has the very same criteria: change that one"


class RuleEnded(Conflict):
    """The rule has ended and stays as it was."""

    code = "routing_rule_ended"
    title_zh, title_en = "该推送规则已停用", "The rule has ended"


def visible(actor: Actor) -> ColumnElement[bool]:
    """The rules for everywhere, and those of the areas that the caller sees."""
    seen = select(Area.id).where(tree.visible(actor))
    return or_(RoutingRule.area_id.is_(None), RoutingRule.area_id.in_(seen))


def with_names() -> Select[*tuple[Any, ...]]:
    """Rules with their targets, and the names of all that they refer to."""
    return routing.with_targets(
        Category.label_zh.label("category_label"),
        Area.name.label("area_name"),
        Org.name.label("org_name"),
        Member.name.label("member_name"),
    ).outerjoin(Category, Category.code == RoutingRule.category_code)


def read_of(row: Any) -> RoutingRuleRead:
    """The wire shape of a row of `with_names`."""
    rule: RoutingRule = row.RoutingRule
    return RoutingRuleRead(
        id=rule.id,
        category_code=rule.category_code,
        category_label=row.category_label,
        area=Ref(id=rule.area_id, name=row.area_name) if rule.area_id else None,
        source=rule.source,
        urgency=rule.urgency,
        org=Ref(id=rule.org_id, name=row.org_name),
        member=Ref(id=rule.member_id, name=row.member_name) if rule.member_id else None,
        note=rule.note,
        fault=routing.lasting_fault(routing.rule_of(row)),
        ended_at=rule.ended_at,
        version=rule.version,
        created_at=rule.created_at,
        created_by=rule.created_by,
        updated_at=rule.updated_at,
        updated_by=rule.updated_by,
    )


async def page(
    session: AsyncSession,
    *,
    actor: Actor,
    category_code: str | None,
    org_id: UUID | None,
    ended: bool,
    cursor: str | None,
    limit: int,
) -> Page[RoutingRuleRead]:
    """One page of the running rules, or of those that ended, oldest first."""
    filters: list[ColumnElement[bool]] = [
        RoutingRule.ended_at.is_not(None) if ended else RoutingRule.ended_at.is_(None)
    ]
    if category_code:
        filters.append(RoutingRule.category_code == category_code)
    if org_id:
        filters.append(RoutingRule.org_id == org_id)
    statement = page_statement(
        with_names(), sort=_BY_ID, branches=[visible(actor)], filters=filters, cursor=cursor, limit=limit
    )
    rows = [read_of(row) for row in await session.execute(statement)]
    return page_of(rows, limit, lambda rule: (rule.id, rule.id))


async def detail(session: AsyncSession, *, actor: Actor, rule_id: UUID) -> RoutingRuleRead:
    """One rule, running or ended; `NotFound` outside the caller's reach."""
    statement = with_names().where(RoutingRule.id == rule_id, visible(actor))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return read_of(row)


async def create(session: AsyncSession, *, actor: Actor, new: RoutingRuleCreate) -> RoutingRuleRead:
    """A new rule; `RuleExists`, or `Invalid` with the field that names nothing usable."""
    values = new.model_dump()
    await _check(session, actor, values)
    await _require_free(session, values)
    moment = clock.now()
    rule = RoutingRule(
        id=uuid7(),
        version=1,
        created_at=moment,
        created_by=actor.id,
        updated_at=moment,
        updated_by=actor.id,
        **values,
    )
    session.add(rule)
    await session.flush()
    await _record(session, actor, "routing_rule.create", rule.id, {"new": _codes(values)})
    return await detail(session, actor=actor, rule_id=rule.id)


async def change(
    session: AsyncSession,
    *,
    actor: Actor,
    rule_id: UUID,
    changes: RoutingRulePatch,
    expected_version: int | None,
) -> RoutingRuleRead:
    """The rule with the sent fields changed; `Stale` at another version than expected."""
    rule = await _locked(session, actor, rule_id, expected_version)
    before = {name: getattr(rule, name) for name in changes.changes}
    after = {name: getattr(rule, name) for name in (*CRITERIA, *_TARGET)} | changes.changes
    await _check(session, actor, after)
    await _require_free(session, after, besides=rule_id)
    for name, value in changes.changes.items():
        setattr(rule, name, value)
    versions.touch(rule, actor)
    await session.flush()
    data = {"fields": sorted(before), "old": _codes(before), "new": _codes(changes.changes)}
    await _record(session, actor, "routing_rule.change", rule_id, data)
    return await detail(session, actor=actor, rule_id=rule_id)


async def end(
    session: AsyncSession, *, actor: Actor, rule_id: UUID, expected_version: int | None
) -> RoutingRuleRead:
    """Let a rule count no more from now on."""
    rule = await _locked(session, actor, rule_id, expected_version)
    rule.ended_at = clock.now()
    versions.touch(rule, actor)
    await session.flush()
    old = _codes({name: getattr(rule, name) for name in (*CRITERIA, *_TARGET)})
    await _record(session, actor, "routing_rule.end", rule_id, {"old": old})
    return await detail(session, actor=actor, rule_id=rule_id)


async def _locked(
    session: AsyncSession, actor: Actor, rule_id: UUID, expected_version: int | None
) -> RoutingRule:
    statement = select(RoutingRule).where(RoutingRule.id == rule_id, visible(actor)).with_for_update()
    rule = await session.scalar(statement)
    if rule is None:
        raise NotFound
    versions.require(rule, expected_version)
    if rule.ended_at is not None:
        raise RuleEnded
    return rule


async def _check(session: AsyncSession, actor: Actor, values: dict[str, Any]) -> None:
    code = values["category_code"]
    if code and await session.scalar(select(Category.code).where(Category.code == code)) is None:
        raise invalid_field("body.category_code", "没有这个事件类别", "No such category")
    areas = await tree.require(session, actor=actor, named={"body.area_id": values["area_id"]})
    org = await orgs.require(session, actor=actor, field="body.org_id", org_id=values["org_id"])
    area = areas.get("body.area_id")
    if area and org:
        await _require_serving(session, area, org)
    if values["member_id"]:
        await _require_member(session, values["member_id"], values["org_id"])


async def _require_serving(session: AsyncSession, area: Area, org: Org) -> None:
    """An organisation above, in or below the rule's area can serve at least a part of it."""
    place = aliased(Area)
    below = select(place.id).where(place.id == org.area_id, place.path.contains([area.id]))
    if org.area_id not in area.path and await session.scalar(below) is None:
        raise invalid_field(
            "body.org_id", "该单位不负责规则所在的区域", "The organisation does not serve the rule's area"
        )


async def _require_member(session: AsyncSession, member_id: UUID, org_id: UUID) -> None:
    here = select(Member.id).where(
        Member.id == member_id,
        Member.org_id == org_id,
        or_(Member.ended_at.is_(None), Member.ended_at > clock.now()),
    )
    if await session.scalar(here) is None:
        raise invalid_field(
            "body.member_id", "该单位没有这位在职人员", "Nobody of this id works for the organisation"
        )


async def _require_free(session: AsyncSession, values: dict[str, Any], besides: UUID | None = None) -> None:
    same = [getattr(RoutingRule, name).is_not_distinct_from(values[name]) for name in CRITERIA]
    other = RoutingRule.id.is_distinct_from(besides)
    taken = exists().where(*same, RoutingRule.ended_at.is_(None), other)
    if await session.scalar(select(taken)):
        raise RuleExists


def _codes(values: dict[str, Any]) -> dict[str, str | None]:
    """Ids and codes for the audit log, without the note, in which people may write anything."""
    return {name: None if value is None else str(value) for name, value in values.items() if name != "note"}


async def _record(
    session: AsyncSession, actor: Actor, action: str, rule_id: UUID, data: dict[str, Any]
) -> None:
    await audit.record(
        session, action=action, entity="routing_rule", entity_id=rule_id, actor_id=actor.id, data=data
    )
