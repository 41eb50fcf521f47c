"""Accounts, for system administrators: create, list, change, disable, hand out an initial password."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api import etags
from app.api.actors import Admin
from app.api.etags import IfMatch
from app.api.idempotency import IdempotentRoute, claim_key
from app.api.paging import LIMIT, Cursor, Limit
from app.api.sessions import Session
from app.api.vault import AppVault
from app.models.enums import AccountStatus
from app.schemas.account import AccountCreate, AccountPatch, AccountRead, InitialPassword
from app.schemas.types import PageRead
from app.services.access import accounts

PREFIX = "/v1/accounts"
records = APIRouter(
    prefix=PREFIX, tags=["accounts"], route_class=IdempotentRoute, dependencies=[Depends(claim_key)]
)
secrets = APIRouter(prefix=PREFIX, tags=["accounts"])
router = APIRouter()


@records.get("", summary="账号列表", operation_id="accounts_list")
async def accounts_list(
    session: Session,
    actor: Admin,
    status: AccountStatus | None = None,
    member_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> PageRead[AccountRead]:
    """Accounts by user name."""
    page = await accounts.page(
        session, actor=actor, status=status, member_id=member_id, cursor=cursor, limit=limit
    )
    return PageRead(items=list(page.items), next_cursor=page.next_cursor)


@records.post("", status_code=201, summary="新建账号", operation_id="account_create")
async def account_create(
    session: Session, actor: Admin, vault: AppVault, response: Response, body: AccountCreate
) -> AccountRead:
    """An account for a member, without a usable password: reset it to get an initial one."""
    account = await accounts.create(session, actor=actor, new=body, vault=vault)
    response.headers["Location"] = f"{PREFIX}/{account.id}"
    return _tagged(response, account)


@records.get("/{account_id}", summary="账号详情", operation_id="account_read")
async def account_read(session: Session, actor: Admin, response: Response, account_id: UUID) -> AccountRead:
    """One account."""
    return _tagged(response, await accounts.read(session, actor=actor, account_id=account_id))


@records.patch("/{account_id}", summary="修改账号", operation_id="account_change")
async def account_change(
    session: Session,
    actor: Admin,
    vault: AppVault,
    response: Response,
    account_id: UUID,
    body: AccountPatch,
    if_match: IfMatch = None,
) -> AccountRead:
    """Change user name, bound number or status; disabling ends all sessions at once."""
    account = await accounts.change(
        session,
        actor=actor,
        account_id=account_id,
        expected_version=etags.expected_version(if_match),
        patch=body,
        vault=vault,
    )
    return _tagged(response, account)


@secrets.post("/{account_id}/password", summary="重置密码", operation_id="account_reset_password")
async def account_reset_password(
    session: Session, actor: Admin, response: Response, account_id: UUID
) -> InitialPassword:
    """A new initial password, shown this once, to be changed at the first sign-in; all sessions end."""
    response.headers["Cache-Control"] = "no-store"
    return await accounts.reset_password(session, actor=actor, account_id=account_id)


def _tagged(response: Response, account: AccountRead) -> AccountRead:
    response.headers["ETag"] = etags.of_version(account.version)
    return account


router.include_router(records)
router.include_router(secrets)
