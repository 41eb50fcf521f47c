"""Rooms: lists, one, its history, a new one, changes, the end of one; owners leave masked."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import RegistryReader, RegistryWriter
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums import RoomUse
from app.models.registry import Room
from app.schemas.dwelling import Ending, RoomCreate, RoomPatch, RoomRead
from app.schemas.history import ChangeRead
from app.schemas.types import PageRead
from app.services.registry import history, reach, rooms

router = APIRouter(
    prefix="/v1/rooms", tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="房屋列表", operation_id="rooms_list")
async def rooms_list(
    *,
    session: Session,
    actor: RegistryReader,
    vault: AppVault,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    building_id: UUID | None = None,
    use: RoomUse | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[RoomRead]:
    """The rooms of the caller's scope by address, 2号 before 10号; without those that have ended."""
    page = await rooms.page(
        session,
        actor=actor,
        vault=vault,
        area_id=area_id,
        building_id=building_id,
        use=use,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{room_id}", summary="房屋详情", operation_id="room_read")
async def room_read(
    session: Session, actor: RegistryReader, vault: AppVault, room_id: UUID, response: Response
) -> RoomRead:
    """One room."""
    return _tagged(response, await rooms.detail(session, actor=actor, vault=vault, room_id=room_id))


@router.get("/{room_id}/history", summary="房屋变更记录", operation_id="room_history")
async def room_history(session: Session, actor: RegistryReader, room_id: UUID) -> list[ChangeRead]:
    """Who wrote what of a room and when, the latest first."""
    within = reach.visible(actor, Room)
    return await history.changes(session, table=Room, row_id=room_id, within=within)


@router.post("", status_code=201, summary="登记房屋", operation_id="room_create")
async def room_create(
    session: Session, actor: RegistryWriter, vault: AppVault, body: RoomCreate, response: Response
) -> RoomRead:
    """Register a room of a building, or a house that stands alone in a grid."""
    room = await rooms.create(session, actor=actor, vault=vault, new=body)
    response.headers["Location"] = f"/v1/rooms/{room.id}"
    return _tagged(response, room)


@router.patch("/{room_id}", summary="修改房屋", operation_id="room_change")
async def room_change(
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    room_id: UUID,
    body: RoomPatch,
    response: Response,
    if_match: IfMatch = None,
) -> RoomRead:
    """Change a room."""
    expected = etags.expected_version(if_match)
    room = await rooms.change(
        session, actor=actor, vault=vault, room_id=room_id, changes=body, expected_version=expected
    )
    return _tagged(response, room)


@router.post("/{room_id}/end", summary="注销房屋", operation_id="room_end")
async def room_end(
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    room_id: UUID,
    body: Ending,
    response: Response,
    if_match: IfMatch = None,
) -> RoomRead:
    """Take a room without households out of the registry."""
    expected = etags.expected_version(if_match)
    room = await rooms.end(
        session, actor=actor, vault=vault, room_id=room_id, ending=body, expected_version=expected
    )
    return _tagged(response, room)


def _tagged(response: Response, room: RoomRead) -> RoomRead:
    response.headers["ETag"] = etags.of_version(room.version)
    return room
