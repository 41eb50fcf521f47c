"""How closely a household is cared for: reading and changing its care level."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import RegistryWriter
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.schemas.visit import CarePatch, CareRead
from app.services.registry import care

router = APIRouter(
    prefix="/v1/households", tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.patch("/{household_id}/care", summary="调整关爱等级", operation_id="household_care_change")
async def household_care_change(
    session: Session,
    actor: RegistryWriter,
    household_id: UUID,
    response: Response,
    body: CarePatch,
    if_match: IfMatch = None,
) -> CareRead:
    """Change the care level; the date of the next visit follows at once."""
    row = await care.change(
        session,
        actor=actor,
        household_id=household_id,
        care_level=body.care_level,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["ETag"] = etags.of_version(row.version)
    return CareRead.model_validate(row)
