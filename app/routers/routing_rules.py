"""Routing rules: lists, one, and their administration."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin, RoutingReader
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.routing import RoutingRuleCreate, RoutingRulePatch, RoutingRuleRead
from app.schemas.types import CategoryCode, PageRead
from app.services.tickets import routing_rules

router = APIRouter(
    prefix="/v1/routing-rules",
    tags=["tickets"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)


@router.get("", summary="推送规则列表", operation_id="routing_rules_list")
async def routing_rules_list(
    *,
    session: Session,
    actor: RoutingReader,
    category: CategoryCode | None = None,
    org_id: UUID | None = None,
    ended: Annotated[bool, Query(description="只看已停用的")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[RoutingRuleRead]:
    """The rules for everywhere and for the areas that the caller sees, oldest first."""
    page = await routing_rules.page(
        session,
        actor=actor,
        category_code=category,
        org_id=org_id,
        ended=ended,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{rule_id}", summary="推送规则详情", operation_id="routing_rule_read")
async def routing_rule_read(
    session: Session, actor: RoutingReader, rule_id: UUID, response: Response
) -> RoutingRuleRead:
    """One rule, running or ended."""
    return _read(await routing_rules.detail(session, actor=actor, rule_id=rule_id), response)


@router.post("", status_code=201, summary="新增推送规则", operation_id="routing_rule_create")
async def routing_rule_create(
    session: Session, actor: Admin, body: RoutingRuleCreate, response: Response
) -> RoutingRuleRead:
    """Send tickets of some category, area, source and urgency to an organisation, or a person of it."""
    rule = await routing_rules.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/routing-rules/{rule.id}"
    return _read(rule, response)


@router.patch("/{rule_id}", summary="修改推送规则", operation_id="routing_rule_change")
async def routing_rule_change(
    session: Session,
    actor: Admin,
    rule_id: UUID,
    body: RoutingRulePatch,
    response: Response,
    if_match: IfMatch = None,
) -> RoutingRuleRead:
    """Change a rule; tickets that were dispatched by it stay where they are."""
    version = etags.expected_version(if_match)
    rule = await routing_rules.change(
        session, actor=actor, rule_id=rule_id, changes=body, expected_version=version
    )
    return _read(rule, response)


@router.post("/{rule_id}/end", summary="停用推送规则", operation_id="routing_rule_end")
async def routing_rule_end(
    session: Session, actor: Admin, rule_id: UUID, response: Response, if_match: IfMatch = None
) -> RoutingRuleRead:
    """Let a rule count no more."""
    version = etags.expected_version(if_match)
    rule = await routing_rules.end(session, actor=actor, rule_id=rule_id, expected_version=version)
    return _read(rule, response)


def _read(rule: RoutingRuleRead, response: Response) -> RoutingRuleRead:
    response.headers["ETag"] = etags.of_version(rule.version)
    return rule
