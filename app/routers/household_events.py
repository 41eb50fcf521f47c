"""What happens to a household: births, splits, mergers, moves, another head, its end, and its history."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import RegistryReader, RegistryWriter
from app.api.documented import answered
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.api.vault import AppVault
from app.schemas.dwelling import Ending
from app.schemas.household import HouseholdDetail, HouseholdPatch
from app.schemas.life import Birth, HeadChange, HouseholdMove, Merge, Split
from app.schemas.resident import HouseholdHistory, ResidentWritten
from app.services.platform.actor import Actor
from app.services.registry import household_life, households, life, resident_reads

router = APIRouter(
    prefix="/v1/households/{household_id}",
    tags=["registry"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)


@router.get("/history", summary="住户变动记录", operation_id="household_history")
async def household_history(session: Session, actor: RegistryReader, household_id: UUID) -> HouseholdHistory:
    """Where a household was and who belonged to it, the latest first, and who wrote what."""
    return await resident_reads.household_life(session, actor=actor, household_id=household_id)


@router.patch("", summary="更正住户信息", operation_id="household_change")
async def household_change(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    household_id: UUID,
    body: HouseholdPatch,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdDetail:
    """Correct what is written of a household."""
    expected = etags.expected_version(if_match)
    await household_life.change(
        session, actor=actor, household_id=household_id, changes=body, expected_version=expected
    )
    return await _shown(session, actor, vault, household_id, response)


@router.post(
    "/births",
    status_code=201,
    summary="新生儿登记",
    operation_id="household_birth",
    responses={201: answered({"Location": "新登记的居民的地址"})},
)
async def household_birth(
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    household_id: UUID,
    body: Birth,
    response: Response,
) -> ResidentWritten:
    """Register a child born into a household, with or without a number."""
    resident_id, warnings = await life.birth(
        session, actor=actor, vault=vault, household_id=household_id, new=body
    )
    response.headers["Location"] = f"/v1/residents/{resident_id}"
    found = await resident_reads.detail(session, actor=actor, vault=vault, resident_id=resident_id)
    response.headers["ETag"] = etags.of_version(found.version)
    return ResidentWritten(**found.model_dump(), warnings=warnings)


@router.post(
    "/split",
    status_code=201,
    summary="分户",
    operation_id="household_split",
    responses={201: answered({"Location": "新户的地址"})},
)
async def household_split(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    household_id: UUID,
    body: Split,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdDetail:
    """Some members become a household of their own; the answer is the new household."""
    new_id = await household_life.split(
        session,
        actor=actor,
        household_id=household_id,
        body=body,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["Location"] = f"/v1/households/{new_id}"
    return await _shown(session, actor, vault, new_id, response)


@router.post("/merge", summary="并户", operation_id="household_merge")
async def household_merge(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    household_id: UUID,
    body: Merge,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdDetail:
    """Take another household in with everybody, and end it."""
    expected = etags.expected_version(if_match)
    await household_life.merge(
        session, actor=actor, household_id=household_id, body=body, expected_version=expected
    )
    return await _shown(session, actor, vault, household_id, response)


@router.post("/move", summary="整户搬迁", operation_id="household_move")
async def household_move(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    household_id: UUID,
    body: HouseholdMove,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdDetail:
    """Move a household as a whole, with whoever lives with it."""
    expected = etags.expected_version(if_match)
    await household_life.move(
        session, actor=actor, household_id=household_id, body=body, expected_version=expected
    )
    return await _shown(session, actor, vault, household_id, response)


@router.post("/head", summary="变更户主", operation_id="household_head")
async def household_head(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    household_id: UUID,
    body: HeadChange,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdDetail:
    """Name another head, and what the others are to them."""
    expected = etags.expected_version(if_match)
    await household_life.name_head(
        session, actor=actor, household_id=household_id, body=body, expected_version=expected
    )
    return await _shown(session, actor, vault, household_id, response)


@router.post("/end", summary="销户", operation_id="household_end")
async def household_end(
    *,
    session: Session,
    actor: RegistryWriter,
    vault: AppVault,
    household_id: UUID,
    body: Ending,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdDetail:
    """Take a household without people out of the registry."""
    expected = etags.expected_version(if_match)
    await household_life.end(
        session, actor=actor, household_id=household_id, ending=body, expected_version=expected
    )
    return await _shown(session, actor, vault, household_id, response)


async def _shown(
    session: Session, actor: Actor, vault: AppVault, household_id: UUID, response: Response
) -> HouseholdDetail:
    household = await households.detail(session, actor=actor, vault=vault, household_id=household_id)
    response.headers["ETag"] = etags.of_version(household.version)
    return household
