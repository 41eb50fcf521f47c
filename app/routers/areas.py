"""The area tree: lists, one area with what lies above it, and its administration."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin, AreaReader
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import AreaLevel
from app.schemas.area import AreaCreate, AreaDetail, AreaPatch, AreaRead, AreaRef
from app.schemas.folding import Label
from app.schemas.types import PageRead
from app.services.areas import changes, tree
from app.services.areas.tree import Chain

router = APIRouter(
    prefix="/v1/areas", tags=["areas"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="区域列表", operation_id="areas_list")
async def areas_list(
    *,
    session: Session,
    actor: AreaReader,
    parent_id: Annotated[UUID | None, Query(description="直接上级")] = None,
    under: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    level: AreaLevel | None = None,
    q: Annotated[Label | None, Query(description="名称或简称的开头")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[AreaRead]:
    """The areas of the caller's scope and those above it, by code; without those that have ended."""
    page = await tree.page(
        session,
        actor=actor,
        parent_id=parent_id,
        under=under,
        level=level,
        name_prefix=q,
        cursor=cursor,
        limit=limit,
    )
    items = [AreaRead.model_validate(area) for area in page.items]
    return PageRead(items=items, next_cursor=page.next_cursor)


@router.get("/{area_id}", summary="区域详情", operation_id="area_read")
async def area_read(session: Session, actor: AreaReader, area_id: UUID, response: Response) -> AreaDetail:
    """One area with its boundary and ancestors."""
    return _detail(await tree.chain(session, area_id=area_id, within=tree.visible(actor)), response)


@router.post("", status_code=201, summary="新增区域", operation_id="area_create")
async def area_create(session: Session, actor: Admin, body: AreaCreate, response: Response) -> AreaDetail:
    """Add an area below another; grids belong to villages, micro-grids to grids."""
    chain = await changes.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/areas/{chain.area.id}"
    return _detail(chain, response)


@router.patch("/{area_id}", summary="修改区域", operation_id="area_change")
async def area_change(
    session: Session,
    actor: Admin,
    area_id: UUID,
    body: AreaPatch,
    response: Response,
    if_match: IfMatch = None,
) -> AreaDetail:
    """Change an area; a new `parent_id` moves it with all below it, unless it has households or tickets."""
    chain = await changes.change(
        session,
        actor=actor,
        area_id=area_id,
        changes=body,
        expected_version=etags.expected_version(if_match),
    )
    return _detail(chain, response)


def _detail(chain: Chain, response: Response) -> AreaDetail:
    response.headers["ETag"] = etags.of_version(chain.area.version)
    detail = AreaDetail.model_validate(chain.area)
    detail.ancestors = [AreaRef.model_validate(area) for area in chain.ancestors]
    return detail
