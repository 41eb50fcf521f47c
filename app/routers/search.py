"""Search in the registry: a POST that writes nothing, because such terms never stand in a URL or a log."""

from fastapi import APIRouter, Response

from app.api.actors import RegistryReader
from app.api.sessions import Session
from app.api.vault import AppVault
from app.schemas.search import Found, Search
from app.schemas.types import PageRead
from app.services.registry import search

router = APIRouter(prefix="/v1/search", tags=["registry"])


@router.post("", summary="查找居民、住户、房屋、楼栋和场所", operation_id="search")
async def search_all(
    session: Session, actor: RegistryReader, vault: AppVault, body: Search, response: Response
) -> PageRead[Found]:
    """What a name, its initials, the end of a number, a door or part of an address finds in scope."""
    page = await search.page(
        session,
        actor=actor,
        vault=vault,
        term=body.term,
        kinds=body.kinds,
        cursor=body.cursor,
        limit=body.limit,
    )
    response.headers["Cache-Control"] = "no-store"
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)
