"""What third parties send in: tickets by their own reference, one or many, supplements and withdrawals.

Each item of a bulk has a transaction of its own, so its callers are recognised in another one; items carry
references of their own, an Idempotency-Key would add nothing there. Following a ticket is also by webhooks.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from app.api import etags, problems
from app.api import intake as reader
from app.api.actors import IntakeReader, IntakeWriter, IntakeWriterApart
from app.api.deadlines import Deadlines, DeadlinesApart
from app.api.documented import STORED_BEFORE, answered
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.parts import Configured, Opener
from app.api.sessions import Session
from app.api.vault import AppVault
from app.core import clock
from app.schemas.intake import (
    REF,
    IntakeBatch,
    IntakeBatchRead,
    IntakeBrief,
    IntakeCreate,
    IntakeRead,
    SupplementCreate,
    WithdrawalCreate,
    WithdrawalRead,
)
from app.schemas.types import PageRead
from app.services.exchange.intake import followups, present, pushing, reading
from app.services.exchange.intake.pushing import Desk, Taken

PREFIX = "/v1/intake"
BATCHES = f"{PREFIX}/batches"
OwnRef = Annotated[str, Path(pattern=REF, description="来源方自己的工单编号")]
single = APIRouter(
    prefix=PREFIX, tags=["intake"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)
many = APIRouter(prefix=PREFIX, tags=["intake"])
router = APIRouter()


@single.post(
    "/tickets",
    status_code=201,
    summary="第三方上报",
    operation_id="intake_push",
    responses=STORED_BEFORE,
)
async def intake_push(
    session: Session,
    actor: IntakeWriter,
    deadlines: Deadlines,
    vault: AppVault,
    settings: Configured,
    response: Response,
    body: IntakeCreate,
) -> IntakeRead:
    """Send a ticket; 200 instead of 201 when this very one was there, 409 for other contents."""
    desk = Desk(deadlines, vault, settings.ticket_prefix)
    taken = await pushing.push(session, actor=actor, new=body, desk=desk)
    response.headers["Location"] = f"{PREFIX}/tickets/{body.external_ref}"
    return _told(response, taken)


@single.get("/tickets", summary="本接入方上报的工单", operation_id="intake_list")
async def intake_list(
    session: Session, actor: IntakeReader, cursor: Cursor = None, limit: Limit = LIMIT
) -> PageRead[IntakeBrief]:
    """What the caller sent, the newest first, with the statuses in its own words."""
    page = await reading.page(session, actor=actor, cursor=cursor, limit=limit)
    return PageRead[IntakeBrief].model_validate({"items": page.items, "next_cursor": page.next_cursor})


@single.get("/tickets/{external_ref}", summary="按来源编号查询", operation_id="intake_read")
async def intake_read(
    session: Session, actor: IntakeReader, response: Response, external_ref: OwnRef
) -> IntakeRead:
    """One ticket by the caller's own reference."""
    taken = await reading.one(session, actor=actor, ref=external_ref)
    response.headers["ETag"] = etags.of_version(taken.ticket.row["version"])
    return present.ticket(taken)


@single.post(
    "/tickets/{external_ref}/supplements",
    status_code=201,
    summary="第三方补充",
    operation_id="intake_supplement",
    responses=STORED_BEFORE,
)
async def intake_supplement(
    session: Session,
    actor: IntakeWriter,
    deadlines: Deadlines,
    vault: AppVault,
    settings: Configured,
    response: Response,
    external_ref: OwnRef,
    body: SupplementCreate,
) -> IntakeRead:
    """Add to a ticket; one that was returned for it is reported anew. 200 when this supplement was there."""
    desk = Desk(deadlines, vault, settings.ticket_prefix)
    taken = await followups.supplement(session, actor=actor, ref=external_ref, new=body, desk=desk)
    return _told(response, taken)


@single.post(
    "/tickets/{external_ref}/withdrawal",
    summary="第三方撤单",
    operation_id="intake_withdraw",
    responses={200: answered({"ETag": "工单的版本"})},
)
async def intake_withdraw(
    session: Session,
    actor: IntakeWriter,
    deadlines: Deadlines,
    vault: AppVault,
    settings: Configured,
    response: Response,
    external_ref: OwnRef,
    body: WithdrawalCreate,
) -> WithdrawalRead:
    """Take a ticket back, as far as it can be; 409 once it has ended."""
    desk = Desk(deadlines, vault, settings.ticket_prefix)
    taken, outcome = await followups.withdraw(session, actor=actor, ref=external_ref, new=body, desk=desk)
    response.headers["ETag"] = etags.of_version(taken.ticket.row["version"])
    return WithdrawalRead(outcome=outcome, ticket=present.ticket(taken))


@many.post("/batches", summary="第三方批量上报", operation_id="intake_push_batch")
async def intake_push_batch(
    request: Request,
    actor: IntakeWriterApart,
    opener: Opener,
    deadlines: DeadlinesApart,
    body: IntakeBatch,
) -> IntakeBatchRead:
    """Send up to 1,000 tickets; each is created, already there, refused, or to be sent again."""
    state = request.app.state
    results = await pushing.push_all(
        opener,
        actor=actor,
        items=reader.read(body.items),
        desk=Desk(deadlines, state.vault, state.settings.ticket_prefix),
        side_by_side=state.settings.push_lanes,
        gate=state.push_gate,
    )
    english = problems.prefers_english(request.headers.get("accept-language", ""))
    told = [present.result(result, english=english) for result in results]
    return IntakeBatchRead(received_at=clock.now(), results=told)


def _told(response: Response, taken: Taken) -> IntakeRead:
    if not taken.is_new:
        response.status_code = 200
    response.headers["ETag"] = etags.of_version(taken.ticket.row["version"])
    return present.ticket(taken)


router.include_router(single)
router.include_router(many)
