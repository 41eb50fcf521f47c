"""API clients and their tokens, for system administrators; a token's secret is in one answer only."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api import etags
from app.api.actors import Admin
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.models.enums import AccountStatus
from app.schemas.api_client import (
    ApiTokenFound,
    ApiTokenList,
    ApiTokenShown,
    ClientCreate,
    ClientPatch,
    ClientRead,
    SecretReplace,
    TokenCreate,
)
from app.schemas.types import PageRead
from app.services.access import api_clients, api_tokens

PREFIX = "/v1/clients"
found = APIRouter(tags=["clients"])
records = APIRouter(
    prefix=PREFIX, tags=["clients"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)
secrets = APIRouter(prefix=PREFIX, tags=["clients"])
router = APIRouter()


@records.get("", summary="接入方列表", operation_id="clients_list")
async def clients_list(
    session: Session,
    _actor: Admin,
    status: AccountStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[ClientRead]:
    """The third parties that integrate by token, by name."""
    page = await api_clients.page(session, status=status, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@records.post("", status_code=201, summary="新建接入方", operation_id="client_create")
async def client_create(session: Session, actor: Admin, response: Response, body: ClientCreate) -> ClientRead:
    """A third party: who, what for, whom to ask."""
    client = await api_clients.create(session, actor=actor, new=body)
    response.headers["Location"] = f"{PREFIX}/{client.id}"
    return _tagged(response, client)


@records.get("/{client_id}", summary="接入方详情", operation_id="client_read")
async def client_read(session: Session, _actor: Admin, response: Response, client_id: UUID) -> ClientRead:
    """One third party."""
    return _tagged(response, await api_clients.read(session, client_id=client_id))


@records.patch("/{client_id}", summary="修改接入方", operation_id="client_change")
async def client_change(
    session: Session,
    actor: Admin,
    response: Response,
    client_id: UUID,
    body: ClientPatch,
    if_match: IfMatch = None,
) -> ClientRead:
    """Change a third party; `disabled` stops all its tokens at once, `active` lets them work again."""
    client = await api_clients.change(
        session,
        actor=actor,
        client_id=client_id,
        expected_version=etags.expected_version(if_match),
        patch=body,
    )
    return _tagged(response, client)


@records.get("/{client_id}/tokens", summary="接口令牌列表", operation_id="client_tokens_list")
async def client_tokens_list(session: Session, _actor: Admin, client_id: UUID) -> ApiTokenList:
    """A third party's tokens, newest first, revoked and expired ones included."""
    return ApiTokenList(items=await api_tokens.of_client(session, client_id=client_id))


@found.get("/v1/client-tokens", summary="按前缀查找接口令牌", operation_id="tokens_found")
async def tokens_found(
    session: Session,
    _actor: Admin,
    key: Annotated[
        str | None,
        Query(
            pattern=r"^(wg_)?[0-9a-z]{1,16}$",
            description="令牌中小数点之前的部分或其开头；勿填小数点后的密钥",
        ),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[ApiTokenFound]:
    """Whose token it is that begins like this, found somewhere where it should not be; of all clients."""
    prefix = key.removeprefix("wg_") if key else None
    page = await api_tokens.page(session, key=prefix, cursor=cursor, limit=limit)
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@secrets.post(
    "/{client_id}/tokens", status_code=201, summary="签发接口令牌", operation_id="client_token_create"
)
async def client_token_create(
    session: Session, actor: Admin, response: Response, client_id: UUID, body: TokenCreate
) -> ApiTokenShown:
    """A token for some scopes in one area, for at most a year; shown this once."""
    response.headers["Cache-Control"] = "no-store"
    return await api_tokens.create(session, actor=actor, client_id=client_id, new=body)


@secrets.post(
    "/{client_id}/tokens/{token_id}/secret", summary="更换接口令牌的密钥", operation_id="client_token_rotate"
)
async def client_token_rotate(
    session: Session,
    actor: Admin,
    response: Response,
    client_id: UUID,
    token_id: UUID,
    body: SecretReplace,
) -> ApiTokenShown:
    """A new secret under the same key, shown this once; the former one works until the overlap ends."""
    response.headers["Cache-Control"] = "no-store"
    overlap = timedelta(hours=body.overlap_hours)
    return await api_tokens.rotate(
        session, actor=actor, client_id=client_id, token_id=token_id, overlap=overlap
    )


@records.delete(
    "/{client_id}/tokens/{token_id}",
    status_code=204,
    summary="吊销接口令牌",
    operation_id="client_token_revoke",
)
async def client_token_revoke(session: Session, actor: Admin, client_id: UUID, token_id: UUID) -> None:
    """Stop a token for good, at once; a second time changes nothing."""
    await api_tokens.revoke(session, actor=actor, client_id=client_id, token_id=token_id)


def _tagged(response: Response, client: ClientRead) -> ClientRead:
    response.headers["ETag"] = etags.of_version(client.version)
    return client


router.include_router(found)
router.include_router(records)
router.include_router(secrets)
