"""Contact links: who keeps contact with which household, and how many households somebody does."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import ContactKeeper, RegistryReader
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.contact import ContactLink
from app.schemas.contact import ContactLinkCreate, ContactLinkPatch, ContactLinkRead, CoverageRead
from app.schemas.history import ChangeRead
from app.schemas.types import PageRead
from app.services.registry import contacts, history

PREFIX = "/v1/contact-links"
router = APIRouter(
    prefix=PREFIX, tags=["registry"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="联户列表", operation_id="contact_links_list")
async def contact_links_list(
    *,
    session: Session,
    actor: RegistryReader,
    member_id: UUID | None = None,
    household_id: UUID | None = None,
    ended: Annotated[bool, Query(description="true 只看已解除的")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[ContactLinkRead]:
    """The links of the caller's households, and the caller's own."""
    page = await contacts.page(
        session,
        actor=actor,
        member_id=member_id,
        household_id=household_id,
        ended=ended,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/coverage", summary="联户覆盖率", operation_id="contact_links_coverage")
async def contact_links_coverage(
    session: Session, actor: RegistryReader, area_id: UUID | None = None
) -> CoverageRead:
    """How many households of the caller's scope somebody keeps contact with."""
    return await contacts.coverage(session, actor=actor, area_id=area_id)


@router.post("", status_code=201, summary="建立联户", operation_id="contact_link_create")
async def contact_link_create(
    session: Session, actor: ContactKeeper, response: Response, body: ContactLinkCreate
) -> ContactLinkRead:
    """Link a member and a household from now on; 409 when the quota is reached."""
    link = await contacts.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PREFIX}/{link.id}"
    return _tagged(response, link)


@router.get("/{link_id}", summary="联户详情", operation_id="contact_link_read")
async def contact_link_read(
    session: Session, actor: RegistryReader, response: Response, link_id: UUID
) -> ContactLinkRead:
    """One link, present or past."""
    return _tagged(response, await contacts.detail(session, actor=actor, link_id=link_id))


@router.get("/{link_id}/history", summary="联户变更记录", operation_id="contact_link_history")
async def contact_link_history(session: Session, actor: RegistryReader, link_id: UUID) -> list[ChangeRead]:
    """Who made, changed or ended a link and when, the latest first."""
    within = contacts.visible(actor)
    return await history.changes(session, table=ContactLink, row_id=link_id, within=within)


@router.patch("/{link_id}", summary="修改联户", operation_id="contact_link_change")
async def contact_link_change(
    session: Session,
    actor: ContactKeeper,
    response: Response,
    link_id: UUID,
    body: ContactLinkPatch,
    if_match: IfMatch = None,
) -> ContactLinkRead:
    """Change the rank as which the member keeps contact; 409 when its quota is reached."""
    expected = etags.expected_version(if_match)
    link = await contacts.change(
        session, actor=actor, link_id=link_id, changes=body, expected_version=expected
    )
    return _tagged(response, link)


@router.post("/{link_id}/end", summary="解除联户", operation_id="contact_link_end")
async def contact_link_end(
    session: Session, actor: ContactKeeper, response: Response, link_id: UUID, if_match: IfMatch = None
) -> ContactLinkRead:
    """End a link now; it stays on record."""
    expected = etags.expected_version(if_match)
    return _tagged(
        response, await contacts.end(session, actor=actor, link_id=link_id, expected_version=expected)
    )


def _tagged(response: Response, link: ContactLinkRead) -> ContactLinkRead:
    response.headers["ETag"] = etags.of_version(link.version)
    return link
