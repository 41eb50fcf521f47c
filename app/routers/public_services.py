"""The services that are open to the public, for whoever administers the deployment."""

from fastapi import APIRouter, Response

from app.api import etags
from app.api.actors import Admin
from app.api.documented import refusals
from app.api.etags import IfMatch
from app.api.sessions import Session
from app.core.errors import Stale
from app.schemas.public_service import PublicServiceList, PublicServiceRead, PublicServiceWrite
from app.services.exchange.public import service_admin
from app.services.exchange.public.services import UnknownService

router = APIRouter(prefix="/v1/public-services", tags=["public"])


@router.get("", summary="对公众开放的类别", operation_id="public_services_list")
async def public_services_list(session: Session, _actor: Admin) -> PublicServiceList:
    """All of them with what is asked there, closed ones too."""
    return await service_admin.listed(session)


@router.put(
    "/{category_code}",
    summary="设定对公众开放的类别",
    operation_id="public_service_write",
    responses=refusals(UnknownService, Stale),
)
async def public_service_write(
    session: Session,
    actor: Admin,
    response: Response,
    category_code: str,
    body: PublicServiceWrite,
    if_match: IfMatch = None,
) -> PublicServiceRead:
    """Open or close a category to the public, and say what is asked there."""
    written = await service_admin.write(
        session,
        actor=actor,
        code=category_code,
        new=body,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["ETag"] = etags.of_version(written.version)
    return written
