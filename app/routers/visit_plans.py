"""Visit plans: who is to visit which households until when, and how far that has come."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import StaffReader, VisitPlanner
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums.visit import VisitProgramme
from app.models.visit import VisitPlan
from app.schemas.history import ChangeRead
from app.schemas.types import PageRead
from app.schemas.visit_plan import VisitPlanCreate, VisitPlanDetail, VisitPlanPatch, VisitPlanRead
from app.services.platform import record_history
from app.services.visits import plan_changes, plans

PREFIX = "/v1/visit-plans"
router = APIRouter(
    prefix=PREFIX, tags=["visits"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="走访计划列表", operation_id="visit_plans_list")
async def visit_plans_list(
    *,
    session: Session,
    actor: StaffReader,
    programme: VisitProgramme | None = None,
    running: bool | None = None,
    mine: bool = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[VisitPlanRead]:
    """The plans that concern the caller's areas, the latest first."""
    page = await plans.page(
        session, actor=actor, programme=programme, running=running, mine=mine, cursor=cursor, limit=limit
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="制定走访计划", operation_id="visit_plan_create")
async def visit_plan_create(
    session: Session, actor: VisitPlanner, response: Response, body: VisitPlanCreate
) -> VisitPlanDetail:
    """Make a plan; its households are those that meet it now."""
    plan = await plan_changes.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PREFIX}/{plan.id}"
    return _tagged(response, plan)


@router.get("/{plan_id}", summary="走访计划详情", operation_id="visit_plan_read")
async def visit_plan_read(
    session: Session, actor: StaffReader, response: Response, plan_id: UUID
) -> VisitPlanDetail:
    """One plan with its people, questionnaire and progress."""
    return _tagged(response, await plans.detail(session, actor=actor, plan_id=plan_id))


@router.get("/{plan_id}/history", summary="走访计划变更记录", operation_id="visit_plan_history")
async def visit_plan_history(session: Session, actor: StaffReader, plan_id: UUID) -> list[ChangeRead]:
    """Who made, changed or ended a plan and when, the latest first."""
    within = plans.visible(actor)
    return await record_history.changes(session, table=VisitPlan, row_id=plan_id, within=within)


@router.patch("/{plan_id}", summary="修改走访计划", operation_id="visit_plan_change")
async def visit_plan_change(
    session: Session,
    actor: VisitPlanner,
    response: Response,
    plan_id: UUID,
    body: VisitPlanPatch,
    if_match: IfMatch = None,
) -> VisitPlanDetail:
    """Change title, last day, quota or people of a plan that runs."""
    expected = etags.expected_version(if_match)
    plan = await plan_changes.change(
        session, actor=actor, plan_id=plan_id, changes=body, expected_version=expected
    )
    return _tagged(response, plan)


@router.post("/{plan_id}/end", summary="结束走访计划", operation_id="visit_plan_end")
async def visit_plan_end(
    session: Session, actor: VisitPlanner, response: Response, plan_id: UUID, if_match: IfMatch = None
) -> VisitPlanDetail:
    """End a plan now; what was done stays."""
    expected = etags.expected_version(if_match)
    return _tagged(
        response, await plan_changes.end(session, actor=actor, plan_id=plan_id, expected_version=expected)
    )


def _tagged(response: Response, plan: VisitPlanDetail) -> VisitPlanDetail:
    response.headers["ETag"] = etags.of_version(plan.version)
    return plan
