"""How the tickets of a third party come in, for system administrators: source, categories, status words."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.api import etags
from app.api.actors import Admin
from app.api.etags import IfMatch
from app.api.sessions import Session
from app.schemas.intake import IntakeProfileRead, IntakeProfileWrite
from app.services.exchange.intake import profiles

router = APIRouter(prefix="/v1/clients/{client_id}/intake", tags=["clients"])


@router.get("", summary="接入方上报设置", operation_id="client_intake_read")
async def client_intake_read(
    session: Session, _actor: Admin, response: Response, client_id: UUID
) -> IntakeProfileRead:
    """The source of the client's tickets, and its codes and words; the defaults if never set."""
    return _tagged(response, await profiles.read(session, client_id=client_id))


@router.put("", summary="修改接入方上报设置", operation_id="client_intake_replace")
async def client_intake_replace(
    session: Session,
    actor: Admin,
    response: Response,
    client_id: UUID,
    body: IntakeProfileWrite,
    if_match: IfMatch = None,
) -> IntakeProfileRead:
    """Set all of it; counts for what comes in from now on."""
    profile = await profiles.replace(
        session,
        actor=actor,
        client_id=client_id,
        expected_version=etags.expected_version(if_match),
        new=body,
    )
    return _tagged(response, profile)


def _tagged(response: Response, profile: IntakeProfileRead) -> IntakeProfileRead:
    response.headers["ETag"] = etags.of_version(profile.version)
    return profile
