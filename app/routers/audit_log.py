"""The audit log, for auditors: administrative writes, sign-ins, looks at plain values."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.actors import Auditor
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.audit import AuditRead
from app.schemas.types import AnyTime, PageRead
from app.services.privacy import audit_log
from app.services.privacy.audit_log import AuditFilter

router = APIRouter(prefix="/v1/audit-log", tags=["privacy"])


@router.get("", summary="审计日志", operation_id="audit_log_list")
async def audit_log_list(
    *,
    session: Session,
    _actor: Auditor,
    actor_id: Annotated[UUID | None, Query(description="谁做的")] = None,
    entity_id: Annotated[UUID | None, Query(description="对哪条记录")] = None,
    action: Annotated[
        str | None, Query(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$", description="如 account.sign_in")
    ] = None,
    since: AnyTime | None = None,
    before: AnyTime | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[AuditRead]:
    """Who did what to which record, newest first; ids and codes only."""
    wanted = AuditFilter(actor_id, entity_id, action, since, before)
    page = await audit_log.page(session, wanted=wanted, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)
