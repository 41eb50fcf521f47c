"""The log of who looked at plain personal values, for auditors."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.actors import Auditor
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.privacy import PiiAccessRead
from app.schemas.types import AnyTime, PageRead
from app.services.privacy import access_log
from app.services.privacy.access_log import AccessFilter

router = APIRouter(prefix="/v1/access-log", tags=["privacy"])


@router.get("", summary="个人信息查看日志", operation_id="access_log_list")
async def access_log_list(
    *,
    session: Session,
    _actor: Auditor,
    actor_id: Annotated[UUID | None, Query(description="谁查看的")] = None,
    resident_id: Annotated[UUID | None, Query(description="查看了谁")] = None,
    refused: Annotated[bool | None, Query(description="只看被拒绝的，或只看成功的")] = None,
    since: AnyTime | None = None,
    before: AnyTime | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[PiiAccessRead]:
    """Every call for plain values, granted or refused, newest first."""
    wanted = AccessFilter(actor_id, resident_id, refused, since, before)
    page = await access_log.page(session, wanted=wanted, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)
