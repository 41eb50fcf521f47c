"""Households and their people: lists, one, a new one; everything personal leaves masked."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import RegistryReader, RegistryWriter
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums import HouseholdType, ResidenceStatus
from app.schemas.household import HouseholdCreate, HouseholdCreated, HouseholdDetail, HouseholdRead
from app.schemas.types import PageRead
from app.services.registry import households

router = APIRouter(
    prefix="/v1/households", tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="住户列表", operation_id="households_list")
async def households_list(
    *,
    session: Session,
    actor: RegistryReader,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    room_id: Annotated[UUID | None, Query(description="住在这间房屋的户")] = None,
    household_type: HouseholdType | None = None,
    residence_status: ResidenceStatus | None = None,
    needs_head: Annotated[bool | None, Query(description="true 只看缺户主的户")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[HouseholdRead]:
    """The households of the caller's scope, by address, 2号 before 10号."""
    page = await households.page(
        session,
        actor=actor,
        area_id=area_id,
        room_id=room_id,
        household_type=household_type,
        residence_status=residence_status,
        needs_head=needs_head,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{household_id}", summary="住户详情", operation_id="household_read")
async def household_read(
    session: Session, actor: RegistryReader, vault: AppVault, household_id: UUID, response: Response
) -> HouseholdDetail:
    """One household with the people who belong to it now."""
    household = await households.detail(session, actor=actor, vault=vault, household_id=household_id)
    response.headers["ETag"] = etags.of_version(household.version)
    return household


@router.post("", status_code=201, summary="登记住户", operation_id="household_create")
async def household_create(
    session: Session, actor: RegistryWriter, vault: AppVault, body: HouseholdCreate, response: Response
) -> HouseholdCreated:
    """Register a household with its people; a number that looks odd is stored and comes with a warning."""
    household = await households.create(session, actor=actor, vault=vault, new=body)
    response.headers["Location"] = f"/v1/households/{household.id}"
    response.headers["ETag"] = etags.of_version(household.version)
    return household
