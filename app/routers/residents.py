"""Residents: lists, one, the history of a life, corrections, and what happens to a person; all masked."""

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
from app.models.enums import CareTag, PopulationType
from app.schemas.life import Arrival, Death, Departure, Move
from app.schemas.resident import (
    ResidentDetail,
    ResidentHistory,
    ResidentPatch,
    ResidentRead,
    ResidentWritten,
)
from app.schemas.types import PageRead
from app.services.registry import life, resident_changes, resident_reads

router = APIRouter(
    prefix="/v1/residents", tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="居民列表", operation_id="residents_list")
async def residents_list(
    *,
    session: Session,
    actor: RegistryReader,
    vault: AppVault,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    population_type: PopulationType | None = None,
    tag: CareTag | None = None,
    gone: Annotated[bool, Query(description="true 只看已死亡和迁出的")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[ResidentRead]:
    """The residents who live in the caller's scope, in the order in which they were registered."""
    page = await resident_reads.page(
        session,
        actor=actor,
        vault=vault,
        area_id=area_id,
        population_type=population_type,
        tag=tag,
        gone=gone,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{resident_id}", summary="居民详情", operation_id="resident_read")
async def resident_read(
    session: Session, actor: RegistryReader, vault: AppVault, resident_id: UUID, response: Response
) -> ResidentDetail:
    """One resident who lives or is registered in the caller's scope."""
    found = await resident_reads.detail(session, actor=actor, vault=vault, resident_id=resident_id)
    response.headers["ETag"] = etags.of_version(found.version)
    return found


@router.get("/{resident_id}/history", summary="居民变动记录", operation_id="resident_history")
async def resident_history(session: Session, actor: RegistryReader, resident_id: UUID) -> ResidentHistory:
    """Where a resident belonged and lived, the latest first, and who wrote what."""
    return await resident_reads.life(session, actor=actor, resident_id=resident_id)


@router.post("", status_code=201, summary="登记居民", operation_id="resident_create")
async def resident_create(
    session: Session, actor: RegistryWriter, vault: AppVault, body: Arrival, response: Response
) -> ResidentWritten:
    """Register a person in a household, perhaps with a home elsewhere; 409 for a number that is there."""
    resident_id, warnings = await life.arrive(session, actor=actor, vault=vault, new=body)
    response.headers["Location"] = f"/v1/residents/{resident_id}"
    found = await resident_reads.detail(session, actor=actor, vault=vault, resident_id=resident_id)
    response.headers["ETag"] = etags.of_version(found.version)
    return ResidentWritten(**found.model_dump(), warnings=warnings)


@router.patch("/{resident_id}", summary="更正居民信息", operation_id="resident_change")
async def resident_change(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    resident_id: UUID,
    body: ResidentPatch,
    response: Response,
    if_match: IfMatch = None,
) -> ResidentWritten:
    """Correct what is written of a person."""
    warnings = await resident_changes.change(
        session,
        actor=actor,
        vault=vault,
        resident_id=resident_id,
        changes=body,
        expected_version=etags.expected_version(if_match),
    )
    found = await resident_reads.detail(session, actor=actor, vault=vault, resident_id=resident_id)
    response.headers["ETag"] = etags.of_version(found.version)
    return ResidentWritten(**found.model_dump(), warnings=warnings)


@router.post("/{resident_id}/moves", summary="迁移", operation_id="resident_move")
async def resident_move(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    resident_id: UUID,
    body: Move,
    response: Response,
    if_match: IfMatch = None,
) -> ResidentDetail:
    """Another household, another home, or both, on one day; also the return of somebody who had left."""
    expected = etags.expected_version(if_match)
    await life.move(session, actor=actor, resident_id=resident_id, body=body, expected_version=expected)
    return await resident_read(session, actor, vault, resident_id, response)


@router.post("/{resident_id}/departure", summary="迁出", operation_id="resident_depart")
async def resident_depart(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    resident_id: UUID,
    body: Departure,
    response: Response,
    if_match: IfMatch = None,
) -> ResidentDetail:
    """Somebody leaves the town."""
    expected = etags.expected_version(if_match)
    await life.depart(session, actor=actor, resident_id=resident_id, body=body, expected_version=expected)
    return await resident_read(session, actor, vault, resident_id, response)


@router.post("/{resident_id}/death", summary="死亡登记", operation_id="resident_die")
async def resident_die(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    resident_id: UUID,
    body: Death,
    response: Response,
    if_match: IfMatch = None,
) -> ResidentDetail:
    """Somebody died; without a next head the household is marked `needs_head`."""
    expected = etags.expected_version(if_match)
    await life.die(session, actor=actor, resident_id=resident_id, body=body, expected_version=expected)
    return await resident_read(session, actor, vault, resident_id, response)
