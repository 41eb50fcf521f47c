"""Tickets: report, list, detail, timeline, and one address for every step of the workflow."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from app.api import etags
from app.api import fields as chosen
from app.api.actors import TicketReader, TicketWriter
from app.api.deadlines import Deadlines
from app.api.documented import STORED_BEFORE
from app.api.etags import IfMatch
from app.api.fields import Fields
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.core.paging import MAX_LIMIT
from app.models.enums import Action, Stage, Status
from app.schemas.ticket import EventRead, TicketBrief, TicketCreate, TicketRead, TicketStepRead
from app.schemas.types import AnyTime, CategoryCode, PageRead
from app.services.tickets import duplicates, present, reads, timeline, transitions, view
from app.services.tickets import report as reporting
from app.services.tickets.commands import ActionBody, Command
from app.services.tickets.reads import TicketFilter, TicketSort
from app.services.tickets.report import NewTicket

PREFIX = "/v1/tickets"
router = APIRouter(
    prefix=PREFIX, tags=["tickets"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


async def _filter(  # not a plain function: FastAPI would run it in a thread
    *,
    stage: Stage | None = None,
    status: Status | None = None,
    category: CategoryCode | None = None,
    area_id: UUID | None = None,
    org_id: UUID | None = None,
    mine: Annotated[bool, Query(description="我经办或我上报的")] = False,
    overdue: Annotated[bool, Query(description="已超过当前时限且未结案")] = False,
    pending: Annotated[bool, Query(description="有申请等待审批")] = False,
    created_from: AnyTime | None = None,
    created_before: AnyTime | None = None,
) -> TicketFilter:
    return TicketFilter(
        stage=stage,
        status=status,
        category=category,
        area_id=area_id,
        org_id=org_id,
        mine=mine,
        overdue=overdue,
        pending=pending,
        created_from=created_from,
        created_before=created_before,
    )


@router.get("", summary="工单列表", operation_id="tickets_list", response_model=PageRead[TicketBrief])
async def tickets_list(
    session: Session,
    actor: TicketReader,
    wanted: Annotated[TicketFilter, Depends(_filter)],
    sort: TicketSort = TicketSort.NEWEST,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
    fields: Fields = None,
) -> PageRead[TicketBrief] | Response:
    """The tickets that the caller may see, newest first unless said otherwise; overdue ones by deadline."""
    names = chosen.wanted(fields, TicketBrief)
    page = await reads.page(session, actor=actor, wanted=wanted, sort=sort, cursor=cursor, limit=limit)
    briefs = present.briefs(actor, page)
    return briefs if names is None else chosen.only(briefs, names)


@router.post("", status_code=201, summary="上报", operation_id="ticket_report", responses=STORED_BEFORE)
async def ticket_report(
    session: Session,
    actor: TicketWriter,
    deadlines: Deadlines,
    request: Request,
    response: Response,
    body: TicketCreate,
) -> TicketStepRead:
    """Report a ticket; 200 instead of 201 when this very report (by its id) was stored before."""
    state = request.app.state
    ticket, is_new = await reporting.report(
        session,
        actor=actor,
        new=NewTicket.of(body),
        deadlines=deadlines,
        vault=state.vault,
        prefix=state.settings.ticket_prefix,
    )
    if not is_new:
        response.status_code = 200
    response.headers["ETag"] = etags.of_version(ticket.row["version"])
    response.headers["Location"] = f"/v1/tickets/{ticket.id}"
    action = Action.SAVE_DRAFT if body.draft else Action.REPORT
    likely = await duplicates.after(session, actor=actor, ticket=ticket, action=action)
    return present.step(actor, ticket, deadlines, likely)


@router.get("/{ticket_id}", summary="工单详情", operation_id="ticket_read")
async def ticket_read(
    session: Session, actor: TicketReader, deadlines: Deadlines, ticket_id: UUID, response: Response
) -> TicketRead:
    """One ticket, with `allowed_actions` for the caller and the fields that each needs."""
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id)
    ticket = await view.load(session, ticket_id)
    response.headers["ETag"] = etags.of_version(ticket.row["version"])
    return present.ticket(actor, ticket, deadlines)


@router.get("/{ticket_id}/events", summary="流转记录", operation_id="ticket_events")
async def ticket_events(
    session: Session,
    actor: TicketReader,
    ticket_id: UUID,
    after: Annotated[int, Query(ge=0, le=2_000_000_000, description="从该序号之后开始")] = 0,
    limit: Limit = MAX_LIMIT,
) -> PageRead[EventRead]:
    """The timeline, oldest first; `next_cursor` is the last sequence number when there may be more."""
    await reads.require_visible(session, actor=actor, ticket_id=ticket_id)
    seen = await view.load(session, ticket_id)
    hidden = present.hides_reporter(actor, seen)
    silent = actor.client_id is not None and bool(seen.row["confidential"])
    rows = await timeline.page(session, ticket_id=ticket_id, after=after, limit=limit)
    items = [present.event(row, hidden=hidden, silent=silent) for row in rows]
    return PageRead(items=items, next_cursor=str(items[-1].seq) if len(items) == limit else None)


@router.post("/{ticket_id}/actions", summary="办理一步", operation_id="ticket_act")
async def ticket_act(
    session: Session,
    actor: TicketWriter,
    deadlines: Deadlines,
    ticket_id: UUID,
    response: Response,
    body: Annotated[ActionBody, Body()],
    if_match: IfMatch = None,
) -> TicketStepRead:
    """Take one step of the workflow; 409 with `allowed_actions` when the state refuses it."""
    command: Command = body
    ticket = await transitions.act(
        session,
        actor=actor,
        ticket_id=ticket_id,
        command=command,
        expected_version=etags.expected_version(if_match),
        deadlines=deadlines,
    )
    response.headers["ETag"] = etags.of_version(ticket.row["version"])
    likely = await duplicates.after(session, actor=actor, ticket=ticket, action=command.action)
    return present.step(actor, ticket, deadlines, likely)
