"""Buildings: lists, one, its history, a new one, changes, the end of one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import RegistryReader, RegistryWriter
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import BuildingKind
from app.models.registry import Building
from app.schemas.dwelling import BuildingCreate, BuildingPatch, BuildingRead, Ending
from app.schemas.history import ChangeRead
from app.schemas.types import PageRead
from app.services.registry import buildings, history, reach

router = APIRouter(
    prefix="/v1/buildings", tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="楼栋列表", operation_id="buildings_list")
async def buildings_list(
    *,
    session: Session,
    actor: RegistryReader,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    kind: BuildingKind | None = None,
    headless: Annotated[bool, Query(description="true 只看没有楼栋长或楼栋长已离任的")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[BuildingRead]:
    """The buildings of the caller's scope by address, 2号 before 10号; without those that have ended."""
    page = await buildings.page(
        session,
        actor=actor,
        area_id=area_id,
        kind=kind,
        headless=headless,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{building_id}", summary="楼栋详情", operation_id="building_read")
async def building_read(
    session: Session, actor: RegistryReader, building_id: UUID, response: Response
) -> BuildingRead:
    """One building."""
    return _tagged(response, await buildings.detail(session, actor=actor, building_id=building_id))


@router.get("/{building_id}/history", summary="楼栋变更记录", operation_id="building_history")
async def building_history(session: Session, actor: RegistryReader, building_id: UUID) -> list[ChangeRead]:
    """Who wrote what of a building and when, the latest first."""
    within = reach.visible(actor, Building)
    return await history.changes(session, table=Building, row_id=building_id, within=within)


@router.post("", status_code=201, summary="登记楼栋", operation_id="building_create")
async def building_create(
    session: Session, actor: RegistryWriter, body: BuildingCreate, response: Response
) -> BuildingRead:
    """Register a building in a grid or micro-grid."""
    building = await buildings.create(session, actor=actor, new=body)
    response.headers["Location"] = f"/v1/buildings/{building.id}"
    return _tagged(response, building)


@router.patch("/{building_id}", summary="修改楼栋", operation_id="building_change")
async def building_change(
    session: Session,
    actor: RegistryWriter,
    building_id: UUID,
    body: BuildingPatch,
    response: Response,
    if_match: IfMatch = None,
) -> BuildingRead:
    """Change a building; a new grid takes its rooms and households along."""
    expected = etags.expected_version(if_match)
    building = await buildings.change(
        session, actor=actor, building_id=building_id, changes=body, expected_version=expected
    )
    return _tagged(response, building)


@router.post("/{building_id}/end", summary="注销楼栋", operation_id="building_end")
async def building_end(
    session: Session,
    actor: RegistryWriter,
    building_id: UUID,
    body: Ending,
    response: Response,
    if_match: IfMatch = None,
) -> BuildingRead:
    """Take a building without rooms out of the registry."""
    expected = etags.expected_version(if_match)
    building = await buildings.end(
        session, actor=actor, building_id=building_id, ending=body, expected_version=expected
    )
    return _tagged(response, building)


def _tagged(response: Response, building: BuildingRead) -> BuildingRead:
    response.headers["ETag"] = etags.of_version(building.version)
    return building
