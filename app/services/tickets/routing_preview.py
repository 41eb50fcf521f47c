"""The dry run of routing: where a ticket would go, which rules were tried, and why one won.

Changes nothing. The rules tried are all running ones that the caller may read, so that somebody who wonders
why a rule did not win finds it in the list. The decision itself is `routing`'s, the desk `desks`'.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound, invalid_field
from app.models.area import Area
from app.models.enums import EventSource, Urgency
from app.models.routing import RoutingRule
from app.models.ticket import Category, Ticket
from app.schemas.routing import (
    DeskRead,
    RoutingFacts,
    RoutingPreviewAsk,
    RoutingPreviewRead,
    RoutingRuleRead,
    TriedRule,
    Why,
)
from app.schemas.types import Ref
from app.services.areas import tree
from app.services.platform.actor import Actor
from app.services.tickets import desks, reads, routing, routing_rules
from app.services.tickets.desks import Desk
from app.services.tickets.routing import Facts, Tried

MOST_TOLD = 100
WHY_ZH: Mapping[Why, str] = MappingProxyType(
    {
        Why.WON: "采用：条件全部符合，且比其他符合的规则更具体",
        Why.OUTRANKED: "符合，但已有更具体的规则",
        Why.CATEGORY: "类别不符",
        Why.AREA: "不在规则的区域内",
        Why.SOURCE: "来源不符",
        Why.URGENCY: "紧急程度不符",
        Why.ORG_ENDED: "跳过：规则指定的单位已撤销",
        Why.ORG_ELSEWHERE: "跳过：规则指定的单位不负责该区域",
        Why.MEMBER_GONE: "跳过：规则指定的人员已离开该单位",
    }
)


async def preview(session: AsyncSession, *, actor: Actor, asked: RoutingPreviewAsk) -> RoutingPreviewRead:
    """Where the ticket would go; `NotFound` for a ticket or an area that the caller does not see."""
    told, area = await _facts(session, actor, asked)
    automatic = await session.scalar(
        select(Category.auto_dispatch).where(Category.code == told["category_code"])
    )
    if automatic is None:
        raise invalid_field("body.category_code", "没有这个事件类别", "No such category")
    facts = Facts(area_path=tuple(area.path), **told)
    running = routing_rules.with_names().where(RoutingRule.ended_at.is_(None), routing_rules.visible(actor))
    rows = (await session.execute(running)).all()
    named = {row.RoutingRule.id: routing_rules.read_of(row) for row in rows}
    decision = routing.decide(map(routing.rule_of, rows), facts)
    rule = named[decision.rule.id] if decision.rule else None
    desk = None if rule else await desks.of(session, area_path=facts.area_path)
    listed = _worth_telling(decision.tried)
    return RoutingPreviewRead(
        facts=RoutingFacts(area=Ref(id=area.id, name=area.name), **told),
        rule=rule,
        desk=DeskRead.model_validate(desk) if desk else None,
        automatic=automatic and rule is not None,
        text=_text(rule, desk),
        tried=[
            TriedRule(rule=named[entry.rule.id], matched=entry.matched, why=entry.why, text=WHY_ZH[entry.why])
            for entry in listed
        ],
        left_off=len(decision.tried) - len(listed),
    )


async def _facts(
    session: AsyncSession, actor: Actor, asked: RoutingPreviewAsk
) -> tuple[dict[str, Any], Area]:
    """Category, source and urgency, and the area: the given ones, else the ticket's."""
    areas = await tree.require(session, actor=actor, named={"body.area_id": asked.area_id})
    ticket_id = asked.ticket_id
    found: Any = await _ticket(session, actor, ticket_id) if ticket_id else asked
    told = {
        "category_code": asked.category_code or found.category_code,
        "source": EventSource(asked.source or found.source),
        "urgency": Urgency(asked.urgency or found.urgency),
    }
    return told, areas.get("body.area_id") or found.Area


async def _ticket(session: AsyncSession, actor: Actor, ticket_id: UUID) -> Any:
    statement = (
        select(Ticket.category_code, Ticket.source, Ticket.urgency, Area)
        .join(Area, Area.id == Ticket.area_id)
        .where(Ticket.id == ticket_id, reads.visible(actor))
    )
    row = (await session.execute(statement.options(tree.BRIEF))).one_or_none()
    if row is None:
        raise NotFound(errors=(tree.unknown("body.ticket_id"),))
    return row


def _worth_telling(tried: Sequence[Tried]) -> Sequence[Tried]:
    """All that match, and as many of the others as there is room for, in the order of trying."""
    room = MOST_TOLD - sum(entry.matched for entry in tried)
    others = [entry for entry in tried if not entry.matched][: max(room, 0)]
    kept = {entry.rule.id for entry in others}
    return [entry for entry in tried if entry.matched or entry.rule.id in kept]


def _text(rule: RoutingRuleRead | None, desk: Desk | None) -> str:
    if rule is not None:
        return f"推送给{rule.org.name}" + (f"的{rule.member.name}" if rule.member else "")
    if desk is None or desk.area is None:
        return "没有规则符合，且各级都没有在岗的调度员，请系统管理员任命"
    names = "、".join(person.name for person in desk.dispatchers)
    return f"没有规则符合，由{desk.area.name}的调度员（{names}）人工派单"
