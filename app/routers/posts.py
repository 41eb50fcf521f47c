"""Posts, for system administrators: who holds which role where, and from when to when."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import Role
from app.models.staff import Post
from app.schemas.history import ChangeRead
from app.schemas.post import PostCreate, PostEnd, PostRead
from app.schemas.types import PageRead
from app.services.access import post_list, posts
from app.services.platform import record_history

PREFIX = "/v1/posts"
router = APIRouter(
    prefix=PREFIX, tags=["posts"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)


@router.get("", summary="任职列表", operation_id="posts_list")
async def posts_list(
    *,
    session: Session,
    actor: Admin,
    member_id: UUID | None = None,
    role: Role | None = None,
    area_id: UUID | None = None,
    org_id: UUID | None = None,
    current: Annotated[bool | None, Query(description="true 只看在任，false 只看未到任和已卸任")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[PostRead]:
    """Posts, the latest to begin first."""
    filters = {"member_id": member_id, "role": role, "area_id": area_id, "org_id": org_id}
    page = await post_list.page(
        session, actor=actor, filters=filters, current=current, cursor=cursor, limit=limit
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="任命", operation_id="post_create")
async def post_create(session: Session, actor: Admin, response: Response, body: PostCreate) -> PostRead:
    """Give a member a role; 409 when it overlaps the same post or excludes another role."""
    post = await posts.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PREFIX}/{post.id}"
    return _tagged(response, post)


@router.get("/{post_id}", summary="任职详情", operation_id="post_read")
async def post_read(session: Session, actor: Admin, response: Response, post_id: UUID) -> PostRead:
    """One post, past, present or to come."""
    return _tagged(response, await post_list.read(session, actor=actor, post_id=post_id))


@router.get("/{post_id}/history", summary="任职变更记录", operation_id="post_history")
async def post_history(session: Session, actor: Admin, post_id: UUID) -> list[ChangeRead]:
    """Who gave or ended a post and when, the latest first."""
    within = post_list.visible_to(actor)
    return await record_history.changes(session, table=Post, row_id=post_id, within=within)


@router.post("/{post_id}/end", summary="卸任", operation_id="post_end")
async def post_end(
    session: Session,
    actor: Admin,
    response: Response,
    post_id: UUID,
    body: PostEnd,
    if_match: IfMatch = None,
) -> PostRead:
    """End a post; what it opened is closed at that moment, for open sessions too."""
    post = await posts.end(
        session,
        actor=actor,
        post_id=post_id,
        expected_version=etags.expected_version(if_match),
        valid_to=body.valid_to,
    )
    return _tagged(response, post)


@router.delete("/{post_id}", status_code=204, summary="撤回未开始的任职", operation_id="post_remove")
async def post_remove(session: Session, actor: Admin, post_id: UUID, if_match: IfMatch = None) -> None:
    """Take back a post that has not begun; 409 afterwards."""
    expected = etags.expected_version(if_match)
    await posts.remove(session, actor=actor, post_id=post_id, expected_version=expected)


def _tagged(response: Response, post: PostRead) -> PostRead:
    response.headers["ETag"] = etags.of_version(post.version)
    return post
