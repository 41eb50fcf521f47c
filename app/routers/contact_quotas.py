"""Quotas of contact links by rank and type of household."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import QuotaSetter, StaffReader
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.contact import ContactQuota
from app.schemas.contact import ContactQuotaCreate, ContactQuotaPatch, ContactQuotaRead
from app.schemas.history import ChangeRead
from app.schemas.types import PageRead
from app.services.registry import contact_quotas, history

PREFIX = "/v1/contact-quotas"
router = APIRouter(
    prefix=PREFIX, tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
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
    session: Session, actor: QuotaSetter, response: Response, body: ContactQuotaCreate
) -> ContactQuotaRead:
    """Set a quota; links that exceed it stay."""
    quota = await contact_quotas.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PREFIX}/{quota.id}"
    return _tagged(response, quota)


@router.get("/{quota_id}", summary="联户限额详情", operation_id="contact_quota_read")
async def contact_quota_read(
    session: Session, actor: StaffReader, response: Response, quota_id: UUID
) -> ContactQuotaRead:
    """One quota."""
    return _tagged(response, await contact_quotas.detail(session, actor=actor, quota_id=quota_id))


@router.get("/{quota_id}/history", summary="联户限额变更记录", operation_id="contact_quota_history")
async def contact_quota_history(session: Session, actor: StaffReader, quota_id: UUID) -> list[ChangeRead]:
    """Who set or changed a quota and when, the latest first."""
    within = contact_quotas.visible(actor)
    return await history.changes(session, table=ContactQuota, row_id=quota_id, within=within)


@router.patch("/{quota_id}", summary="修改联户限额", operation_id="contact_quota_change")
async def contact_quota_change(
    session: Session,
    actor: QuotaSetter,
    response: Response,
    quota_id: UUID,
    body: ContactQuotaPatch,
    if_match: IfMatch = None,
) -> ContactQuotaRead:
    """Change how many households a quota allows; links that exceed it stay."""
    expected = etags.expected_version(if_match)
    quota = await contact_quotas.change(
        session, actor=actor, quota_id=quota_id, changes=body, expected_version=expected
    )
    return _tagged(response, quota)


@router.delete("/{quota_id}", status_code=204, summary="删除联户限额", operation_id="contact_quota_remove")
async def contact_quota_remove(
    session: Session, actor: QuotaSetter, quota_id: UUID, if_match: IfMatch = None
) -> None:
    """Remove a quota."""
    expected = etags.expected_version(if_match)
    await contact_quotas.remove(session, actor=actor, quota_id=quota_id, expected_version=expected)


def _tagged(response: Response, quota: ContactQuotaRead) -> ContactQuotaRead:
    response.headers["ETag"] = etags.of_version(quota.version)
    return quota
