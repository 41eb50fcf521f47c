"""Screens: read-only tokens that open the figures of one area or organisation on a wall."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.api.actors import ScreenKeeper
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.screen import ScreenCreate, ScreenTokenRead, ScreenTokenShown
from app.schemas.types import PageRead
from app.services.access import screens

router = APIRouter(prefix="/v1/screens", tags=["stats"])


@router.get("", summary="大屏列表", operation_id="screens_list")
async def screens_list(
    session: Session, actor: ScreenKeeper, cursor: Cursor = None, limit: Limit = LIMIT
) -> PageRead[ScreenTokenRead]:
    """The screens within the caller's reach, with when they were last used, and revoked ones too."""
    page = await screens.page(session, actor=actor, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="新建大屏令牌", operation_id="screen_create")
async def screen_create(
    session: Session, actor: ScreenKeeper, response: Response, body: ScreenCreate
) -> ScreenTokenShown:
    """A token that reads figures of one area or organisation, and nothing else; shown this once."""
    response.headers["Cache-Control"] = "no-store"
    return await screens.create(session, actor=actor, new=body)


@router.delete("/{screen_id}", status_code=204, summary="吊销大屏令牌", operation_id="screen_revoke")
async def screen_revoke(session: Session, actor: ScreenKeeper, screen_id: UUID) -> None:
    """Stop a screen for good, at once; a second time changes nothing."""
    await screens.revoke(session, actor=actor, screen_id=screen_id)
