"""Visits: record, list, detail, put right, decide; whom to visit next, and the funnel of what was heard."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api import etags
from app.api.actors import RegistryReader, VisitDecider, Visitor, VisitStatsReader
from app.api.deadlines import Deadlines
from app.api.documented import STORED_BEFORE
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import CareLevel
from app.models.enums.visit import VisitResult, VisitType
from app.models.visit import Visit
from app.schemas.folding import Day
from app.schemas.history import ChangeRead
from app.schemas.types import AnyTime, PageRead
from app.schemas.visit import DueRead, VisitBrief, VisitCreate, VisitDecide, VisitPatch, VisitRead
from app.schemas.visit_plan import FunnelRead
from app.services.platform import record_history
from app.services.visits import changes, due, funnel, reads, record
from app.services.visits.opinions import Desk
from app.services.visits.reads import VisitFilter

PREFIX = "/v1/visits"
router = APIRouter(
    prefix=PREFIX, tags=["visits"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)
AreaFilter = Annotated[UUID | None, Query(description="该区域及其所有下级")]


async def _filter(  # not a plain function: FastAPI would run it in a thread
    *,
    area_id: AreaFilter = None,
    household_id: UUID | None = None,
    place_id: UUID | None = None,
    visitor_id: UUID | None = None,
    plan_id: UUID | None = None,
    visit_type: VisitType | None = None,
    result: VisitResult | None = None,
    effective: bool | None = None,
    occurred_from: AnyTime | None = None,
    occurred_before: AnyTime | None = None,
) -> VisitFilter:
    return VisitFilter(
        area_id=area_id,
        household_id=household_id,
        place_id=place_id,
        visitor_id=visitor_id,
        plan_id=plan_id,
        visit_type=visit_type,
        result=result,
        effective=effective,
        occurred_from=occurred_from,
        occurred_before=occurred_before,
    )


@router.get("", summary="走访列表", operation_id="visits_list")
async def visits_list(
    session: Session,
    actor: RegistryReader,
    wanted: Annotated[VisitFilter, Depends(_filter)],
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[VisitBrief]:
    """The visits of the caller's scope, the latest first."""
    page = await reads.page(session, actor=actor, wanted=wanted, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="记录走访", operation_id="visit_record", responses=STORED_BEFORE)
async def visit_record(
    session: Session,
    actor: Visitor,
    deadlines: Deadlines,
    request: Request,
    response: Response,
    body: VisitCreate,
) -> VisitRead:
    """Record a visit with what was heard; 200 instead of 201 when this very visit was stored before."""
    state = request.app.state
    desk = Desk(deadlines=deadlines, vault=state.vault, prefix=state.settings.ticket_prefix)
    visit, is_new = await record.record(session, actor=actor, new=body, desk=desk)
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"{PREFIX}/{visit.id}"
    return _tagged(response, visit)


@router.get("/due", summary="待走访住户", operation_id="visits_due")
async def visits_due(
    *,
    session: Session,
    actor: RegistryReader,
    area_id: AreaFilter = None,
    plan_id: Annotated[UUID | None, Query(description="该计划中尚未有效走访的住户")] = None,
    care_level: CareLevel | None = None,
    due_until: Day | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[DueRead]:
    """The households of the caller's scope, those that are due first at the top."""
    page = await due.page(
        session,
        actor=actor,
        area_id=area_id,
        plan_id=plan_id,
        care_level=care_level,
        due_until=due_until,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/funnel", summary="走访漏斗", operation_id="visits_funnel")
async def visits_funnel(
    *,
    session: Session,
    actor: VisitStatsReader,
    start: AnyTime | None = None,
    before: AnyTime | None = None,
    area_id: AreaFilter = None,
    plan_id: UUID | None = None,
) -> FunnelRead:
    """Visits, opinions, accepted, solved in a period: this month so far unless said otherwise."""
    return await funnel.funnel(
        session, actor=actor, start=start, end=before, area_id=area_id, plan_id=plan_id
    )


@router.get("/{visit_id}", summary="走访详情", operation_id="visit_read")
async def visit_read(
    session: Session, actor: RegistryReader, visit_id: UUID, response: Response
) -> VisitRead:
    """One visit with its visitors, answers and opinions."""
    return _tagged(response, await reads.detail(session, actor=actor, visit_id=visit_id))


@router.get("/{visit_id}/history", summary="走访变更记录", operation_id="visit_history")
async def visit_history(session: Session, actor: RegistryReader, visit_id: UUID) -> list[ChangeRead]:
    """Who recorded a visit, put it right or decided on it, and when, the latest first."""
    within = reads.visible(actor)
    return await record_history.changes(session, table=Visit, row_id=visit_id, within=within)


@router.patch("/{visit_id}", summary="更正走访", operation_id="visit_change")
async def visit_change(
    session: Session,
    actor: Visitor,
    visit_id: UUID,
    response: Response,
    body: VisitPatch,
    if_match: IfMatch = None,
) -> VisitRead:
    """Put a visit of one's own right; an earlier decision on it no longer stands."""
    expected = etags.expected_version(if_match)
    visit = await changes.change(
        session, actor=actor, visit_id=visit_id, changes=body, expected_version=expected
    )
    return _tagged(response, visit)


@router.post("/{visit_id}/decision", summary="认定走访是否有效", operation_id="visit_decide")
async def visit_decide(
    session: Session,
    actor: VisitDecider,
    visit_id: UUID,
    response: Response,
    body: VisitDecide,
    if_match: IfMatch = None,
) -> VisitRead:
    """Let somebody else's visit count or not, whatever the rule says."""
    expected = etags.expected_version(if_match)
    visit = await changes.decide(
        session, actor=actor, visit_id=visit_id, approved=body.approved, expected_version=expected
    )
    return _tagged(response, visit)


def _tagged(response: Response, visit: VisitRead) -> VisitRead:
    response.headers["ETag"] = etags.of_version(visit.version)
    return visit
