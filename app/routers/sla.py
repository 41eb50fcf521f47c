"""Time limits: a deadline without a ticket, which limit applies and why, and the rules' administration."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin, CurrentActor
from app.api.deadlines import Deadlines, forgets_deadlines
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import ClockKind, Urgency
from app.schemas.sla import (
    OrgLevel,
    SlaLimitRead,
    SlaPolicyCreate,
    SlaPolicyHistory,
    SlaPolicyPatch,
    SlaPolicyRead,
    SlaPreviewAsk,
    SlaPreviewRead,
)
from app.schemas.types import CategoryCode, PageRead
from app.services.tickets import limits_explained, sla_policies, sla_preview

PREFIX = "/v1/sla"
questions = APIRouter(
    prefix=PREFIX, tags=["tickets"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)
policies = APIRouter(
    prefix=f"{PREFIX}/policies",
    tags=["tickets"],
    route_class=IdempotentRoute,
    dependencies=[forgets_deadlines, Depends(claim_key)],
)
router = APIRouter()


@questions.post("/preview", summary="试算时限", operation_id="sla_preview")
async def sla_preview_ask(_actor: CurrentActor, deadlines: Deadlines, body: SlaPreviewAsk) -> SlaPreviewRead:
    """When a limit ends that begins at `start`; nothing is stored.

    `provisional` is the warning that a year on the way has no published calendar yet and was guessed.
    """
    return sla_preview.preview(deadlines, asked=body)


@questions.get("/limits", summary="适用时限", operation_id="sla_limit_read")
async def sla_limit_read(
    session: Session,
    actor: CurrentActor,
    deadlines: Deadlines,
    clock: ClockKind,
    category: CategoryCode | None = None,
    urgency: Urgency = Urgency.NORMAL,
    area_id: Annotated[UUID | None, Query(description="工单所在的区域")] = None,
    org_level: Annotated[OrgLevel | None, Query(description="承办单位的层级")] = None,
) -> SlaLimitRead:
    """The limit that a clock would get, which rule won, and what became of the others."""
    return await limits_explained.explain(
        session,
        actor=actor,
        deadlines=deadlines,
        clock=clock,
        category=category,
        urgency=urgency,
        area_id=area_id,
        org_level=org_level,
    )


@policies.get("", summary="时限规则列表", operation_id="sla_policies_list")
async def sla_policies_list(
    *,
    session: Session,
    _actor: Admin,
    clock: ClockKind | None = None,
    category: CategoryCode | None = None,
    urgency: Urgency | None = None,
    area_id: UUID | None = None,
    org_level: OrgLevel | None = None,
    ended: Annotated[bool, Query(description="只列已停用的")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[SlaPolicyRead]:
    """The running rules, or those that ended, oldest first; each filter asks for exactly that criterion."""
    page = await sla_policies.page(
        session,
        kind=clock,
        category_code=category,
        urgency=urgency,
        area_id=area_id,
        org_level=org_level,
        ended=ended,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@policies.post("", status_code=201, summary="新增时限规则", operation_id="sla_policy_create")
async def sla_policy_create(
    session: Session, actor: Admin, response: Response, body: SlaPolicyCreate
) -> SlaPolicyRead:
    """A new rule; it counts for clocks that start from now on."""
    policy = await sla_policies.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PREFIX}/policies/{policy.id}"
    return _tagged(response, policy)


@policies.get("/{policy_id}", summary="时限规则详情", operation_id="sla_policy_read")
async def sla_policy_read(
    session: Session, _actor: Admin, response: Response, policy_id: UUID
) -> SlaPolicyRead:
    """One rule, running or ended."""
    return _tagged(response, await sla_policies.detail(session, policy_id=policy_id))


@policies.patch("/{policy_id}", summary="修改时限规则", operation_id="sla_policy_change")
async def sla_policy_change(
    session: Session,
    actor: Admin,
    response: Response,
    policy_id: UUID,
    body: SlaPolicyPatch,
    if_match: IfMatch = None,
) -> SlaPolicyRead:
    """Change a rule's limit; running clocks keep theirs."""
    version = etags.expected_version(if_match)
    policy = await sla_policies.change(
        session, actor=actor, policy_id=policy_id, changes=body, expected_version=version
    )
    return _tagged(response, policy)


@policies.post("/{policy_id}/end", summary="停用时限规则", operation_id="sla_policy_end")
async def sla_policy_end(
    session: Session, actor: Admin, response: Response, policy_id: UUID, if_match: IfMatch = None
) -> SlaPolicyRead:
    """Let a rule count no more; where no other applies, the default table does."""
    version = etags.expected_version(if_match)
    policy = await sla_policies.end(session, actor=actor, policy_id=policy_id, expected_version=version)
    return _tagged(response, policy)


@policies.get("/{policy_id}/history", summary="时限规则的修改记录", operation_id="sla_policy_history")
async def sla_policy_history(session: Session, _actor: Admin, policy_id: UUID) -> SlaPolicyHistory:
    """Every write to a rule, newest first: which version it made, who, when, and the values."""
    return SlaPolicyHistory(items=await sla_policies.history(session, policy_id=policy_id))


def _tagged(response: Response, policy: SlaPolicyRead) -> SlaPolicyRead:
    response.headers["ETag"] = etags.of_version(policy.version)
    return policy


router.include_router(questions)
router.include_router(policies)
