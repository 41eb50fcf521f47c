"""Transfers between areas in different hands: lists, one, its history; the offer and what becomes of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import RegistryReader, RegistryWriter
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums.transfer import TransferState
from app.models.registry import Transfer
from app.schemas.history import ChangeRead
from app.schemas.transfer import TransferAccept, TransferCreate, TransferRead, TransferRefuse
from app.schemas.types import PageRead
from app.services.platform import record_history
from app.services.registry import transfer_reads, transfers

router = APIRouter(
    prefix="/v1/transfers", tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="迁移交接列表", operation_id="transfers_list")
async def transfers_list(
    session: Session,
    actor: RegistryReader,
    *,
    state: TransferState | None = None,
    taking: Annotated[bool, Query(description="true 只看转入本辖区的")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[TransferRead]:
    """The transfers out of the caller's areas and into them; names masked."""
    page = await transfer_reads.page(
        session, actor=actor, state=state, taking=taking, cursor=cursor, limit=limit
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{transfer_id}", summary="迁移交接详情", operation_id="transfer_read")
async def transfer_read(
    session: Session, actor: RegistryReader, transfer_id: UUID, response: Response
) -> TransferRead:
    """One transfer, for both sides."""
    found = await transfer_reads.detail(session, actor=actor, transfer_id=transfer_id)
    response.headers["ETag"] = etags.of_version(found.version)
    return found


@router.get("/{transfer_id}/history", summary="迁移交接记录", operation_id="transfer_history")
async def transfer_history(session: Session, actor: RegistryReader, transfer_id: UUID) -> list[ChangeRead]:
    """Who offered and who decided, the latest first."""
    within = transfer_reads.visible(actor)
    return await record_history.changes(session, table=Transfer, row_id=transfer_id, within=within)


@router.post("", status_code=201, summary="发起迁移交接", operation_id="transfer_create")
async def transfer_create(
    session: Session, actor: RegistryWriter, body: TransferCreate, response: Response
) -> TransferRead:
    """Offer a household or a person to another area; nothing moves until that side takes over."""
    transfer_id = await transfers.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/transfers/{transfer_id}"
    return await transfer_read(session, actor, transfer_id, response)


@router.post("/{transfer_id}/accept", summary="接收迁入", operation_id="transfer_accept")
async def transfer_accept(
    session: Session,
    actor: RegistryWriter,
    transfer_id: UUID,
    body: TransferAccept,
    response: Response,
    if_match: IfMatch = None,
) -> TransferRead:
    """Take over, and say where they go; they move at once."""
    expected = etags.expected_version(if_match)
    await transfers.accept(
        session, actor=actor, transfer_id=transfer_id, body=body, expected_version=expected
    )
    return await transfer_read(session, actor, transfer_id, response)


@router.post("/{transfer_id}/refuse", summary="退回迁入", operation_id="transfer_refuse")
async def transfer_refuse(
    session: Session,
    actor: RegistryWriter,
    transfer_id: UUID,
    body: TransferRefuse,
    response: Response,
    if_match: IfMatch = None,
) -> TransferRead:
    """Turn a transfer down; they stay where they are."""
    expected = etags.expected_version(if_match)
    await transfers.refuse(
        session, actor=actor, transfer_id=transfer_id, refusal=body.refusal, expected_version=expected
    )
    return await transfer_read(session, actor, transfer_id, response)


@router.post("/{transfer_id}/withdraw", summary="撤回迁移交接", operation_id="transfer_withdraw")
async def transfer_withdraw(
    session: Session, actor: RegistryWriter, transfer_id: UUID, response: Response, if_match: IfMatch = None
) -> TransferRead:
    """Take an open transfer back."""
    expected = etags.expected_version(if_match)
    await transfers.withdraw(session, actor=actor, transfer_id=transfer_id, expected_version=expected)
    return await transfer_read(session, actor, transfer_id, response)
