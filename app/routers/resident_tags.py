"""Tags of a resident: all of them, giving one, taking one away."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import RegistryReader, RegistryWriter
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.sessions import Session
from app.schemas.care import OnDay, TagCreate, TagRead
from app.services.registry import tags

router = APIRouter(
    prefix="/v1/residents/{resident_id}/tags",
    tags=["registry"],
    route_class=IdempotentRoute,
    dependencies=[Depends(claim_key)],
)


@router.get("", summary="居民标签", operation_id="resident_tags")
async def resident_tags(session: Session, actor: RegistryReader, resident_id: UUID) -> list[TagRead]:
    """All tags of a person that the caller may know, those that count now first."""
    return await tags.of(session, actor=actor, resident_id=resident_id)


@router.post("", status_code=201, summary="添加标签", operation_id="resident_tag_give")
async def resident_tag_give(
    session: Session, actor: RegistryWriter, resident_id: UUID, body: TagCreate, response: Response
) -> TagRead:
    """Tag a person from a day on."""
    tag = await tags.give(session, actor=actor, resident_id=resident_id, new=body)
    response.headers["ETag"] = etags.of_version(tag.version)
    return tag


@router.post("/{tag_id}/end", summary="取消标签", operation_id="resident_tag_take")
async def resident_tag_take(
    *,
    session: Session,
    actor: RegistryWriter,
    resident_id: UUID,
    tag_id: UUID,
    body: OnDay,
    response: Response,
    if_match: IfMatch = None,
) -> TagRead:
    """Take a tag away from a day on."""
    tag = await tags.take(
        session,
        actor=actor,
        resident_id=resident_id,
        tag_id=tag_id,
        body=body,
        expected_version=etags.expected_version(if_match),
    )
    response.headers["ETag"] = etags.of_version(tag.version)
    return tag
