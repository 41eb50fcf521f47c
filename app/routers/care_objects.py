"""Care objects and tags: who is due when, one with its reviews, beginning, deciding anew, ending."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import RegistryReader, RegistryWriter
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import CareLevel
from app.schemas.care import (
    CareCreate,
    CareDetail,
    CareHistory,
    CarePatch,
    CareRead,
    CareReviewCreate,
    OnDay,
)
from app.schemas.folding import Day
from app.schemas.types import PageRead
from app.services.registry import care, care_reads

router = APIRouter(
    prefix="/v1/care-objects",
    tags=["registry"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)


@router.get("", summary="关爱对象列表", operation_id="care_objects_list")
async def care_objects_list(
    *,
    session: Session,
    actor: RegistryReader,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    care_level: CareLevel | None = None,
    responsible_id: UUID | None = None,
    due_by: Annotated[Day | None, Query(description="这一天及以前到期")] = None,
    unassigned: Annotated[bool, Query(description="true 只看无人负责或负责人已离任的")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[CareRead]:
    """Whom the caller's scope looks after, those due first at the top."""
    page = await care_reads.page(
        session,
        actor=actor,
        area_id=area_id,
        care_level=care_level,
        responsible_id=responsible_id,
        due_by=due_by,
        unassigned=unassigned,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{care_id}", summary="关爱对象详情", operation_id="care_object_read")
async def care_object_read(
    session: Session, actor: RegistryReader, care_id: UUID, response: Response
) -> CareDetail:
    """One care object."""
    return _tagged(response, await care.detail(session, actor=actor, care_id=care_id))


@router.get("/{care_id}/history", summary="关爱对象变动记录", operation_id="care_object_history")
async def care_object_history(session: Session, actor: RegistryReader, care_id: UUID) -> CareHistory:
    """The decisions on the level, the latest first, and who wrote what."""
    return await care_reads.past(session, actor=actor, care_id=care_id)


@router.post("", status_code=201, summary="纳入关爱", operation_id="care_object_create")
async def care_object_create(
    session: Session, actor: RegistryWriter, body: CareCreate, response: Response
) -> CareDetail:
    """Begin to look after a person or a household."""
    found = await care.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/care-objects/{found.id}"
    return _tagged(response, found)


@router.patch("/{care_id}", summary="修改关爱对象", operation_id="care_object_change")
async def care_object_change(
    session: Session,
    actor: RegistryWriter,
    care_id: UUID,
    body: CarePatch,
    response: Response,
    if_match: IfMatch = None,
) -> CareDetail:
    """Change who is responsible, or what is done."""
    expected = etags.expected_version(if_match)
    found = await care.change(session, actor=actor, care_id=care_id, changes=body, expected_version=expected)
    return _tagged(response, found)


@router.post("/{care_id}/review", summary="评定关爱等级", operation_id="care_object_review")
async def care_object_review(
    session: Session,
    actor: RegistryWriter,
    care_id: UUID,
    body: CareReviewCreate,
    response: Response,
    if_match: IfMatch = None,
) -> CareDetail:
    """Decide the level anew; a visit to somebody who became red is due the next day."""
    expected = etags.expected_version(if_match)
    found = await care.review(session, actor=actor, care_id=care_id, body=body, expected_version=expected)
    return _tagged(response, found)


@router.post("/{care_id}/end", summary="退出关爱", operation_id="care_object_end")
async def care_object_end(
    session: Session,
    actor: RegistryWriter,
    care_id: UUID,
    body: OnDay,
    response: Response,
    if_match: IfMatch = None,
) -> CareDetail:
    """Stop looking after somebody who needs it no more."""
    expected = etags.expected_version(if_match)
    found = await care.end(session, actor=actor, care_id=care_id, body=body, expected_version=expected)
    return _tagged(response, found)


def _tagged(response: Response, found: CareDetail) -> CareDetail:
    response.headers["ETag"] = etags.of_version(found.version)
    return found
