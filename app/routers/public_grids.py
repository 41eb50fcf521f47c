"""The public directory of grids: what regulations want everybody to know; nobody has to sign in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.public_grid import PublicGrid
from app.schemas.types import Name, PageRead
from app.services.access import public_grids

router = APIRouter(prefix="/v1/public/grids", tags=["public"])
CACHE = "public, max-age=300"


@router.get("", summary="网格公示", operation_id="public_grids_list")
async def public_grids_list(
    *,
    session: Session,
    response: Response,
    under: Annotated[UUID | None, Query(description="该区域及其所有下级")] = None,
    name: Annotated[Name | None, Query(description="网格名称的一部分")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[PublicGrid]:
    """Grids with the names and work phones of who works there, and the phone to complain at."""
    page = await public_grids.page(session, under=under, name=name, cursor=cursor, limit=limit)
    response.headers["Cache-Control"] = CACHE
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)
