"""How a client's tokens are used: its own page by its token, figures and single calls for those in charge."""

from uuid import UUID

from fastapi import APIRouter, Request

from app.api import ratelimit
from app.api.actors import Admin, RetentionReader, ThirdParty
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.schemas.client_use import AllowanceRead, ApiCallRead, ClientSelf, ClientUse
from app.schemas.types import PageRead
from app.services.access import use_figures
from app.services.exchange import own_page

of_clients = APIRouter(prefix="/v1/clients", tags=["clients"])
single = APIRouter(tags=["clients"])
router = APIRouter()


@of_clients.get("/self", summary="接入方自己的情况", operation_id="client_self")
async def client_self(request: Request, session: Session, actor: ThirdParty) -> ClientSelf:
    """By a token: whose it is, what it may, what is left of its allowances, calls and errors, deliveries."""
    left = [
        AllowanceRead(
            name=name,
            limit=told.limit,
            window_s=int(told.window.total_seconds()),
            remaining=told.remaining,
            reset_s=told.reset,
        )
        for name, told in ratelimit.noted(request.scope).items()
    ]
    return await own_page.read(session, actor=actor, allowances=left)


@of_clients.get("/{client_id}/use", summary="接入方调用统计", operation_id="client_use")
async def client_use(session: Session, _actor: Admin, client_id: UUID) -> ClientUse:
    """Calls, errors and refusals of the last thirty days, by day and by operation."""
    return await use_figures.of_client(session, client_id=client_id)


@single.get("/v1/client-calls", summary="接入方调用记录", operation_id="client_calls")
async def client_calls(
    session: Session,
    _actor: RetentionReader,
    client_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[ApiCallRead]:
    """Writes, and looks at what may tell of somebody, one by one, the newest first; kept for 180 days."""
    page = await use_figures.calls(session, client_id=client_id, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


router.include_router(of_clients)
router.include_router(single)
