"""Places that are not homes: lists, one, its history, a new one, changes, checks, the end of one."""

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
from app.models.enums import PlaceKind, RiskLevel
from app.models.registry import Place
from app.schemas.dwelling import Ending
from app.schemas.history import ChangeRead
from app.schemas.place import PlaceCheck, PlaceCreate, PlacePatch, PlaceRead
from app.schemas.types import PageRead
from app.services.registry import history, places, reach

router = APIRouter(
    prefix="/v1/places", tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="场所列表", operation_id="places_list")
async def places_list(
    *,
    session: Session,
    actor: RegistryReader,
    vault: AppVault,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    kind: PlaceKind | None = None,
    risk_level: RiskLevel | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[PlaceRead]:
    """The places of the caller's scope by address, 2号 before 10号; without those that have ended."""
    page = await places.page(
        session,
        actor=actor,
        vault=vault,
        area_id=area_id,
        kind=kind,
        risk_level=risk_level,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{place_id}", summary="场所详情", operation_id="place_read")
async def place_read(
    session: Session, actor: RegistryReader, vault: AppVault, place_id: UUID, response: Response
) -> PlaceRead:
    """One place."""
    return _tagged(response, await places.detail(session, actor=actor, vault=vault, place_id=place_id))


@router.get("/{place_id}/history", summary="场所变更记录", operation_id="place_history")
async def place_history(session: Session, actor: RegistryReader, place_id: UUID) -> list[ChangeRead]:
    """Who wrote what of a place and when, the latest first."""
    within = reach.visible(actor, Place)
    return await history.changes(session, table=Place, row_id=place_id, within=within)


@router.post("", status_code=201, summary="登记场所", operation_id="place_create")
async def place_create(
    session: Session, actor: RegistryWriter, vault: AppVault, body: PlaceCreate, response: Response
) -> PlaceRead:
    """Register a place in a room, or in a grid with an address."""
    place = await places.create(session, actor=actor, vault=vault, new=body)
    response.headers["Location"] = f"/v1/places/{place.id}"
    return _tagged(response, place)


@router.patch("/{place_id}", summary="修改场所", operation_id="place_change")
async def place_change(
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    place_id: UUID,
    body: PlacePatch,
    response: Response,
    if_match: IfMatch = None,
) -> PlaceRead:
    """Change a place."""
    expected = etags.expected_version(if_match)
    place = await places.change(
        session, actor=actor, vault=vault, place_id=place_id, changes=body, expected_version=expected
    )
    return _tagged(response, place)


@router.post("/{place_id}/checks", summary="场所检查", operation_id="place_check")
async def place_check(
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    place_id: UUID,
    body: PlaceCheck,
    response: Response,
    if_match: IfMatch = None,
) -> PlaceRead:
    """A place was checked; the next check is due one cycle later."""
    expected = etags.expected_version(if_match)
    place = await places.check(
        session, actor=actor, vault=vault, place_id=place_id, body=body, expected_version=expected
    )
    return _tagged(response, place)


@router.post("/{place_id}/end", summary="注销场所", operation_id="place_end")
async def place_end(
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    place_id: UUID,
    body: Ending,
    response: Response,
    if_match: IfMatch = None,
) -> PlaceRead:
    """A place closed for good."""
    expected = etags.expected_version(if_match)
    place = await places.end(
        session, actor=actor, vault=vault, place_id=place_id, ending=body, expected_version=expected
    )
    return _tagged(response, place)


def _tagged(response: Response, place: PlaceRead) -> PlaceRead:
    response.headers["ETag"] = etags.of_version(place.version)
    return place
