"""Members of the grid teams and organisations: lists, one with posts, and their administration."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin, StaffReader
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums import Employment
from app.schemas.folding import Label
from app.schemas.member import MemberCreate, MemberDetail, MemberEnd, MemberHistory, MemberPatch, MemberRead
from app.schemas.types import PageRead
from app.services.registry import contact_ends
from app.services.staff import member_changes, members

router = APIRouter(
    prefix="/v1/members", tags=["staff"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="人员列表", operation_id="members_list")
async def members_list(
    *,
    session: Session,
    actor: StaffReader,
    vault: AppVault,
    area_id: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    org_id: UUID | None = None,
    employment: Employment | None = None,
    q: Annotated[Label | None, Query(description="姓名中的文字")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[MemberRead]:
    """The members that the caller may see and who have not left; own phones are masked."""
    page = await members.page(
        session,
        actor=actor,
        vault=vault,
        area_id=area_id,
        org_id=org_id,
        employment=employment,
        name_part=q,
        cursor=cursor,
        limit=limit,
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{member_id}", summary="人员详情", operation_id="member_read")
async def member_read(
    session: Session, actor: StaffReader, vault: AppVault, member_id: UUID, response: Response
) -> MemberDetail:
    """One member with the posts held now or later."""
    member = await members.detail(session, actor=actor, vault=vault, member_id=member_id)
    return _with_etag(member, response)


@router.get("/{member_id}/history", summary="人员任职和变更记录", operation_id="member_history")
async def member_history(session: Session, actor: StaffReader, member_id: UUID) -> MemberHistory:
    """The posts that a member held, and who wrote what of the member and when, the latest first."""
    return await members.past(session, actor=actor, member_id=member_id)


@router.post("", status_code=201, summary="新增人员", operation_id="member_create")
async def member_create(
    session: Session, actor: Admin, vault: AppVault, body: MemberCreate, response: Response
) -> MemberDetail:
    """Add a member; posts and an account are given by calls of their own."""
    member = await member_changes.create(session, actor=actor, vault=vault, new=body)
    response.headers["Location"] = f"/v1/members/{member.id}"
    return _with_etag(member, response)


@router.patch("/{member_id}", summary="修改人员", operation_id="member_change")
async def member_change(
    session: Session,
    actor: Admin,
    vault: AppVault,
    member_id: UUID,
    body: MemberPatch,
    response: Response,
    if_match: IfMatch = None,
) -> MemberDetail:
    """Change a member."""
    member = await member_changes.change(
        session,
        actor=actor,
        vault=vault,
        member_id=member_id,
        changes=body,
        expected_version=etags.expected_version(if_match),
    )
    return _with_etag(member, response)


@router.post("/{member_id}/end", summary="人员离任", operation_id="member_end")
async def member_end(
    session: Session,
    actor: Admin,
    vault: AppVault,
    member_id: UUID,
    body: MemberEnd,
    response: Response,
    if_match: IfMatch = None,
) -> MemberDetail:
    """Let a member leave, now or at a later moment; posts, teams and contact links end with it."""
    member = await contact_ends.leave(
        session,
        actor=actor,
        vault=vault,
        member_id=member_id,
        ended_at=body.ended_at,
        expected_version=etags.expected_version(if_match),
    )
    return _with_etag(member, response)


def _with_etag(member: MemberDetail, response: Response) -> MemberDetail:
    response.headers["ETag"] = etags.of_version(member.version)
    return member
