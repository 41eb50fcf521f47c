"""Quotas of contact links by rank and type of household."""

from uuid import UUID

from fastapi import APIRouter, Depends

from app.api.actors import QuotaSetter, StaffReader
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.contact import ContactQuotaCreate, ContactQuotaRead
from app.schemas.types import PageRead
from app.services.registry import contact_quotas

router = APIRouter(
    prefix="/v1/contact-quotas",
    tags=["registry"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)


@router.get("", summary="联户限额列表", operation_id="contact_quotas_list")
async def contact_quotas_list(
    session: Session, actor: StaffReader, cursor: Cursor = None, limit: Limit = LIMIT
) -> PageRead[ContactQuotaRead]:
    """The quotas that concern the caller's areas."""
    page = await contact_quotas.page(session, actor=actor, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="设定联户限额", operation_id="contact_quota_create")
async def contact_quota_create(
    session: Session, actor: QuotaSetter, body: ContactQuotaCreate
) -> ContactQuotaRead:
    """Set a quota; links that exceed it stay."""
    return await contact_quotas.create(session, actor=actor, new=body)


@router.delete("/{quota_id}", status_code=204, summary="删除联户限额", operation_id="contact_quota_remove")
async def contact_quota_remove(session: Session, actor: QuotaSetter, quota_id: UUID) -> None:
    """Remove a quota."""
    await contact_quotas.remove(session, actor=actor, quota_id=quota_id)
